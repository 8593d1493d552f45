//! What the model plays: plain data, the same in Rust and in JSON.

mod build;
mod json;

use std::collections::BTreeMap;

use axum::http::{HeaderName, HeaderValue, StatusCode, response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, try_from = "json::AnyScript")]
pub enum Script {
    Stream(EventStream),
    Error(HttpError),
}

/// Status 200 and a body of server-sent events.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventStream {
    /// Played in order.
    pub steps: Vec<Step>,
    /// What comes after the last step.
    pub end: End,
    /// Reported in the final event of [`End::Completed`] and [`End::Incomplete`]. `None` reports an
    /// estimate, one token for every four bytes, rounded up: of the request's body as `input_tokens`, of the
    /// text, summaries and arguments that were streamed as `output_tokens`, of the summaries alone as
    /// `reasoning_tokens`.
    pub usage: Option<Usage>,
    /// Sent besides `content-type`, for instance Codex's rate-limit headers.
    pub headers: Headers,
    /// Whether `response.created` comes before the first step. Scripts of raw events may not want it.
    pub created: bool,
}

/// An answer without a stream, whatever its status.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HttpError {
    /// 200 to 599.
    pub status: u16,
    pub headers: Headers,
    /// Sent as JSON; a string is sent as it is, as plain text; `null` sends no body. `headers` may name
    /// another `content-type`.
    pub body: Value,
}

/// Header values by name.
pub type Headers = BTreeMap<String, String>;

/// A part of the stream. In JSON an object with one member, the name of the step in snake case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A message of one delta.
    Text(String),
    Message(Message),
    Reasoning(Reasoning),
    FunctionCall(FunctionCall),
    Echo(Echo),
    /// Sends nothing for this many milliseconds.
    PauseMs(u64),
    Event(RawEvent),
    Garbage(Garbage),
}

/// An assistant message, with every event from `response.output_item.added` to `response.output_item.done`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    pub deltas: Vec<String>,
    /// Milliseconds before each delta.
    #[serde(default)]
    pub pause_ms: u64,
    #[serde(default)]
    pub phase: Option<Phase>,
    /// Leaves out the closing events, as when the stream breaks off in mid-sentence.
    #[serde(default)]
    pub unfinished: bool,
}

/// Tells an aside during the work from the answer itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Commentary,
    FinalAnswer,
}

/// A reasoning item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reasoning {
    /// The parts of the summary, each a list of deltas.
    #[serde(default)]
    pub summary: Vec<Vec<String>>,
    #[serde(default)]
    pub encrypted_content: Option<String>,
    /// Milliseconds before each delta.
    #[serde(default)]
    pub pause_ms: u64,
    /// Leaves out the closing events of the item.
    #[serde(default)]
    pub unfinished: bool,
}

/// A call of a function tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionCall {
    pub name: String,
    /// Passed on byte for byte, in deltas of 16 characters; need not be JSON.
    pub arguments: String,
    /// `None` makes one that no other call of this process has.
    #[serde(default)]
    pub call_id: Option<String>,
    /// Leaves out the closing events of the item.
    #[serde(default)]
    pub unfinished: bool,
}

/// A message that repeats the text of the last user message in the request's `input`, a delta for each word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Echo {
    /// Comes before the text. "You said: " by default.
    pub prefix: String,
    /// Milliseconds before each delta.
    pub pause_ms: u64,
}

/// An event of any type with any fields. `sequence_number` is added unless it is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RawEvent {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// Bytes that go into the stream as they are. In JSON a string, or a list of numbers when they aren't UTF-8.
#[derive(Clone, Debug, PartialEq)]
pub struct Garbage(pub Vec<u8>);

/// How the stream ends. In JSON `"cut"`, `{"incomplete": {"reason": "…"}}` and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum End {
    /// `response.completed`.
    #[default]
    Completed,
    /// `response.incomplete`; the real reasons are `max_output_tokens` and `content_filter`.
    Incomplete { reason: String },
    /// `response.failed`, with no usage.
    Failed { code: String, message: String },
    /// Closes the connection without finishing the body, so that the client sees a truncated stream.
    Cut,
    /// Sends nothing more until the client goes away.
    Hang,
    /// Finishes the body properly, but with no final event.
    Eof,
}

/// Token counts as the Responses API reports them; `total_tokens` is the sum of input and output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    pub input_tokens: u64,
    /// The part of `input_tokens` that came from the prompt cache.
    #[serde(default)]
    pub cached_tokens: u64,
    pub output_tokens: u64,
    /// The part of `output_tokens` that was reasoning.
    #[serde(default)]
    pub reasoning_tokens: u64,
}

/// Why a text is not a [`Script`], or a script cannot be sent as HTTP.
#[derive(Debug, thiserror::Error)]
pub enum InvalidScript {
    /// Names the place, for instance `steps[1]: unknown variant …`.
    #[error("{0}")]
    Json(String),
    #[error("`steps` (a stream of events) or `status` (an answer without one) is missing")]
    Empty,
    #[error("`{0}` belongs to a stream of events: it cannot stand beside `status`")]
    NotInError(&'static str),
    #[error("`body` belongs to an answer with a `status`: it cannot stand beside `steps`")]
    NotInStream,
    #[error("`status` is {0}, not from 200 to 599")]
    Status(u16),
    #[error("`headers`: {0:?} and its value are not a valid HTTP header")]
    Header(String),
}

impl Script {
    /// Reads the JSON form.
    pub fn from_json(text: &[u8]) -> Result<Self, InvalidScript> {
        let script = axum::Json::<Self>::from_bytes(text);
        script
            .map(|axum::Json(script)| script)
            .map_err(|rejection| InvalidScript::Json(rejection.body_text()))
    }
}

/// The head of an answer, checked: a script made in Rust can hold a status or header that HTTP has not.
pub(crate) fn head(status: u16, headers: &Headers) -> Result<response::Parts, InvalidScript> {
    let (mut head, ()) = response::Response::new(()).into_parts();
    head.status = match StatusCode::from_u16(status) {
        Ok(valid) if (200..600).contains(&status) => valid,
        _ => return Err(InvalidScript::Status(status)),
    };
    for (name, value) in headers {
        let (Ok(valid_name), Ok(valid_value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
        else {
            return Err(InvalidScript::Header(name.clone()));
        };
        head.headers.insert(valid_name, valid_value);
    }
    Ok(head)
}
