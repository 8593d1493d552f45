//! Settings that are one of a few words.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Unexpected, Visitor},
};

use super::wanted::Wanted;

/// What becomes of parameters that can't be honoured and do no harm when left out, such as `temperature`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unsupported {
    /// The request is refused.
    #[default]
    Refuse,
    /// They are left out, and the answer and the log say so.
    Ignore,
}

/// Which `CODEX_HOME` Codex gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CodexHome {
    /// The person's own, with their sign-in.
    #[default]
    Shared,
    /// One of the gateway's, with a sign-in of its own and nothing of the person's configuration.
    Own,
}

impl CodexHome {
    /// The command that signs in to it, for people to type.
    pub fn login_command(self) -> &'static str {
        match self {
            Self::Shared => "codex login",
            Self::Own => "codex-gateway login",
        }
    }
}

/// Where the local token is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenPlace {
    /// The configuration file.
    File,
    /// The keyring of the operating system, which this crate knows nothing else of.
    Keyring,
}

/// Where responses are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
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

/// The choices of a setting by their names, for environment variables and the configuration file.
macro_rules! named {
    ($type:ident { $first:literal => $is:ident $(, $name:literal => $variant:ident)*; or $last:literal => $else:ident }) => {
        impl Wanted for $type {
            const WANTED: &'static str = concat!("`", $first, "`" $(, ", `", $name, "`")*, " or `", $last, "`");
        }

        impl FromStr for $type {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                match text {
                    $first => Ok(Self::$is),
                    $($name => Ok(Self::$variant),)*
                    $last => Ok(Self::$else),
                    _ => Err(UnknownName),
                }
            }
        }

        // By hand, because serde takes anything but a text for a mistake of JSON's, and does not say what belongs there.
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Name;

                impl Visitor<'_> for Name {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($type::WANTED)
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(|UnknownName| E::invalid_value(Unexpected::Str(text), &self))
                    }
                }

                deserializer.deserialize_str(Name)
            }
        }
    };
}

/// A name that no choice of the setting has.
#[derive(Debug)]
pub struct UnknownName;

named!(Unsupported { "refuse" => Refuse; or "ignore" => Ignore });
named!(CodexHome { "shared" => Shared; or "own" => Own });
named!(TokenPlace { "file" => File; or "keyring" => Keyring });
named!(ResponseHistory { "off" => Off, "memory" => Memory; or "disk" => Disk });
