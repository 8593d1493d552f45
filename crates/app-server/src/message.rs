//! What one line of Codex is. Nothing is copied that only shows where the line goes.

use std::{borrow::Cow, collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{event, redact::redact, text::Text};

#[derive(Debug)]
pub(crate) enum Message<'a> {
    Answer {
        id: Option<u64>,
        answer: Result<&'a RawValue, RpcError>,
    },
    Request {
        id: &'a RawValue,
        method: Cow<'a, str>,
        params: Option<&'a RawValue>,
    },
    /// A notification that is known to tell of a thread.
    Event(event::Notification<'a>),
    /// Any other.
    Notification {
        method: Cow<'a, str>,
        params: Option<&'a RawValue>,
    },
}

#[derive(Debug, Deserialize)]
pub(crate) struct RpcError {
    pub(crate) code: i64,
    pub(crate) message: String,
}

/// Why a line, or a part of it, is skipped. Nothing of what it says is told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unread {
    #[error("no message: not {what} at column {column}")]
    Message { what: &'static str, column: usize },
    #[error("`{method}` in an unknown form at column {column}")]
    Notification { method: String, column: usize },
}

impl Unread {
    pub(crate) fn notification(method: &str, error: &serde_json::Error) -> Self {
        Self::Notification { method: redact(method), column: error.column() }
    }

    fn line(line: &str, error: &serde_json::Error) -> Self {
        let fields: HashMap<String, &RawValue> = serde_json::from_str(line).unwrap_or_default();
        let method = fields.get("method").and_then(|method| serde_json::from_str(method.get()).ok());
        match method {
            Some(Text(method)) => Self::notification(&method, error),
            None if error.is_data() => Self::Message { what: "in a known form", column: error.column() },
            None => Self::Message { what: "JSON", column: error.column() },
        }
    }
}

impl<'a> Message<'a> {
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self, Unread> {
        // Looked at once as a whole, which is quicker than each of its texts by itself.
        let line = str::from_utf8(line)
            .map_err(|error| Unread::Message { what: "UTF-8", column: error.valid_up_to() })?;
        serde_json::from_str(line).map_err(|error| Unread::line(line, &error))
    }
}

impl<'de> Deserialize<'de> for Message<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfFields)
    }
}

/// The fields of a message that mean something.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Field {
    Id,
    Method,
    Params,
    Result,
    Error,
    #[serde(other)]
    Other,
}

struct OfFields;

impl<'de> Visitor<'de> for OfFields {
    type Value = Message<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Message<'de>, A::Error> {
        let mut id: Option<&RawValue> = None;
        let mut method: Option<Cow<'de, str>> = None;
        let mut params: Option<&RawValue> = None;
        let mut event = None;
        let mut result: Option<&RawValue> = None;
        let mut error: Option<RpcError> = None;
        while let Some(field) = fields.next_key()? {
            match (field, &method) {
                (Field::Id, _) => id = fields.next_value()?,
                (Field::Method, _) => method = fields.next_value::<Option<Text<'_>>>()?.map(|Text(it)| it),
                // Codex says first what it tells of, so that a piece of an answer is read only once.
                (Field::Params, Some(method)) if id.is_none() => match event::Method::named(method) {
                    Some(method) => event = Some(fields.next_value_seed(event::Params(method))?),
                    None => params = fields.next_value()?,
                },
                (Field::Params, _) => params = fields.next_value()?,
                (Field::Result, _) => result = fields.next_value()?,
                (Field::Error, _) => error = fields.next_value()?,
                (Field::Other, _) => drop(fields.next_value::<de::IgnoredAny>()?),
            }
        }
        Ok(match (id, method, event) {
            (None, Some(_), Some(event)) => Message::Event(event),
            (None, Some(method), None) => Message::Notification { method, params },
            (Some(id), Some(method), _) => Message::Request { id, method, params },
            (Some(id), None, _) => {
                let answer = match error {
                    Some(error) => Err(error),
                    None => Ok(result.unwrap_or(RawValue::NULL)),
                };
                Message::Answer { id: id.get().parse().ok(), answer }
            }
            (None, None, _) => return Err(de::Error::custom("neither an id nor a method")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_skipped_is_named_and_its_values_are_not() {
        for (line, told) in [
            (
                &br#"{"method":"item/agentMessage/delta","params":{"threadId":"t","delta":["hunter2"]}}"#[..],
                "`item/agentMessage/delta` in",
            ),
            (br#"{"id":1,"error":{"code":"hunter2","message":"m"}}"#, "no message: not in a known form at"),
            (
                br#"{"method":"turn/started","params":"hunter2"}"#,
                "`turn/started` in an unknown form at column 43",
            ),
            (br#"{"id":"hunter2"#, "no message: not JSON"),
            (b"hunter2", "no message: not JSON at column 1"),
            (b"\xffhunter2", "no message: not UTF-8"),
            (br#"["hunter2"]"#, "no message: not in a known form"),
        ] {
            let unread = Message::parse(line).unwrap_err().to_string();
            assert!(unread.starts_with(told) && !unread.contains("hunter2"), "{unread}");
        }
    }
}
