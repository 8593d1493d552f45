//! Settings that are one of a few words.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What becomes of parameters that can't be honoured and do no harm when left out, such as `temperature`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unsupported {
    /// The request is refused.
    #[default]
    Refuse,
    /// They are left out, and the answer and the log say so.
    Ignore,
}

/// Which `CODEX_HOME` Codex gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodexHome {
    /// The person's own, with their sign-in.
    #[default]
    Shared,
    /// One of the gateway's, with a sign-in of its own and nothing of the person's configuration.
    Own,
}

/// Where the local token is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenPlace {
    /// The configuration file.
    File,
    /// The keyring of the operating system, which this crate knows nothing else of.
    Keyring,
}

/// Where responses are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum ResponseHistory {
    /// Nowhere.
    Off,
    /// In memory, as long as the gateway runs.
    #[default]
    Memory,
    /// On the disk, encrypted.
    Disk,
}

/// The choices of a setting by their names, for environment variables.
macro_rules! named {
    ($type:ident { $($name:literal => $variant:ident),* }) => {
        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($name => Ok(Self::$variant),)*
                    _ => Err(format!("`{text}` is not one of {}", [$(concat!("`", $name, "`")),*].join(" and "))),
                }
            }
        }
    };
}

named!(Unsupported { "refuse" => Refuse, "ignore" => Ignore });
named!(CodexHome { "shared" => Shared, "own" => Own });
named!(ResponseHistory { "off" => Off, "memory" => Memory, "disk" => Disk });
