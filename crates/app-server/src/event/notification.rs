//! Notifications as they are on the wire.
//!
//! Parsing is lenient: unknown notifications become [`ThreadEvent::Other`], unknown fields are skipped and unknown
//! error codes are kept by name, so that a newer Codex does not break an older gateway.

use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, DeserializeSeed},
};
use serde_json::value::RawValue;

use super::{ThreadEvent, TokenUsage, TurnError, TurnStatus};
use crate::{method::notifications, raw_item, redact::redact, text::Text};

/// A notification's thread, and what it says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Notification<'a> {
    pub(crate) thread_id: Option<Cow<'a, str>>,
    pub(crate) event: ThreadEvent,
}

notifications! {
    ConfigWarning = "configWarning",
    DeprecationNotice = "deprecationNotice",
    Error = "error",
    GuardianWarning = "guardianWarning",
    AgentMessageDelta = "item/agentMessage/delta",
    ItemCompleted = "item/completed",
    ReasoningSummaryTextDelta = "item/reasoning/summaryTextDelta",
    ItemStarted = "item/started",
    McpServerStartupStatusUpdated = "mcpServer/startupStatus/updated",
    RawResponseCompleted = "rawResponse/completed",
    RawResponseItemCompleted = "rawResponseItem/completed",
    ThreadClosed = "thread/closed",
    ThreadStatusChanged = "thread/status/changed",
    TurnCompleted = "turn/completed",
    TurnStarted = "turn/started",
    Warning = "warning",
}

/// Understands one notification. An error means that a known method came in an unknown form.
pub(crate) fn parse<'a>(
    method: &str,
    params: Option<&'a RawValue>,
) -> Result<Notification<'a>, serde_json::Error> {
    let params = params.map_or("{}", RawValue::get);
    match Method::named(method) {
        Some(method) => Params(method).deserialize(&mut serde_json::Deserializer::from_str(params)),
        None => {
            let Owner { thread_id } = serde_json::from_str(params)?;
            Ok(Notification::new(thread_id, ThreadEvent::Other { method: method.to_owned() }))
        }
    }
}

/// The parameters of a notification, which are read in one go as soon as its name is known.
pub(crate) struct Params(pub(crate) Method);

impl<'de> DeserializeSeed<'de> for Params {
    type Value = Notification<'de>;

    fn deserialize<D: Deserializer<'de>>(self, params: D) -> Result<Notification<'de>, D::Error> {
        let (thread_id, event) = match self.0 {
            Method::AgentMessageDelta => {
                let Delta { thread_id, delta } = Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::MessageDelta { delta })
            }
            Method::ReasoningSummaryTextDelta => {
                let SummaryDelta { thread_id, summary_index: part, delta } =
                    Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::ReasoningDelta { part, delta })
            }
            Method::ItemStarted => {
                let InItem { thread_id, item } = Deserialize::deserialize(params)?;
                (thread_id, item.started().unwrap_or_else(|| other("item/started")))
            }
            Method::ItemCompleted => {
                let InItem { thread_id, item } = Deserialize::deserialize(params)?;
                (thread_id, item.completed().unwrap_or_else(|| other("item/completed")))
            }
            Method::TurnStarted => {
                let InTurn { thread_id, turn } = Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::TurnStarted { turn_id: turn.id })
            }
            Method::TurnCompleted => {
                let InTurn { thread_id, turn: Turn { id, status, error } } =
                    Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::TurnCompleted { turn_id: id, status, error })
            }
            Method::RawResponseItemCompleted => {
                let InRawItem { thread_id, item } = Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::RawItem(item.into()))
            }
            Method::RawResponseCompleted => {
                let InRawResponse { thread_id, usage } = Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::ResponseCompleted { usage })
            }
            Method::Error => {
                let Failure { thread_id, error, will_retry } = Deserialize::deserialize(params)?;
                (thread_id, ThreadEvent::Error { error, will_retry })
            }
            Method::ThreadStatusChanged => {
                let StatusChanged { thread_id, status: Status { kind } } = Deserialize::deserialize(params)?;
                let is_idle = kind.0 == "idle";
                (thread_id, if is_idle { ThreadEvent::Idle } else { other("thread/status/changed") })
            }
            Method::Warning | Method::GuardianWarning | Method::ConfigWarning | Method::DeprecationNotice => {
                let Warning { thread_id, message, summary } = Deserialize::deserialize(params)?;
                let message = message.or(summary).unwrap_or_default();
                return Ok(Notification::new(thread_id, ThreadEvent::Warning { message }));
            }
            Method::McpServerStartupStatusUpdated => {
                let McpServer { thread_id, name } = Deserialize::deserialize(params)?;
                return Ok(Notification::new(thread_id, ThreadEvent::McpServer { name: redact(&name) }));
            }
            Method::ThreadClosed => {
                let Owner { thread_id } = Deserialize::deserialize(params)?;
                return Ok(Notification::new(thread_id, ThreadEvent::Closed));
            }
        };
        Ok(Notification::new(Some(thread_id), event))
    }
}

fn other(method: &str) -> ThreadEvent {
    ThreadEvent::Other { method: method.to_owned() }
}

/// A field that means nothing where it is in an unknown form.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(field: D) -> Result<Option<T>, D::Error> {
    let field: &RawValue = Deserialize::deserialize(field)?;
    Ok(serde_json::from_str(field.get()).unwrap_or_default())
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
    fn started(self) -> Option<ThreadEvent> {
        let phase = self.phase.and_then(|phase| serde_json::from_str(phase.get()).ok());
        self.is_message().then_some(ThreadEvent::MessageStarted { phase })
    }

    fn completed(self) -> Option<ThreadEvent> {
        let text = self.text.filter(|_| self.is_message())?;
        Some(ThreadEvent::MessageCompleted { text: serde_json::from_str(text.get()).ok()? })
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
    #[serde(default, deserialize_with = "lenient")]
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
    #[serde(default, deserialize_with = "lenient")]
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
