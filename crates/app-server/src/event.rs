//! What Codex says about a thread while a turn runs.

mod notification;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::raw_item::RawItem;
pub(crate) use notification::{METHODS, Method, Notification, Params, parse};

/// One notification of a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ThreadEvent {
    TurnStarted {
        turn_id: String,
    },
    /// The model began a message. `phase` is `None` where the provider does not say.
    MessageStarted {
        phase: Option<MessagePhase>,
    },
    MessageDelta {
        delta: String,
    },
    /// The whole text of a message, also for a provider that sent no deltas.
    MessageCompleted {
        text: String,
    },
    /// A piece of the summary of an item of reasoning.
    ReasoningDelta {
        /// Counts the parts of the summary.
        part: usize,
        delta: String,
    },
    /// An item of the prompt (before the turn starts) or of the answer.
    RawItem(RawItem),
    /// Codex wants a function of the client's run, and its turn waits for [`crate::Client::answer_tool_call`].
    ToolCall(ToolCallRequest),
    /// The provider's response is complete: no more items of it follow. A turn has several responses where Codex asks
    /// the model again.
    ResponseCompleted {
        usage: Option<TokenUsage>,
    },
    /// A failed attempt. With `will_retry`, Codex starts again by itself and text already streamed comes again;
    /// otherwise [`ThreadEvent::TurnCompleted`] follows with the same error.
    Error {
        error: TurnError,
        will_retry: bool,
    },
    Warning {
        message: String,
    },
    TurnCompleted {
        turn_id: String,
        status: TurnStatus,
        error: Option<TurnError>,
    },
    /// An MCP server of the person's is being started for the thread, whose tools the model is about to be offered.
    McpServer {
        /// Redacted: it is told to people.
        name: String,
    },
    /// Codex is done with the thread's turn, of which [`ThreadEvent::TurnCompleted`] tells next.
    Idle,
    /// The thread was unloaded; nothing more will come.
    Closed,
    Other {
        method: String,
    },
}

/// A request of Codex's to run a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCallRequest {
    /// What names the call within the conversation.
    pub call_id: String,
    pub(crate) request_id: RequestId,
}

/// What names a request of Codex's within its connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum RequestId {
    Number(i64),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessagePhase {
    /// Narration on the way to the answer.
    Commentary,
    PartialAnswer,
    FinalAnswer,
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TurnStatus {
    Completed,
    Interrupted,
    Failed,
    InProgress,
    #[serde(other)]
    Unknown,
}

/// Token counts as the provider reported them, of one response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenUsage {
    /// All input tokens, the cached ones included.
    pub input_tokens: u64,
    pub cached_input_tokens: u64,
    /// All output tokens, the reasoning ones included.
    pub output_tokens: u64,
    pub reasoning_output_tokens: u64,
}

/// Why an attempt failed. `message` may quote the provider and so must be redacted before it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnError {
    pub message: String,
    #[serde(default, deserialize_with = "info")]
    pub codex_error_info: Option<CodexErrorInfo>,
}

/// Codex's own classification of a failure: a bare name such as `usageLimitExceeded`, or a name with the HTTP status
/// that the provider answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodexErrorInfo {
    pub code: String,
    pub http_status: Option<u16>,
}

/// A classification; `None` where it is in no form that is known.
fn info<'de, D: Deserializer<'de>>(field: D) -> Result<Option<CodexErrorInfo>, D::Error> {
    let value = Value::deserialize(field)?;
    let (code, detail) = match &value {
        Value::String(code) => (code, None),
        Value::Object(fields) => match fields.iter().next() {
            Some((code, detail)) => (code, Some(detail)),
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let status = detail.and_then(|detail| detail.get("httpStatusCode")).and_then(Value::as_u64);
    let http_status = status.and_then(|status| u16::try_from(status).ok());
    Ok(Some(CodexErrorInfo { code: code.clone(), http_status }))
}

impl ThreadEvent {
    /// How much memory the event holds while it waits to be read.
    pub(crate) fn weight(&self) -> usize {
        let text = match self {
            Self::MessageDelta { delta: text }
            | Self::ReasoningDelta { delta: text, .. }
            | Self::MessageCompleted { text }
            | Self::TurnStarted { turn_id: text }
            | Self::ToolCall(ToolCallRequest { call_id: text, .. })
            | Self::Warning { message: text }
            | Self::Error { error: TurnError { message: text, .. }, .. }
            | Self::McpServer { name: text }
            | Self::Other { method: text } => text.len(),
            Self::TurnCompleted { turn_id, error, .. } => {
                turn_id.len() + error.as_ref().map_or(0, |error| error.message.len())
            }
            Self::RawItem(item) => item.weight(),
            Self::MessageStarted { .. } | Self::ResponseCompleted { .. } | Self::Idle | Self::Closed => 0,
        };
        text + size_of::<Self>()
    }
}
