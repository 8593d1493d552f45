//! Secrets never leave through a log line or an error text.

use std::{
    collections::VecDeque,
    fmt,
    sync::{LazyLock, PoisonError, RwLock},
};

use regex::{Regex, RegexSet};

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

/// The same between what a pattern of [`SECRETS`] keeps before and after a secret.
const REDACTED_BETWEEN: &str = "${1}[redacted]${2}";

/// What secrets look like in the texts that Codex, its providers and careless callers print: keys by the beginnings that
/// their makers give them, this gateway's own tokens, JSON Web Tokens, bearer and basic credentials, named fields,
/// passwords within URLs, private keys. Blanks and slashes may be encoded as a URL has them.
const SECRETS: [&str; 9] = [
    r"(?s)()-----BEGIN(?:[A-Z ]|%20)*PRIVATE(?: |%20)KEY-----.*?(?:-----END(?:[A-Z ]|%20)*PRIVATE(?: |%20)KEY-----|$)()",
    r"()(?-u:\b)sk-[A-Za-z0-9_\-]{4,}()",
    r"()(?-u:\b)codex-gateway-local-[A-Za-z0-9_\-]+()",
    r"()(?-u:\b)eyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]*)?()",
    r"()(?-u:\b)(?:gh[a-z]_|github_pat_|glpat-|hf_|AIza|xox[a-z]-)[A-Za-z0-9_\-]{16,}()",
    r"()(?-u:\b)A[A-Z]{2}A[A-Z0-9]{16}(?-u:\b)()",
    r"(?i)((?-u:\b)(?:bearer|basic)(?:\s|%20)+)[A-Za-z0-9._~+/\-]+=*()",
    // The value begins with no bracket, so that what was redacted once is left alone.
    r#"(?i)((?:access|refresh|id|auth|session|api|bearer)?[_-]?(?:token|api[_-]?key|apikey|access[_-]?key|secret|password|authorization|cookie)\\?["']?\s*[=:]\s*\\?["']?)[^\s"'\\,;&}\[\]][^\s"'\\,;&}\]]*()"#,
    r"(?i)([a-z][a-z0-9+.\-]*:(?:/|%2F){2})[^/\s@]+(@)",
];

/// All of [`SECRETS`] at once: nearly every text has none of them, which one look shows.
static ANY_SECRET: LazyLock<Option<RegexSet>> = LazyLock::new(|| RegexSet::new(SECRETS).ok());

/// Each of [`SECRETS`], to replace what it finds.
static EACH_SECRET: LazyLock<Vec<Regex>> =
    LazyLock::new(|| SECRETS.iter().filter_map(|pattern| Regex::new(pattern).ok()).collect());

/// Secrets of this process, which need not look like any.
static KNOWN: RwLock<VecDeque<Secret>> = RwLock::new(VecDeque::new());

/// A shorter one stands in many a text by chance.
const UNMISTAKABLE: usize = 8;

/// How many secrets of its own a process may come to have.
const REMEMBERED: usize = 32;

/// From now on, [`redact`] replaces this secret wherever it stands. Those of fewer than 8 bytes are not looked for.
pub fn remember(secret: &Secret) {
    if secret.expose().len() < UNMISTAKABLE {
        return;
    }
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if !known.contains(secret) {
        if known.len() == REMEMBERED {
            known.pop_front();
        }
        known.push_back(secret.clone());
    }
}

/// `text` with everything that looks like a secret, or is a known one, replaced by `[redacted]`.
pub fn redact(text: &str) -> String {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let text = known.iter().fold(text.to_owned(), |text, secret| match text.contains(secret.expose()) {
        true => text.replace(secret.expose(), REDACTED),
        false => text,
    });
    if ANY_SECRET.as_ref().is_some_and(|any| !any.is_match(&text)) {
        return text;
    }
    EACH_SECRET.iter().fold(text, |text, pattern| match pattern.replace_all(&text, REDACTED_BETWEEN) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(redacted) => redacted,
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
            ("aws_secret_access_key=ab/cd+ef x", "aws_secret_access_key=[redacted] x"),
            ("id AKIA0123456789ABCDEF.", "id [redacted]."),
            ("ghp_0123456789abcdefABCDEF", "[redacted]"),
            ("github_pat_11ABC_0123456789abcdef", "[redacted]"),
            ("/v1/Bearer%20abcdef", "/v1/Bearer%20[redacted]"),
            ("a -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- b", "a [redacted] b"),
            ("-----BEGIN PRIVATE KEY-----\nabc", "[redacted]"),
        ] {
            assert_eq!(redact(text), redacted);
            assert_eq!(redact(redacted), redacted, "what was redacted is left alone");
        }
    }

    #[test]
    fn a_known_secret_is_replaced_whatever_it_looks_like() {
        assert_eq!(redact("<correct horse battery>"), "<correct horse battery>");
        remember(&Secret::new("correct horse battery"));
        remember(&Secret::new("short"));
        assert_eq!(redact("<correct horse battery>short"), "<[redacted]>short");
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in [
            "unexpected status 503 Service Unavailable: url: http://127.0.0.1:42415/v1/responses",
            "11 input tokens, 7 output tokens",
            "task-based risk-free",
            "the access key is missing; max_completion_tokens: 5",
            "context_length_exceeded",
        ] {
            assert_eq!(redact(text), text);
        }
    }

    #[test]
    fn every_pattern_compiles() {
        assert!(ANY_SECRET.is_some());
        assert_eq!(EACH_SECRET.len(), SECRETS.len());
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("s3cr3t")), "Secret([redacted])");
    }
}
