//! What a request asks of the model, whichever API it came by.

use super::{
    error::ApiError,
    expectation::Expectation,
    reasoning::EffortAsked,
    value::{At, Fields},
};
use crate::turn::{Item, Limits, Summary, Tool};

/// A turn as the caller asks for it: the model, and what it has, are not looked up yet, and the images among the items are
/// still as the caller gave them.
#[derive(Debug)]
pub(crate) struct TurnRequest {
    pub(crate) model: String,
    pub(crate) items: Vec<Item>,
    pub(crate) images: Vec<ImagePart>,
    pub(crate) effort: Option<EffortAsked>,
    pub(crate) summary: Summary,
    pub(crate) verbosity: Option<&'static str>,
    pub(crate) service_tier: Option<String>,
    pub(crate) limits: Limits,
    pub(crate) tools: Vec<Tool>,
    pub(crate) expectation: Expectation,
}

/// Where an image stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ImagePart {
    /// The indices of its item and of the part within it.
    pub(crate) item: usize,
    pub(crate) part: usize,
    /// The field that holds its URL, such as `messages[0].content[1].image_url.url`.
    pub(crate) param: String,
}

/// How much the model should write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Verbosity {
    Low,
    #[default]
    Medium,
    High,
}

impl Verbosity {
    pub(super) fn parse(verbosity: At) -> Result<Self, ApiError> {
        let path = verbosity.path().to_owned();
        match verbosity.string()?.as_str() {
            "low" => Ok(Self::Low),
            "medium" => Ok(Self::Medium),
            "high" => Ok(Self::High),
            other => Err(ApiError::invalid(
                &path,
                "invalid_value",
                format!("`{path}` is `{other}`; it must be one of `low`, `medium` and `high`."),
            )),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// What to ask of the model. `medium` is what it does unasked.
    pub(super) fn upstream(self) -> Option<&'static str> {
        (self != Self::Medium).then(|| self.name())
    }
}

/// The name of the model.
pub(super) fn model(fields: &mut Fields) -> Result<String, ApiError> {
    let model = fields.require("model")?.string()?;
    if model.is_empty() {
        return Err(ApiError::invalid("model", "invalid_value", "`model` must name a model."));
    }
    Ok(model)
}

/// Whether an image is to be seen in a certain detail. Codex gives the model every image in full.
pub(super) fn detail(detail: At, trace: &mut super::policy::Trace) -> Result<(), ApiError> {
    let path = detail.path().to_owned();
    match detail.string()?.as_str() {
        "auto" | "high" | "original" => Ok(()),
        "low" => trace.cannot_honour(&path, "Codex gives the model every image in full."),
        other => Err(ApiError::invalid(
            &path,
            "invalid_value",
            format!("`{path}` is `{other}`; it must be one of `auto`, `low`, `high` and `original`."),
        )),
    }
}
