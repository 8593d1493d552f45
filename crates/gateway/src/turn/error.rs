//! Why a turn failed.

use std::time::Duration;

/// A turn that failed. The message is for the caller: redacted, and with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct TurnError {
    pub(crate) kind: TurnErrorKind,
    pub(crate) message: String,
    /// When another attempt makes sense, where that is known.
    pub(crate) retry_after: Option<Duration>,
}

impl TurnError {
    pub(crate) fn new(kind: TurnErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None }
    }

    #[must_use]
    pub(crate) fn retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TurnErrorKind {
    /// Codex isn't running: not installed, or it doesn't start.
    Unavailable,
    /// No connection to the provider can be made.
    Unreachable,
    /// Codex ended, or its connection was lost, while the turn ran.
    Crashed,
    /// As many turns wait as may wait.
    QueueFull,
    /// The turn waited too long for its place.
    QueueTimedOut,
    /// The turn ran longer than allowed.
    TimedOut,
    /// The model isn't one that Codex has.
    ModelNotFound,
    /// The caller took the answer too slowly.
    Overflow,
    /// The conversation is longer than the model's context window.
    ContextLengthExceeded,
    /// The account's quota is used up.
    UsageLimit,
    RateLimit,
    /// The model has no capacity now.
    Overloaded,
    /// Codex isn't signed in, or its sign-in is no longer accepted.
    SignedOut,
    /// The provider refused the content by a policy.
    Policy,
    /// The provider found the request itself invalid.
    Rejected {
        param: Option<String>,
        code: Option<String>,
    },
    /// The provider answered with an error of its own.
    Provider {
        status: Option<u16>,
    },
    /// The provider's stream ended before the answer did.
    Disconnected,
    /// The model did what it was not asked to.
    InvalidOutput,
}
