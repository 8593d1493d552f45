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

/// How an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    Stream,
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

/// Ends a part of a message. Where the prompt's cache may break has no bearing on the answer.
pub(super) fn finish_part(mut part: Fields) -> Result<(), ApiError> {
    part.take("prompt_cache_breakpoint");
    part.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{openai::policy::Trace, settings::Unsupported};
    use serde_json::json;

    #[test]
    fn only_another_verbosity_than_the_usual_is_asked_for() {
        for (name, upstream) in [("low", Some("low")), ("medium", None), ("high", Some("high"))] {
            let verbosity = Verbosity::parse(At::new("verbosity", json!(name))).unwrap();
            assert_eq!((verbosity.name(), verbosity.upstream()), (name, upstream));
        }
        let error = Verbosity::parse(At::new("text.verbosity", json!("loud"))).unwrap_err();
        assert_eq!(error.body.param.as_deref(), Some("text.verbosity"));
    }

    #[test]
    fn a_model_has_a_name() {
        let named = |name: &str| model(&mut At::new("", json!({"model": name})).object().unwrap());
        assert_eq!(named("gpt-5.5").unwrap(), "gpt-5.5");
        assert_eq!(named("").unwrap_err().body.param.as_deref(), Some("model"));
    }

    #[test]
    fn an_image_in_low_detail_is_one_that_cannot_be_had() {
        let mut trace = Trace::new(Unsupported::Refuse);
        for full in ["auto", "high", "original"] {
            detail(At::new("detail", json!(full)), &mut trace).unwrap();
        }
        let code = |asked: &str, trace: &mut Trace| {
            detail(At::new("detail", json!(asked)), trace).unwrap_err().body.code.unwrap()
        };
        assert_eq!(code("low", &mut trace), "unsupported_feature");
        assert_eq!(code("blurred", &mut trace), "invalid_value");
    }
}
