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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parse(reasoning: Value) -> Result<ReasoningAsked, ApiError> {
        let request = json!({"reasoning": reasoning});
        ReasoningAsked::parse(&mut At::new("", request).object().unwrap())
    }

    #[test]
    fn the_older_name_of_the_summary_gives_way_to_the_newer() {
        let asked = |reasoning: Value| parse(reasoning).unwrap().summary;
        assert_eq!(asked(json!({"generate_summary": "concise"})), Summary::Concise);
        assert_eq!(asked(json!({"generate_summary": "concise", "summary": "detailed"})), Summary::Detailed);
        assert_eq!(asked(json!({"context": "all_turns", "mode": "standard"})), Summary::default());
    }

    #[test]
    fn what_codex_cannot_do_is_refused_by_its_name() {
        for (field, value, code) in [
            ("summary", "long", "invalid_value"),
            ("context", "current_turn", "unsupported_feature"),
            ("mode", "pro", "unsupported_feature"),
        ] {
            let error = parse(json!({field: value})).unwrap_err();
            assert!(error.body.param.unwrap().ends_with(&format!("reasoning.{field}")));
            assert_eq!((error.status, error.body.code.as_deref()), (400, Some(code)));
            assert!(error.body.message.contains(&format!("`{value}`")), "{}", error.body.message);
        }
    }
}
