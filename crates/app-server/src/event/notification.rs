//! Notifications as they are on the wire.
//!
//! Parsing is lenient: unknown notifications become [`ThreadEvent::Other`], unknown fields are skipped and unknown
//! error codes are kept by name, so that a newer Codex does not break an older gateway.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{MessagePhase, ThreadEvent, TokenUsage, TurnError, TurnStatus};
use crate::{message::Text, raw_item};

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
