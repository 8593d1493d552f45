//! How a caller wants the model to reason, in the form that the Responses API has and many clients send to chat too.

use super::{
    error::ApiError,
    value::{At, Fields},
};
use crate::turn::Summary;

/// What `reasoning` asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ReasoningAsked {
    pub(super) effort: Option<String>,
    pub(super) summary: Summary,
}

impl ReasoningAsked {
    pub(super) fn parse(fields: &mut Fields) -> Result<Self, ApiError> {
        let Some(reasoning) = fields.take("reasoning") else { return Ok(Self::default()) };
        let mut reasoning = reasoning.object()?;
        let effort = reasoning.take("effort").map(At::string).transpose()?;
        let asked = reasoning.take("summary").map(summary).transpose()?;
        // The older name of the same.
        let older = reasoning.take("generate_summary").map(summary).transpose()?;
        reasoning.finish()?;
        Ok(Self { effort, summary: asked.or(older).unwrap_or_default() })
    }
}

fn summary(asked: At) -> Result<Summary, ApiError> {
    let path = asked.path().to_owned();
    match asked.string()?.as_str() {
        "none" => Ok(Summary::None),
        "auto" => Ok(Summary::Auto),
        "concise" => Ok(Summary::Concise),
        "detailed" => Ok(Summary::Detailed),
        other => Err(ApiError::invalid(
            &path,
            "invalid_value",
            format!("`{path}` is `{other}`; it must be one of `auto`, `concise`, `detailed` and `none`."),
        )),
    }
}
