//! A key, for a server that is there for one Codex only.

use std::{fmt, io, sync::Arc};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;
use subtle::ConstantTimeEq;

use crate::responses::error_response;

/// What a request must bring as its bearer token. It is new at each start, and `Debug` does not print it.
#[derive(Clone)]
pub(crate) struct Key(String);

impl Key {
    /// A new random key of 256 bits.
    pub(crate) fn generate() -> io::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in a time that does not depend on where they differ.
    fn is_in(&self, request: &Request) -> bool {
        let presented = request.headers().get(AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
        presented.strip_prefix(b"Bearer ").is_some_and(|key| key.ct_eq(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key([redacted])")
    }
}

/// Turns away every request without the key, before anything else of it is looked at.
pub(crate) async fn require(State(key): State<Arc<Key>>, request: Request, next: Next) -> Response {
    match key.is_in(&request) {
        true => next.run(request).await,
        false => error_response(StatusCode::UNAUTHORIZED, "This server is for one program only."),
    }
}
