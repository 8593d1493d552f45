//! Secrets never leave through a log line or an error text.

use std::{fmt, sync::LazyLock};

use regex::Regex;

/// A secret string: it can be used, and neither printed nor logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself. Every use is a place to look at when secrets are audited.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

const REDACTED: &str = "[redacted]";

/// What secrets look like in the texts that Codex and its providers print: API keys, this gateway's own tokens, JSON
/// Web Tokens, bearer and basic credentials, named token fields, and passwords within URLs.
static SECRETS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"()\bsk-[A-Za-z0-9_\-]{4,}()",
        r"()\bcodex-gateway-local-[A-Za-z0-9_\-]+()",
        r"()\beyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]*)?()",
        r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/\-]+=*()",
        r#"(?i)((?:access|refresh|id|auth|session|api|bearer)?[_-]?(?:token|api[_-]?key|apikey|secret|password|authorization|cookie)\\?["']?\s*[=:]\s*\\?["']?)[^\s"'\\,;&}\]]+()"#,
        r"([a-zA-Z][a-zA-Z0-9+.\-]*://)[^/\s@]+(@)",
    ]
    .into_iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// `text` with everything that looks like a secret replaced by `[redacted]`.
pub fn redact(text: &str) -> String {
    SECRETS.iter().fold(text.to_owned(), |text, pattern| {
        match pattern.replace_all(&text, format!("${{1}}{REDACTED}${{2}}")) {
            std::borrow::Cow::Borrowed(_) => text,
            std::borrow::Cow::Owned(redacted) => redacted,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_secret_is_replaced_and_its_surroundings_are_kept() {
        for (text, redacted) in [
            ("key sk-proj-abc_DEF-123 refused", "key [redacted] refused"),
            ("token codex-gateway-local-Zm9v_-x!", "token [redacted]!"),
            ("jwt eyJhbGciOi.eyJzdWIiOi.c2ln end", "jwt [redacted] end"),
            ("Authorization: Bearer abc.def-ghi", "Authorization: [redacted] [redacted]"),
            (r#"{"access_token":"s3cr3t","n":1}"#, r#"{"access_token":"[redacted]","n":1}"#),
            (r#"{\"refresh_token\":\"s3cr3t\"}"#, r#"{\"refresh_token\":\"[redacted]\"}"#),
            ("?api_key=s3cr3t&x=1", "?api_key=[redacted]&x=1"),
            ("at https://me:s3cr3t@host/p", "at https://[redacted]@host/p"),
            ("password = hunter2, user", "password = [redacted], user"),
        ] {
            assert_eq!(redact(text), redacted);
        }
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in [
            "unexpected status 503 Service Unavailable: url: http://127.0.0.1:42415/v1/responses",
            "11 input tokens, 7 output tokens",
            "task-based risk-free",
            "context_length_exceeded",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(SECRETS.len(), 6);
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("s3cr3t")), "Secret([redacted])");
    }
}
