//! Web pages that may use the gateway, by their origins.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Unexpected, Visitor},
};

/// An origin exactly as a browser writes it into the header `Origin`: `https://example.org`, `http://localhost:3000`,
/// `app://obsidian.md`. It never is `*` or `null`, which every page can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Origin(String);

/// Origins as an environment variable lists them: with commas between.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Origins(pub(super) Vec<Origin>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an origin: it takes the exact value that the browser sends, such as `https://example.org` or \
     `http://localhost:3000`, in lower case, without a path and without `*`"
)]
pub struct OriginError(String);

impl Origin {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let scheme = |scheme: &str| {
            scheme.starts_with(|first: char| first.is_ascii_lowercase())
                && scheme.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.'))
        };
        let authority = |authority: &str| {
            !authority.is_empty()
                && authority.bytes().all(|byte| {
                    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b':' | b'[' | b']')
                })
        };
        match text.split_once("://") {
            Some((before, after)) if scheme(before) && authority(after) => Ok(Self(text.to_owned())),
            _ => Err(OriginError(text.to_owned())),
        }
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Exact;

        impl Visitor<'_> for Exact {
            type Value = Origin;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "an exact origin, such as `https://example.org` or `http://localhost:3000`, in lower case, without \
                     a path and without `*`",
                )
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Origin, E> {
                text.parse().map_err(|OriginError(_)| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Exact)
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

impl FromStr for Origins {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let origins = text.split(',').map(str::trim).filter(|origin| !origin.is_empty()).map(str::parse);
        origins.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for origin in [
            "https://example.org",
            "http://localhost:3000",
            "http://[::1]:3000",
            "app://obsidian.md",
            "tauri://localhost",
        ] {
            assert_eq!(origin.parse::<Origin>().unwrap().as_str(), origin);
        }
        for wrong in [
            "",
            "*",
            "null",
            "example.org",
            "https://",
            "https://*",
            "https://*.example.org",
            "https://example.org/",
            "https://example.org/path",
            "HTTPS://example.org",
            "https://Example.org",
            "https://a b",
            "https://me@host",
            "file://",
            "://host",
        ] {
            let error = wrong.parse::<Origin>().unwrap_err().to_string();
            assert!(error.contains("http://localhost:3000"), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_list_has_commas() {
        let Origins(origins) = " https://a.example, http://localhost:3000,".parse().unwrap();
        assert_eq!(
            origins.iter().map(Origin::as_str).collect::<Vec<_>>(),
            ["https://a.example", "http://localhost:3000"]
        );
        assert_eq!("".parse(), Ok(Origins::default()));
        assert!("https://a.example,*".parse::<Origins>().is_err());
    }
}
