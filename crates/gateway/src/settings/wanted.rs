//! What a setting may be, in the words of every message that asks for another value.

use std::path::PathBuf;

use super::origins::Origins;

/// A kind of value that a setting can have.
pub(super) trait Wanted {
    /// What it has to be, as it goes on after "must be".
    const WANTED: &'static str;
}

macro_rules! wanted {
    ($($type:ty => $words:literal),* $(,)?) => {
        $(impl Wanted for $type {
            const WANTED: &'static str = $words;
        })*
    };
}

wanted! {
    u16 => "a whole number from 0 to 65535",
    u32 => "a whole number from 0 to 4294967295",
    u64 => "a whole number, 0 or more",
    usize => "a whole number, 0 or more",
    bool => "`true` or `false`",
    String => "a text",
    PathBuf => "a path",
    Origins => "a list of exact origins with commas between them, such as `https://example.org,http://localhost:3000`, \
                in lower case, without a path and without `*`",
}

/// The same for what serde expected, which it says in words of Rust.
pub(super) fn in_words(expected: &str) -> &str {
    match expected {
        "u16" => u16::WANTED,
        "u32" => u32::WANTED,
        "u64" => u64::WANTED,
        "usize" => usize::WANTED,
        "a boolean" => bool::WANTED,
        "a string" => "a text in double quotes",
        "path string" => "a path in double quotes",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}
