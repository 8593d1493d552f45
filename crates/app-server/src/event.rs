//! What Codex says about a thread while a turn runs.
//!
//! Parsing is lenient: unknown notifications become [`ThreadEvent::Other`], unknown fields are skipped and unknown
//! error codes are kept by name, so that a newer Codex does not break an older gateway.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    message::Text,
    raw_item::{self, RawItem},
};

/// One notification of a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ThreadEvent {
    TurnStarted {
        turn_id: String,
    },
    /// The model began a message. `phase` is `None` where the provider does not say.
    MessageStarted {
        item_id: String,
        phase: Option<MessagePhase>,
    },
    MessageDelta {
        item_id: String,
        delta: String,
    },
    /// The whole text of a message, also for a provider that sent no deltas.
    MessageCompleted {
        item_id: String,
        text: String,
    },
    /// A piece of the summary of an item of reasoning.
    ReasoningDelta {
        item_id: String,
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
    pub total_tokens: u64,
}

/// Why an attempt failed. `message` may quote the provider and so must be redacted before it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnError {
    pub message: String,
    #[serde(default)]
    pub codex_error_info: Option<CodexErrorInfo>,
}

/// Codex's own classification of a failure: a bare name such as `usageLimitExceeded`, or a name with the HTTP status
/// that the provider answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodexErrorInfo {
    pub code: String,
    pub http_status: Option<u16>,
}

impl<'de> Deserialize<'de> for CodexErrorInfo {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let named = match &value {
            serde_json::Value::String(code) => Some((code, None)),
            serde_json::Value::Object(fields) => {
                fields.iter().next().map(|(code, detail)| (code, Some(detail)))
            }
            _ => None,
        };
        let (code, detail) =
            named.ok_or_else(|| serde::de::Error::custom("a name or an object with one name"))?;
        let http_status = detail
            .and_then(|detail| detail.get("httpStatusCode"))
            .and_then(serde_json::Value::as_u64)
            .and_then(|status| u16::try_from(status).ok());
        Ok(Self { code: code.clone(), http_status })
    }
}

impl ThreadEvent {
    /// How much memory the event holds while it waits to be read.
    pub(crate) fn weight(&self) -> usize {
        let text = match self {
            Self::MessageDelta { delta, item_id } | Self::ReasoningDelta { delta, item_id, .. } => {
                delta.len() + item_id.len()
            }
            Self::MessageCompleted { text, item_id } => text.len() + item_id.len(),
            Self::Warning { message } | Self::Error { error: TurnError { message, .. }, .. } => message.len(),
            Self::RawItem(item) => item.weight(),
            _ => 0,
        };
        text + size_of::<Self>()
    }
}

/// A notification's thread, and what it says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Notification<'a> {
    pub(crate) thread_id: Option<Cow<'a, str>>,
    pub(crate) event: ThreadEvent,
}

/// The notifications that mean something here.
pub(crate) const METHODS: &[&str] = &[
    "configWarning",
    "deprecationNotice",
    "error",
    "guardianWarning",
    "item/agentMessage/delta",
    "item/completed",
    "item/reasoning/summaryTextDelta",
    "item/started",
    "rawResponse/completed",
    "rawResponseItem/completed",
    "thread/closed",
    "turn/completed",
    "turn/started",
    "warning",
];

