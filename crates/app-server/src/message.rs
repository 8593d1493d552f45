//! What one line of Codex is. Nothing is copied that only shows where the line goes.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Debug)]
pub(crate) enum Message<'a> {
    Answer { id: Option<u64>, answer: Result<&'a RawValue, RpcError> },
    Request { id: &'a RawValue, method: Cow<'a, str>, params: Option<&'a RawValue> },
    Notification { method: Cow<'a, str>, params: Option<&'a RawValue> },
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
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow, default)]
            id: Option<&'a RawValue>,
            #[serde(borrow, default)]
            method: Option<Text<'a>>,
            #[serde(borrow, default)]
            params: Option<&'a RawValue>,
            #[serde(borrow, default)]
            result: Option<&'a RawValue>,
            #[serde(default)]
            error: Option<RpcError>,
        }
        let Envelope { id, method, params, result, error } = serde_json::from_slice(line)?;
        Ok(match (id, method) {
            (Some(id), Some(Text(method))) => Self::Request { id, method, params },
            (None, Some(Text(method))) => Self::Notification { method, params },
            (Some(id), None) => {
                let answer = match error {
                    Some(error) => Err(error),
                    None => Ok(result.unwrap_or(RawValue::NULL)),
                };
                Self::Answer { id: id.get().parse().ok(), answer }
            }
            (None, None) => return Err(serde::de::Error::custom("neither an id nor a method")),
        })
    }
}
