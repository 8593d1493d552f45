//! How a caller wants the model to reason, in the form that the Responses API has and many clients send to chat too.

use super::{
    error::ApiError,
    value::{At, Fields},
};
use crate::turn::Summary;

/// How much the model is to think, and the field that says so.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EffortAsked {
    pub(crate) param: String,
    pub(crate) effort: String,
}

pub(super) fn effort(effort: At) -> Result<EffortAsked, ApiError> {
    Ok(EffortAsked { param: effort.path().to_owned(), effort: effort.string()? })
}

/// What `reasoning` asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ReasoningAsked {
    pub(super) effort: Option<EffortAsked>,
    pub(super) summary: Summary,
}

impl ReasoningAsked {
    pub(super) fn parse(fields: &mut Fields) -> Result<Self, ApiError> {
        let Some(reasoning) = fields.take("reasoning") else { return Ok(Self::default()) };
        let mut reasoning = reasoning.object()?;
        let effort = reasoning.take("effort").map(effort).transpose()?;
        let asked = reasoning.take("summary").map(summary).transpose()?;
        // The older name of the same.
        let older = reasoning.take("generate_summary").map(summary).transpose()?;
        // All reasoning of earlier turns reaches the provider, as the caller sends it.
        for (field, supported) in [("context", &["auto", "all_turns"] as &[_]), ("mode", &["standard"])] {
            let Some(asked) = reasoning.take(field) else { continue };
            let path = asked.path().to_owned();
            let asked = asked.string()?;
            if !supported.contains(&asked.as_str()) {
                let supported = supported.join("` or `");
                return Err(ApiError::unsupported(
                    &path,
                    format!("`{path}` is `{asked}`; it is supported only as `{supported}`."),
                ));
            }
        }
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
