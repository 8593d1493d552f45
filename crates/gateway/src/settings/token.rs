//! The local token: what programs send as their API key.

use app_server::Secret;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

const PREFIX: &str = "codex-gateway-local-";

/// The token that opens the gateway. It is compared in constant time and never printed by `Debug`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(Secret);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("is empty: remove it to have one generated, or set a value")]
    Empty,
    #[error(
        "looks like an OpenAI API key: use a local gateway token instead, such as `codex-gateway init` generates"
    )]
    ApiKey,
    #[error(
        "has characters that an HTTP header can't carry: use letters, digits and punctuation without spaces"
    )]
    Characters,
}

impl Token {
    /// A new random token of 256 bits.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))))
    }

    /// Takes a token that a person chose. API keys are refused, since this token is written to configuration files and
    /// pasted into notebooks.
    pub fn parse(value: &str) -> Result<Self, TokenError> {
        if value.is_empty() {
            return Err(TokenError::Empty);
        }
        if value.starts_with("sk-") {
            return Err(TokenError::ApiKey);
        }
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Characters);
        }
        Ok(Self(Secret::new(value)))
    }

    /// Whether a caller presented this token, in a time that does not depend on where they differ.
    pub fn matches(&self, presented: &[u8]) -> bool {
        self.0.expose().as_bytes().ct_eq(presented).into()
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    pub(crate) fn secret(&self) -> Secret {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_tokens_are_long_valid_and_different() {
        let (one, two) = (Token::generate().unwrap(), Token::generate().unwrap());
        assert_ne!(one, two);
        assert_eq!(Token::parse(one.expose()).unwrap(), one);
        assert_eq!(one.expose().len(), PREFIX.len() + 43);
    }

    #[test]
    fn only_the_same_token_matches() {
        let token = Token::parse("codex-gateway-local-a").unwrap();
        assert!(token.matches(b"codex-gateway-local-a"));
        for other in ["", "codex-gateway-local-", "codex-gateway-local-b", "codex-gateway-local-aa"] {
            assert!(!token.matches(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn api_keys_and_unusable_tokens_are_refused() {
        assert_eq!(Token::parse("sk-proj-1"), Err(TokenError::ApiKey));
        assert_eq!(Token::parse(""), Err(TokenError::Empty));
        assert_eq!(Token::parse("a b"), Err(TokenError::Characters));
        assert_eq!(Token::parse("é"), Err(TokenError::Characters));
    }

    #[test]
    fn a_token_is_not_printed() {
        assert!(!format!("{:?}", Token::parse("hunter2").unwrap()).contains("hunter2"));
    }
}
