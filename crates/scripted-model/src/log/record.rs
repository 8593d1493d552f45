//! One recorded request, in Rust and as the JSON of the control requests.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::HeaderMap;
use bytes::Bytes;
use serde::{Serialize, Serializer, ser};
use serde_json::Value;
use serde_json::value::RawValue;

/// One request as it came in.
#[derive(Clone, Debug, Serialize)]
pub struct RecordedRequest {
    /// Counts up over the life of the server; the ids in the answer (`resp_…`) hold it in hexadecimal.
    pub id: u64,
    pub method: String,
    /// With the query, if there was one.
    pub path: String,
    /// By lower-case name; values of a repeated header are joined with ", ".
    pub headers: BTreeMap<String, String>,
    /// Length of the body as received, whether or not it is still kept.
    pub body_bytes: usize,
    /// The exact bytes; `None` once newer requests have pushed them out, see
    /// [`Limits::bodies`](crate::Limits::bodies). In JSON the body itself, untouched, or a string if it was
    /// not JSON.
    #[serde(serialize_with = "body_as_json")]
    pub body: Option<Bytes>,
    /// In JSON milliseconds since 1970, with a fraction.
    #[serde(rename = "arrived_unix_ms", serialize_with = "unix_ms")]
    pub arrived: SystemTime,
    /// `None` while the answer is under way.
    pub ended: Option<Ended>,
}

impl RecordedRequest {
    /// The body, parsed. A string if it was not JSON, `null` if it is no longer kept.
    pub fn json(&self) -> Value {
        let Some(body) = &self.body else { return Value::Null };
        serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
    }
}

/// The end of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ended {
    pub how: How,
    /// From the request's arrival. In JSON milliseconds, with a fraction.
    #[serde(rename = "after_ms", serialize_with = "milliseconds")]
    pub after: Duration,
}

/// In JSON one of the strings below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum How {
    /// "completed": everything that the script had was handed to the network, be it an answer or an error.
    #[serde(rename = "completed")]
    Completed,
    /// "cut by script".
    #[serde(rename = "cut by script")]
    Cut,
    /// "closed by client": it hung up before the end.
    #[serde(rename = "closed by client")]
    ClosedByClient,
}

/// Copies, because hyper's header values would keep the connection's whole read buffer alive.
pub(super) fn owned_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut owned = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        owned
            .entry(name.as_str().to_owned())
            .and_modify(|joined| {
                joined.push_str(", ");
                joined.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    owned
}

fn body_as_json<S: Serializer>(body: &Option<Bytes>, serializer: S) -> Result<S::Ok, S::Error> {
    match body {
        None => serializer.serialize_none(),
        Some(body) => match serde_json::from_slice::<&RawValue>(body) {
            Ok(json) => json.serialize(serializer),
            Err(_) => serializer.serialize_str(&String::from_utf8_lossy(body)),
        },
    }
}

fn unix_ms<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    milliseconds(&time.duration_since(UNIX_EPOCH).map_err(ser::Error::custom)?, serializer)
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_micros() as f64 / 1_000.0)
}
