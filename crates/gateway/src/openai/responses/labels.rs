//! What a caller notes on a request.

use serde_json::{Value, json};

use crate::openai::{
    error::ApiError,
    value::{At, Fields},
};

/// What a request says about itself, which responses repeat.
#[derive(Debug)]
pub(super) struct Labels {
    pub(super) metadata: Value,
    pub(super) prompt_cache_key: Option<String>,
    pub(super) safety_identifier: Option<String>,
}

impl Labels {
    pub(super) fn parse(fields: &mut Fields) -> Result<Self, ApiError> {
        let metadata = match fields.take("metadata") {
            Some(metadata) if metadata.value().is_object() => metadata.into_value(),
            Some(metadata) => return Err(metadata.wrong_type("an object")),
            None => json!({}),
        };
        Ok(Self {
            metadata,
            prompt_cache_key: fields.take("prompt_cache_key").map(At::string).transpose()?,
            safety_identifier: fields.take("safety_identifier").map(At::string).transpose()?,
        })
    }
}
