//! Notifications as they are on the wire.
//!
//! Parsing is lenient: unknown notifications become [`ThreadEvent::Other`], unknown fields are skipped and unknown
//! error codes are kept by name, so that a newer Codex does not break an older gateway.

use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed},
};
use serde_json::value::RawValue;

use super::{ThreadEvent, TokenUsage, TurnError, TurnStatus};
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
    "mcpServer/startupStatus/updated",
    "rawResponse/completed",
    "rawResponseItem/completed",
    "thread/closed",
    "thread/status/changed",
    "turn/completed",
    "turn/started",
    "warning",
];

/// Understands one notification. An error means that a known method came in an unknown form.
pub(crate) fn parse<'a>(
    method: &str,
    params: Option<&'a RawValue>,
) -> Result<Notification<'a>, serde_json::Error> {
    Params(method).deserialize(&mut serde_json::Deserializer::from_str(params.map_or("{}", RawValue::get)))
}

/// The parameters of the notification with this name, which are read in one go as soon as the name is known.
pub(crate) struct Params<'m>(pub(crate) &'m str);

impl<'de> DeserializeSeed<'de> for Params<'_> {
    type Value = Notification<'de>;

    fn deserialize<D: Deserializer<'de>>(self, params: D) -> Result<Notification<'de>, D::Error> {
        let Self(method) = self;
        let (thread_id, event) = match method {
            // The list is asked first, so that nothing is read which the checks of the protocol do not know of.
            _ if !METHODS.contains(&method) => return other(params, method),
            "item/agentMessage/delta" => {
                let Delta { thread_id, delta } = Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::MessageDelta { delta })
            }
            "item/reasoning/summaryTextDelta" => {
                let SummaryDelta { thread_id, summary_index: part, delta } =
                    Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::ReasoningDelta { part, delta })
            }
            "item/started" => {
                let InItem { thread_id, item } = Deserialize::deserialize(params)?;
                (thread_id, item.started(method)?)
            }
            "item/completed" => {
                let InItem { thread_id, item } = Deserialize::deserialize(params)?;
                (thread_id, item.completed(method)?)
            }
            "turn/started" => {
                let InTurn { thread_id, turn } = Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::TurnStarted { turn_id: turn.id })
            }
            "turn/completed" => {
                let InTurn { thread_id, turn: Turn { id, status, error } } =
                    Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::TurnCompleted { turn_id: id, status, error })
            }
            "rawResponseItem/completed" => {
                let InRawItem { thread_id, item } = Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::RawItem(item.into()))
            }
            "rawResponse/completed" => {
                let InRawResponse { thread_id, usage } = Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::ResponseCompleted { usage })
            }
            "error" => {
                let Failure { thread_id, error, will_retry } = Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::Error { error, will_retry })
            }
            "warning" | "guardianWarning" | "configWarning" | "deprecationNotice" => {
                let Warning { thread_id, message, summary } = Deserialize::deserialize(params)?;
                let message = message.or(summary).unwrap_or_default();
                return Ok(Notification::new(thread_id, ThreadEvent::Warning { message }));
            }
            "mcpServer/startupStatus/updated" => {
                let McpServer { thread_id, name } = Deserialize::deserialize(params)?;
                return Ok(Notification::new(thread_id, ThreadEvent::McpServer { name }));
            }
            "thread/status/changed" => {
                let StatusChanged { thread_id, status: Status { kind } } = Deserialize::deserialize(params)?;
                if kind.0 != "idle" {
                    let event = ThreadEvent::Other { method: method.to_owned() };
                    return Ok(Notification::new(Some(thread_id), event));
                }
                (thread_id, ThreadEvent::Idle)
            }
            "thread/closed" => {
                let Owner { thread_id } = Deserialize::deserialize(params)?;
                return Ok(Notification::new(thread_id, ThreadEvent::Closed));
            }
            _ => return other(params, method),
        };
        Ok(Notification::new(Some(thread_id), event))
    }
}

fn other<'de, D: Deserializer<'de>>(params: D, method: &str) -> Result<Notification<'de>, D::Error> {
    let Owner { thread_id } = Deserialize::deserialize(params)?;
    Ok(Notification::new(thread_id, ThreadEvent::Other { method: method.to_owned() }))
}

impl<'a> Notification<'a> {
    fn new(thread_id: Option<Text<'a>>, event: ThreadEvent) -> Self {
        Self { thread_id: thread_id.map(|Text(id)| id), event }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta<'a> {
    #[serde(borrow)]
    thread_id: Text<'a>,
    delta: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SummaryDelta<'a> {
    #[serde(borrow)]
    thread_id: Text<'a>,
    summary_index: usize,
    delta: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InItem<'a> {
    #[serde(borrow)]
    thread_id: Text<'a>,
    #[serde(borrow)]
    item: Item<'a>,
}

/// An item, as far as it is read. What is in one that is no message is not looked at.
#[derive(Deserialize)]
struct Item<'a> {
    #[serde(rename = "type", borrow)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    phase: Option<&'a RawValue>,
}

impl Item<'_> {
    fn started<E: de::Error>(self, method: &str) -> Result<ThreadEvent, E> {
        if !self.is_message() {
            return Ok(ThreadEvent::Other { method: method.to_owned() });
        }
        let phase = self.phase.map(|phase| serde_json::from_str(phase.get())).transpose();
        Ok(ThreadEvent::MessageStarted { phase: phase.map_err(E::custom)? })
    }

    fn completed<E: de::Error>(self, method: &str) -> Result<ThreadEvent, E> {
        if !self.is_message() {
            return Ok(ThreadEvent::Other { method: method.to_owned() });
        }
        let text = self.text.ok_or_else(|| E::missing_field("text"))?;
        Ok(ThreadEvent::MessageCompleted { text: serde_json::from_str(text.get()).map_err(E::custom)? })
    }

    /// Others, such as reasoning and calls, come as raw items.
    fn is_message(&self) -> bool {
        self.kind.0 == "agentMessage"
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InTurn<'a> {
    #[serde(borrow)]
    thread_id: Text<'a>,
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
    thread_id: Text<'a>,
    #[serde(borrow)]
    item: raw_item::Read<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InRawResponse<'a> {
    #[serde(borrow)]
    thread_id: Text<'a>,
    #[serde(default)]
    usage: Option<TokenUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    #[serde(borrow)]
    thread_id: Text<'a>,
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
struct StatusChanged<'a> {
    #[serde(borrow)]
    thread_id: Text<'a>,
    #[serde(borrow)]
    status: Status<'a>,
}

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(rename = "type", borrow)]
    kind: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct McpServer<'a> {
    #[serde(borrow, default)]
    thread_id: Option<Text<'a>>,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner<'a> {
    #[serde(borrow, default)]
    thread_id: Option<Text<'a>>,
}
