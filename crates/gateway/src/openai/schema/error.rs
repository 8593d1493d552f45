//! What can be wrong with a schema, and with an answer.

/// Why a caller's schema can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SchemaError {
    #[error("the schema is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the schema is nested deeper than {limit} levels")]
    TooDeep { limit: usize },
    #[error("the schema's unions and references lead to too many schemas for one value")]
    TooIntricate,
    #[error(
        "`{reference}` is not a path within the schema, such as `#/$defs/Name`: no other reference is followed"
    )]
    Reference { reference: String },
    /// `at` is a URI fragment into the schema, such as `#/properties/age`.
    #[error("the schema is not a valid JSON Schema at `{at}`: {reason}")]
    Invalid { at: String, reason: String },
}

/// Why a model's text is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutputError {
    #[error("the model's answer is not JSON: {0}")]
    NotJson(String),
    #[error("the model's answer is not a JSON object")]
    NotAnObject,
    /// `at` is a URI fragment into the answer, such as `#/people/0/age`.
    #[error("the model's answer does not fit the schema at `{at}`: {reason}")]
    Mismatch { at: String, reason: String },
}

impl SchemaError {
    pub(super) fn invalid(at: &str, reason: &str) -> Self {
        Self::Invalid { at: shortened(at, 100), reason: shortened(reason, 150) }
    }
}

impl OutputError {
    pub(super) fn mismatch(at: &str, reason: &str) -> Self {
        Self::Mismatch { at: shortened(at, 100), reason: shortened(reason, 150) }
    }
}

impl From<serde_json::Error> for OutputError {
    fn from(error: serde_json::Error) -> Self {
        Self::NotJson(shortened(&error.to_string(), 150))
    }
}

/// The text, or as much of it as has at most `limit` characters with the ellipsis.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit - 1).collect();
    short.push('…');
    short
}
