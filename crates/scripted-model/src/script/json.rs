//! The JSON form of a script, read so that a mistake is named.

use std::fmt;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::{End, EventStream, Garbage, Headers, HttpError, InvalidScript, Script, Step, Usage, head};

/// The fields of both shapes. An untagged enum would only say that neither fits.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnyScript {
    steps: Option<Vec<Step>>,
    end: Option<End>,
    usage: Option<Usage>,
    created: Option<bool>,
    #[serde(default)]
    headers: Headers,
    status: Option<u16>,
    body: Option<Value>,
}

impl TryFrom<AnyScript> for Script {
    type Error = InvalidScript;

    fn try_from(any: AnyScript) -> Result<Self, InvalidScript> {
        head(any.status.unwrap_or(200), &any.headers)?;
        match any {
            AnyScript {
                status: Some(status), steps: None, end: None, usage: None, created: None, ..
            } => Ok(HttpError { status, headers: any.headers, body: any.body.unwrap_or_default() }.into()),
            AnyScript { status: None, steps: Some(steps), body: None, .. } => Ok(EventStream {
                steps,
                end: any.end.unwrap_or_default(),
                usage: any.usage,
                headers: any.headers,
                created: any.created.unwrap_or(true),
            }
            .into()),
            AnyScript { status: None, steps: Some(_), .. } => Err(InvalidScript::NotInStream),
            AnyScript { status: None, steps: None, .. } => Err(InvalidScript::Empty),
            AnyScript { steps: Some(_), .. } => Err(InvalidScript::NotInError("steps")),
            AnyScript { end: Some(_), .. } => Err(InvalidScript::NotInError("end")),
            AnyScript { usage: Some(_), .. } => Err(InvalidScript::NotInError("usage")),
            AnyScript { created: Some(_), .. } => Err(InvalidScript::NotInError("created")),
        }
    }
}

impl Serialize for Garbage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Garbage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl<'de> Visitor<'de> for Bytes {
            type Value = Garbage;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string, or a list of numbers from 0 to 255")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Garbage, E> {
                Ok(Garbage(text.as_bytes().to_vec()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Garbage, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = numbers.next_element()? {
                    bytes.push(byte);
                }
                Ok(Garbage(bytes))
            }
        }

        deserializer.deserialize_any(Bytes)
    }
}