/// Understands one notification. An error means that a known method came in an unknown form.
pub(crate) fn parse<'a>(
    method: &str,
    params: Option<&'a RawValue>,
) -> Result<Notification<'a>, serde_json::Error> {
    let params = params.map_or("{}", RawValue::get);
    Ok(match method {
        // The list is asked first, so that nothing is read which the checks of the protocol do not know of.
        _ if !METHODS.contains(&method) => other(params, method)?,
        "item/agentMessage/delta" => {
            let Delta { thread_id, item_id, delta } = serde_json::from_str(params)?;
            Notification { thread_id: Some(thread_id), event: ThreadEvent::MessageDelta { item_id, delta } }
        }
        "item/reasoning/summaryTextDelta" => {
            let SummaryDelta { thread_id, item_id, summary_index: part, delta } =
                serde_json::from_str(params)?;
            Notification {
                thread_id: Some(thread_id),
                event: ThreadEvent::ReasoningDelta { item_id, part, delta },
            }
        }
        "item/started" => {
            item(params, method, |item_id, _, phase| ThreadEvent::MessageStarted { item_id, phase })?
        }
        "item/completed" => {
            item(params, method, |item_id, text, _| ThreadEvent::MessageCompleted { item_id, text })?
        }
        "turn/started" => {
            let InTurn { thread_id, turn } = serde_json::from_str(params)?;
            Notification { thread_id: Some(thread_id), event: ThreadEvent::TurnStarted { turn_id: turn.id } }
        }
        "turn/completed" => {
            let InTurn { thread_id, turn } = serde_json::from_str(params)?;
            let event =
                ThreadEvent::TurnCompleted { turn_id: turn.id, status: turn.status, error: turn.error };
            Notification { thread_id: Some(thread_id), event }
        }
        "rawResponseItem/completed" => {
            let InRawItem { thread_id, item } = serde_json::from_str(params)?;
            Notification { thread_id: Some(thread_id), event: ThreadEvent::RawItem(item.into()) }
        }
        "rawResponse/completed" => {
            let InRawResponse { thread_id, usage } = serde_json::from_str(params)?;
            Notification { thread_id: Some(thread_id), event: ThreadEvent::ResponseCompleted { usage } }
        }
        "error" => {
            let Failure { thread_id, error, will_retry } = serde_json::from_str(params)?;
            Notification { thread_id: Some(thread_id), event: ThreadEvent::Error { error, will_retry } }
        }
        "warning" | "guardianWarning" | "configWarning" | "deprecationNotice" => {
            let Warning { thread_id, message, summary } = serde_json::from_str(params)?;
            let message = message.or(summary).unwrap_or_default();
            Notification { thread_id: thread_id.map(|Text(id)| id), event: ThreadEvent::Warning { message } }
        }
        "thread/closed" => {
            let Owner { thread_id } = serde_json::from_str(params)?;
            Notification { thread_id: thread_id.map(|Text(id)| id), event: ThreadEvent::Closed }
        }
        _ => other(params, method)?,
    })
}

fn other<'a>(params: &'a str, method: &str) -> Result<Notification<'a>, serde_json::Error> {
    let Owner { thread_id } = serde_json::from_str(params)?;
    Ok(Notification {
        thread_id: thread_id.map(|Text(id)| id),
        event: ThreadEvent::Other { method: method.to_owned() },
    })
}

