//! Every error that a caller can get: its HTTP status and OpenAI's body for it.

use std::time::Duration;

use app_server::redact;
use serde::Serialize;

use crate::turn::{TurnError, TurnErrorKind};

/// An error as OpenAI's SDKs understand it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) body: ErrorBody,
    /// For the header `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
    /// For the header `x-should-retry`, which outranks the SDKs' own rules. Set where those would be wrong.
    pub(crate) should_retry: Option<bool>,
    /// Whether the connection can't be used for another request.
    pub(crate) closes: bool,
}

/// The object within `{"error": …}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ErrorBody {
    pub(crate) message: String,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// The field of the request that is at fault, such as `messages[2].content`.
    pub(crate) param: Option<String>,
    pub(crate) code: Option<String>,
}

/// The whole body of an error, in an answer or within a stream.
#[derive(Debug, Serialize)]
pub(crate) struct Envelope<'a> {
    pub(crate) error: &'a ErrorBody,
}

const INVALID_REQUEST: &str = "invalid_request_error";
const SERVER: &str = "server_error";

/// The longest `Retry-After` that OpenAI's SDKs heed.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl ApiError {
    pub(crate) fn new(status: u16, kind: &'static str, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            // A message may quote anything that was sent.
            body: ErrorBody { message: redact(&message.into()), kind, param: None, code: Some(redact(code)) },
            retry_after: None,
            should_retry: None,
            closes: false,
        }
    }

    /// A field with an unusable value.
    pub(crate) fn invalid(param: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self::new(400, INVALID_REQUEST, code, message).param(param)
    }

    /// A field, or a value of it, that can't be honoured.
    pub(crate) fn unsupported(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(param, "unsupported_feature", message)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, "authentication_error", "invalid_api_key", message)
    }

    pub(crate) fn model_not_found(model: &str, available: &[&str]) -> Self {
        let message = format!(
            "The model `{model}` does not exist. Available: {}. To have other names understood, set `model_aliases` in \
             the gateway's config file.",
            available.join(", "),
        );
        Self::new(404, INVALID_REQUEST, "model_not_found", message).param("model")
    }

    /// What was streamed can't be taken back.
    pub(crate) fn began_differently() -> Self {
        Self::from(TurnError::new(
            TurnErrorKind::Disconnected,
            "The model's answer broke off, and a second attempt began differently. Send the request again.",
        ))
    }

    #[must_use]
    pub(crate) fn param(mut self, param: impl Into<String>) -> Self {
        self.body.param = Some(redact(&param.into()));
        self
    }

    #[must_use]
    fn should_retry(mut self, should_retry: bool) -> Self {
        self.should_retry = Some(should_retry);
        self
    }

    pub(crate) fn envelope(&self) -> Envelope<'_> {
        Envelope { error: &self.body }
    }
}

impl From<TurnError> for ApiError {
    fn from(TurnError { kind, message, retry_after }: TurnError) -> Self {
        let error = match kind {
            TurnErrorKind::Unavailable => Self::new(503, SERVER, "codex_unavailable", message),
            // Codex has tried for longer than an SDK would.
            TurnErrorKind::Unreachable => {
                Self::new(503, SERVER, "provider_unreachable", message).should_retry(false)
            }
            TurnErrorKind::Crashed => Self::new(502, SERVER, "codex_stopped", message),
            TurnErrorKind::QueueFull => Self::new(429, "rate_limit_error", "too_many_requests", message),
            TurnErrorKind::QueueTimedOut => {
                Self::new(504, "timeout_error", "queue_timeout", message).should_retry(false)
            }
            TurnErrorKind::TimedOut => {
                Self::new(504, "timeout_error", "turn_timeout", message).should_retry(false)
            }
            TurnErrorKind::Overflow => Self::new(503, SERVER, "stream_overflow", message).should_retry(false),
            TurnErrorKind::ModelNotFound => {
                Self::new(404, INVALID_REQUEST, "model_not_found", message).param("model")
            }
            TurnErrorKind::ContextLengthExceeded => {
                Self::invalid("messages", "context_length_exceeded", message)
            }
            TurnErrorKind::UsageLimit => {
                Self::new(429, "insufficient_quota", "insufficient_quota", message).should_retry(false)
            }
            TurnErrorKind::RateLimit => {
                let error = Self::new(429, "rate_limit_error", "rate_limit_exceeded", message);
                match retry_after {
                    // The SDKs wait no longer than this, and would try in vain.
                    Some(wait) if wait > LONGEST_WAIT => error.should_retry(false),
                    _ => error,
                }
            }
            TurnErrorKind::Overloaded => Self::new(503, SERVER, "server_overloaded", message),
            // Not 401: that would say that the local token is wrong.
            TurnErrorKind::SignedOut => {
                Self::new(503, SERVER, "codex_signed_out", message).should_retry(false)
            }
            TurnErrorKind::Policy => Self::new(400, INVALID_REQUEST, "content_policy_violation", message),
            TurnErrorKind::Rejected { param, code } => {
                let code = code.as_deref().unwrap_or("invalid_request");
                let error = Self::new(400, INVALID_REQUEST, code, message);
                param.into_iter().fold(error, Self::param)
            }
            TurnErrorKind::Provider { status } => {
                let error = Self::new(502, SERVER, "codex_error", message);
                // What the provider refused for good is not worth another attempt.
                match status {
                    Some(400..=499) => error.should_retry(false),
                    _ => error,
                }
            }
            TurnErrorKind::Disconnected => Self::new(502, SERVER, "stream_disconnected", message),
            TurnErrorKind::InvalidOutput => Self::new(502, SERVER, "invalid_output", message),
        };
        Self { retry_after, ..error }
    }
}
