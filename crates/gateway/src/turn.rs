//! The two plain types in the middle: what is asked of the model, and what comes back.
//!
//! The OpenAI side parses requests into a [`Turn`] and encodes answers from [`TurnEvent`]s; the Codex side runs the one
//! and produces the other. Neither knows the other.

use std::time::Duration;

use serde::Serialize;

/// One request to the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The model's name as Codex knows it.
    pub model: String,
    /// The whole conversation, in order.
    pub items: Vec<Item>,
    /// How much the model should think; its own default when `None`.
    pub effort: Option<String>,
}

/// A piece of conversation. Serialised, it is an input item of the Responses API, which is the form that Codex takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Item {
    Message { role: Role, content: Vec<Content> },
}

/// Who speaks. There is no `system`: Codex drops items of that role in silence, and `developer` is its newer name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Developer,
    User,
    Assistant,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    InputText {
        text: String,
    },
    /// Text that the model wrote earlier in the conversation.
    OutputText {
        text: String,
    },
    /// `image_url` is a data URL by the time the turn is run.
    InputImage {
        image_url: String,
    },
}

/// What happens while a turn runs. A turn ends with exactly one `Completed`, or with a [`TurnError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TurnEvent {
    Delta(String),
    /// The answer starts over: all deltas so far are void.
    Restarted,
    Completed(Completion),
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    pub finish: Finish,
    /// `None` where Codex did not report any.
    pub usage: Option<Usage>,
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    Stop,
    /// The provider's limit on output tokens.
    Length,
    ContentFilter,
}

/// Token counts as the provider reported them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// All input tokens, the cached ones included.
    pub input: u64,
    pub cached_input: u64,
    /// All output tokens, the reasoning ones included.
    pub output: u64,
    pub reasoning_output: u64,
}

/// A turn that failed. The message is for the caller: redacted, and with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TurnError {
    pub kind: TurnErrorKind,
    pub message: String,
    /// When another attempt makes sense, where that is known.
    pub retry_after: Option<Duration>,
}

impl TurnError {
    pub fn new(kind: TurnErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None }
    }

    #[must_use]
    pub fn retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TurnErrorKind {
    /// Codex isn't running: not installed, or it doesn't start.
    Unavailable,
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
}