/// Items that are not messages (reasoning, tool calls, …) are reported as [`ThreadEvent::Other`].
fn item<'a>(
    params: &'a str,
    method: &str,
    event: impl FnOnce(String, String, Option<MessagePhase>) -> ThreadEvent,
) -> Result<Notification<'a>, serde_json::Error> {
    let InItem { thread_id, item } = serde_json::from_str(params)?;
    let event = match item {
        Item::AgentMessage { id, text, phase } => event(id, text, phase),
        Item::Other => ThreadEvent::Other { method: method.to_owned() },
    };
    Ok(Notification { thread_id: Some(thread_id), event })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta<'a> {
    #[serde(borrow)]
    thread_id: Cow<'a, str>,
    item_id: String,
    delta: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SummaryDelta<'a> {
    #[serde(borrow)]
    thread_id: Cow<'a, str>,
    item_id: String,
    summary_index: usize,
    delta: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InItem<'a> {
    #[serde(borrow)]
    thread_id: Cow<'a, str>,
    item: Item,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Item {
    AgentMessage {
        id: String,
        text: String,
        phase: Option<MessagePhase>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InTurn<'a> {
    #[serde(borrow)]
    thread_id: Cow<'a, str>,
    turn: Turn,
}

#[derive(Deserialize)]
struct Turn {
    id: String,
    status: TurnStatus,
    #[serde(default)]
    error: Option<TurnError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InRawItem<'a> {
    #[serde(borrow)]
    thread_id: Cow<'a, str>,
    item: raw_item::Read,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InRawResponse<'a> {
    #[serde(borrow)]
    thread_id: Cow<'a, str>,
    #[serde(default)]
    usage: Option<TokenUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    #[serde(borrow)]
    thread_id: Cow<'a, str>,
    error: TurnError,
    will_retry: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Warning<'a> {
    #[serde(borrow, default)]
    thread_id: Option<Text<'a>>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    summary: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner<'a> {
    #[serde(borrow, default)]
    thread_id: Option<Text<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed<'a>(method: &str, params: &'a str) -> Notification<'a> {
        let params: &RawValue = serde_json::from_str(params).unwrap();
        parse(method, Some(params)).unwrap()
    }

    fn event(method: &str, params: &str) -> ThreadEvent {
        let notification = parsed(method, params);
        assert_eq!(notification.thread_id.as_deref(), Some("t"));
        notification.event
    }

    #[test]
    fn a_turn_from_its_start_to_its_end() {
        assert_eq!(
            event("turn/started", r#"{"threadId":"t","turn":{"id":"u","status":"inProgress","items":[]}}"#),
            ThreadEvent::TurnStarted { turn_id: "u".into() },
        );
        assert_eq!(
            event(
                "item/started",
                r#"{"threadId":"t","turnId":"u","item":{"type":"agentMessage","id":"m","text":"","phase":"final_answer"}}"#
            ),
            ThreadEvent::MessageStarted { item_id: "m".into(), phase: Some(MessagePhase::FinalAnswer) },
        );
        assert_eq!(
            event("item/agentMessage/delta", r#"{"threadId":"t","turnId":"u","itemId":"m","delta":"é\n"}"#),
            ThreadEvent::MessageDelta { item_id: "m".into(), delta: "é\n".into() },
        );
        assert_eq!(
            event(
                "item/reasoning/summaryTextDelta",
                r#"{"threadId":"t","turnId":"u","itemId":"r","summaryIndex":1,"delta":"Hm."}"#
            ),
            ThreadEvent::ReasoningDelta { item_id: "r".into(), part: 1, delta: "Hm.".into() },
        );
        assert_eq!(
            event(
                "item/completed",
                r#"{"threadId":"t","item":{"type":"agentMessage","id":"m","text":"é\n","phase":null}}"#
            ),
            ThreadEvent::MessageCompleted { item_id: "m".into(), text: "é\n".into() },
        );
        let usage = TokenUsage {
            input_tokens: 11,
            cached_input_tokens: 3,
            output_tokens: 7,
            reasoning_output_tokens: 2,
            total_tokens: 18,
        };
        assert_eq!(
            event(
                "rawResponse/completed",
                r#"{"threadId":"t","turnId":"u","responseId":"r","usage":{"totalTokens":18,"inputTokens":11,"cachedInputTokens":3,"outputTokens":7,"reasoningOutputTokens":2}}"#
            ),
            ThreadEvent::ResponseCompleted { usage: Some(usage) },
        );
        assert_eq!(
            event(
                "turn/completed",
                r#"{"threadId":"t","turn":{"id":"u","status":"completed","error":null,"items":[]}}"#
            ),
            ThreadEvent::TurnCompleted { turn_id: "u".into(), status: TurnStatus::Completed, error: None },
        );
    }

    #[test]
    fn error_codes_are_names_with_or_without_a_status() {
        let error = |info: &str| {
            let params = format!(
                r#"{{"threadId":"t","turnId":"u","willRetry":false,"error":{{"message":"m","codexErrorInfo":{info}}}}}"#
            );
            match event("error", &params) {
                ThreadEvent::Error { error, will_retry: false } => error.codex_error_info,
                other => panic!("{other:?}"),
            }
        };
        let info = |code: &str, http_status| Some(CodexErrorInfo { code: code.into(), http_status });
        assert_eq!(error(r#""usageLimitExceeded""#), info("usageLimitExceeded", None));
        assert_eq!(
            error(r#"{"httpConnectionFailed":{"httpStatusCode":401}}"#),
            info("httpConnectionFailed", Some(401)),
        );
        assert_eq!(
            error(r#"{"responseStreamDisconnected":{"httpStatusCode":null}}"#),
            info("responseStreamDisconnected", None),
        );
        assert_eq!(error("null"), None);
    }

    #[test]
    fn what_is_not_known_is_kept_by_name() {
        assert_eq!(
            event("item/started", r#"{"threadId":"t","item":{"type":"somethingNew","id":"x"}}"#),
            ThreadEvent::Other { method: "item/started".into() },
        );
        assert_eq!(
            parsed("account/updated", r#"{"authMode":null}"#),
            Notification { thread_id: None, event: ThreadEvent::Other { method: "account/updated".into() } },
        );
    }

    #[test]
    fn warnings_of_a_thread_and_of_the_configuration_have_their_text() {
        assert_eq!(
            event("warning", r#"{"threadId":"t","message":"m"}"#),
            ThreadEvent::Warning { message: "m".into() }
        );
        assert_eq!(
            parsed("configWarning", r#"{"summary":"s","details":null}"#),
            Notification { thread_id: None, event: ThreadEvent::Warning { message: "s".into() } },
        );
    }

    #[test]
    fn a_known_notification_in_an_unknown_form_is_an_error() {
        let params = RawValue::from_string(r#"{"threadId":7}"#.to_owned()).unwrap();
        assert!(parse("item/agentMessage/delta", Some(&params)).is_err());
    }
}
