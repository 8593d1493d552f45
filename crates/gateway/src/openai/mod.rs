//! OpenAI's contract: what requests may say, and how answers and errors look.

mod assembly;
pub(crate) mod chat;
pub(crate) mod error;
mod expectation;
pub(crate) mod models;
pub(crate) mod policy;
mod reasoning;
pub(crate) mod responses;
pub(crate) mod schema;
mod tools;
mod turn_request;
mod value;

pub(crate) use assembly::{Assembly, Piece};
pub(crate) use expectation::Expectation;
pub(crate) use reasoning::EffortAsked;
pub use responses::HistoryKey;
pub(crate) use turn_request::{Delivery, ImagePart, TurnRequest};

/// A field of a request, and in a word what becomes of it: `honoured`; `accepted`, since it has no bearing on the
/// answer; `default only`; `default only, or ignored` where the setting `unsupported_parameters` decides; `refused`.
pub type FieldPolicy = (&'static str, &'static str);

/// What becomes of each field of a chat completion request.
pub fn chat_fields() -> impl Iterator<Item = FieldPolicy> {
    policy::CHAT.iter().map(|(field, rule)| (*field, rule.name()))
}

/// What becomes of each field of a Responses API request.
pub fn responses_fields() -> impl Iterator<Item = FieldPolicy> {
    policy::RESPONSES.iter().map(|(field, rule)| (*field, rule.name()))
}

/// A new id in OpenAI's form: a prefix and 32 random characters.
pub(crate) fn new_id(prefix: &str) -> String {
    format!("{prefix}{}", uuid::Uuid::new_v4().simple())
}

/// Seconds since 1970, as OpenAI's `created` wants them.
pub(crate) fn now() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}
