//! What one line of Codex is. Nothing is copied that only shows where the line goes.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::event;

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

/// A string that is borrowed where it stands in the line as it is.
#[derive(Debug, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl<'a> Message<'a> {
    /// An error says the method, where the line has one.
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self, serde_json::Error> {
        // Looked at once as a whole, which is quicker than each of its texts by itself.
        serde_json::from_str(str::from_utf8(line).map_err(de::Error::custom)?)
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
                (Field::Params, Some(method)) if id.is_none() && event::METHODS.contains(&&**method) => {
                    let read = fields.next_value_seed(event::Params(method));
                    event =
                        Some(read.map_err(|error| de::Error::custom(format_args!("`{method}`: {error}")))?);
                }
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
