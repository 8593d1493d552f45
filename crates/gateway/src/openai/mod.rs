//! OpenAI's contract: what requests may say, and how answers and errors look.

pub(crate) mod chat;
pub(crate) mod error;
pub(crate) mod models;
pub(crate) mod policy;
mod value;

/// A new id in OpenAI's form: a prefix and 32 random characters.
pub(crate) fn new_id(prefix: &str) -> String {
    format!("{prefix}{}", uuid::Uuid::new_v4().simple())
}

/// Seconds since 1970, as OpenAI's `created` wants them.
pub(crate) fn now() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}
