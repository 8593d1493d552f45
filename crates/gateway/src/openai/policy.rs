//! What becomes of each field of a request: one readable table.

use serde_json::{Map, Value};

use super::error::ApiError;
use crate::settings::Unsupported;

/// What is done with a field. A field that is missing or `null` is always fine.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// Read and acted upon.
    Honoured,
    /// Accepted as it is: it has no bearing on the model's answer.
    Harmless,
    /// Accepted with a value that asks for nothing; another value asks for something that can't be had.
    Neutral(fn(&Value) -> bool),
    /// Tunes the sampling, which Codex offers no way to do. A neutral value is accepted; another one is refused or
    /// ignored, as the settings say.
    Sampling(fn(&Value) -> bool),
    /// Never accepted.
    Refused,
}

use Rule::{Harmless, Honoured, Neutral, Refused, Sampling};

/// The fields of a chat completion request, as the official SDKs know them.
pub(crate) const CHAT: &[(&str, Rule)] = &[
    ("audio", Refused),
    ("frequency_penalty", Sampling(is_zero)),
    ("function_call", Honoured),
    ("functions", Honoured),
    ("logit_bias", Sampling(is_empty)),
    ("logprobs", Neutral(is_false)),
    ("max_completion_tokens", Honoured),
    ("max_tokens", Honoured),
    ("messages", Honoured),
    ("metadata", Harmless),
    ("modalities", Neutral(is_text_only)),
    ("model", Honoured),
    ("moderation", Refused),
    ("n", Honoured),
    ("parallel_tool_calls", Honoured),
    ("prediction", Refused),
    ("presence_penalty", Sampling(is_zero)),
    ("prompt_cache_key", Harmless),
    ("prompt_cache_options", Harmless),
    ("prompt_cache_retention", Harmless),
    ("reasoning", Honoured),
    ("reasoning_effort", Honoured),
    ("response_format", Honoured),
    ("safety_identifier", Harmless),
    ("seed", Sampling(never)),
    ("service_tier", Honoured),
    ("stop", Honoured),
    // It keeps a copy for the caller's dashboard at OpenAI, of which there is none here, and changes no answer.
    ("store", Harmless),
    ("stream", Honoured),
    ("stream_options", Honoured),
    ("temperature", Sampling(is_one)),
    ("tool_choice", Honoured),
    ("tools", Honoured),
    ("top_logprobs", Neutral(is_zero)),
    ("top_p", Sampling(is_one)),
    ("user", Harmless),
    ("verbosity", Honoured),
    ("web_search_options", Refused),
];

/// The fields of a Responses API request, as the official SDKs know them.
pub(crate) const RESPONSES: &[(&str, Rule)] = &[
    ("access_programs", Refused),
    ("background", Neutral(is_false)),
    ("background_options", Refused),
    ("context_management", Neutral(is_empty)),
    ("conversation", Refused),
    ("image", Refused),
    ("include", Honoured),
    ("input", Honoured),
    ("instructions", Honoured),
    ("max_output_tokens", Honoured),
    ("max_tool_calls", Honoured),
    ("metadata", Honoured),
    ("model", Honoured),
    ("moderation", Refused),
    ("parallel_tool_calls", Honoured),
    ("previous_response_id", Honoured),
    ("prompt", Refused),
    ("prompt_cache_key", Honoured),
    ("prompt_cache_options", Harmless),
    ("prompt_cache_retention", Harmless),
    ("reasoning", Honoured),
    ("safety_identifier", Honoured),
    ("service_tier", Honoured),
    ("store", Honoured),
    ("stream", Honoured),
    ("stream_options", Honoured),
    ("temperature", Sampling(is_one)),
    ("text", Honoured),
    ("tool_choice", Honoured),
    ("tools", Honoured),
    ("top_logprobs", Neutral(is_zero)),
    ("top_p", Sampling(is_one)),
    ("truncation", Neutral(is_disabled)),
    ("user", Harmless),
];

/// What became of each field of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    unsupported: Unsupported,
    pub(crate) honoured: Vec<String>,
    pub(crate) neutral: Vec<String>,
    /// Dropped because the settings say so. The caller is told in a header.
    pub(crate) ignored: Vec<String>,
    pub(crate) refused: Vec<String>,
}

impl Rule {
    /// The rule in a word, for people and scripts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Honoured => "honoured",
            Harmless => "accepted",
            Neutral(_) => "default only",
            Sampling(_) => "default only, or ignored",
            Refused => "refused",
        }
    }
}

impl Trace {
    pub(crate) fn new(unsupported: Unsupported) -> Self {
        Self {
            unsupported,
            honoured: Vec::new(),
            neutral: Vec::new(),
            ignored: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Takes from a request every field that is not honoured. Those that can't be honoured are refused together, by
    /// name, or ignored where they may be.
    pub(super) fn apply(
        &mut self,
        table: &[(&str, Rule)],
        body: &mut Map<String, Value>,
    ) -> Result<(), ApiError> {
        body.retain(|_, value| !value.is_null());
        for (field, value) in body.iter() {
            let outcome = match rule(table, field) {
                Some(Honoured) => &mut self.honoured,
                Some(Harmless) => &mut self.neutral,
                Some(Neutral(is_neutral) | Sampling(is_neutral)) if is_neutral(value) => &mut self.neutral,
                Some(Sampling(_)) | None if self.unsupported == Unsupported::Ignore => &mut self.ignored,
                Some(Neutral(_) | Sampling(_) | Refused) | None => &mut self.refused,
            };
            outcome.push(field.clone());
        }
        match self.refused.first() {
            Some(first) => Err(ApiError::unsupported(first, refusal(table, &self.refused))),
            None => {
                body.retain(|field, _| matches!(rule(table, field), Some(Honoured)));
                Ok(())
            }
        }
    }

    /// Meets something within a field that can't be honoured and can be left out.
    pub(super) fn cannot_honour(&mut self, path: &str, why: &str) -> Result<(), ApiError> {
        match self.unsupported {
            Unsupported::Ignore => {
                self.ignored.push(path.to_owned());
                Ok(())
            }
            Unsupported::Refuse => {
                self.refused.push(path.to_owned());
                Err(ApiError::unsupported(path, format!("`{path}`: {why} Remove it. {HOW_TO_IGNORE}")))
            }
        }
    }
}

const HOW_TO_IGNORE: &str = "To have such fields left out instead, set `unsupported_parameters` to `ignore` in the gateway's config file.";

/// Why fields are refused, and what to do.
fn refusal(table: &[(&str, Rule)], refused: &[String]) -> String {
    let names = refused.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
    let rules = || refused.iter().map(|field| rule(table, field));
    let why = if let [field] = refused {
        match rule(table, field) {
            None => format!("{names} is not a parameter that the gateway knows. Remove it."),
            Some(Neutral(_) | Sampling(_)) => {
                format!(
                    "{names} is supported only with its default value, since Codex can't honour another. Remove it."
                )
            }
            Some(_) => format!("{names} is not supported, since Codex can't honour it. Remove it."),
        }
    } else {
        format!("Codex can't honour {names}. Remove them, or give them their default values.")
    };
    if rules().all(|rule| matches!(rule, Some(Sampling(_)) | None)) {
        format!("{why} {HOW_TO_IGNORE}")
    } else {
        why
    }
}

fn rule(table: &[(&str, Rule)], field: &str) -> Option<Rule> {
    table.iter().find(|(name, _)| *name == field).map(|(_, rule)| *rule)
}

fn never(_: &Value) -> bool {
    false
}

fn is_zero(value: &Value) -> bool {
    value.as_f64() == Some(0.0)
}

fn is_one(value: &Value) -> bool {
    value.as_f64() == Some(1.0)
}

fn is_false(value: &Value) -> bool {
    *value == Value::Bool(false)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn is_text_only(value: &Value) -> bool {
    matches!(value.as_array().map(Vec::as_slice), Some([only]) if only == "text")
}

fn is_disabled(value: &Value) -> bool {
    value.as_str() == Some("disabled")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn apply(unsupported: Unsupported, body: Value) -> (Trace, Result<Map<String, Value>, ApiError>) {
        let mut trace = Trace::new(unsupported);
        let mut body = body.as_object().unwrap().clone();
        let result = trace.apply(CHAT, &mut body).map(|()| body);
        (trace, result)
    }

    #[test]
    fn the_table_is_sorted_and_names_each_field_once() {
        for table in [CHAT, RESPONSES] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }

    #[test]
    fn neutral_values_pass() {
        let neutral = json!({
            "model": "m", "messages": [], "stream": false, "n": 1, "temperature": 1, "top_p": 1.0,
            "frequency_penalty": 0, "presence_penalty": 0.0, "logprobs": false, "top_logprobs": 0, "tools": [],
            "functions": [], "tool_choice": "auto", "parallel_tool_calls": true, "stop": [], "store": false,
            "response_format": {"type": "text"}, "modalities": ["text"], "service_tier": "auto", "logit_bias": {},
            "verbosity": "medium", "user": "u", "metadata": {"a": "b"}, "seed": null, "max_tokens": null,
        });
        let fields = neutral.as_object().unwrap().len();
        let (trace, left) = apply(Unsupported::Refuse, neutral);
        let honoured = [
            "model",
            "messages",
            "stream",
            "n",
            "tools",
            "functions",
            "tool_choice",
            "parallel_tool_calls",
            "stop",
            "response_format",
            "service_tier",
            "verbosity",
        ];
        assert_eq!(left.unwrap().keys().collect::<Vec<_>>(), honoured);
        assert_eq!(trace.honoured, honoured);
        // All the others but the two that are null.
        assert_eq!(trace.neutral.len(), fields - honoured.len() - 2);
    }

    #[test]
    fn what_asks_for_something_is_refused_by_name() {
        for (field, value) in [
            ("temperature", json!(0)),
            ("top_p", json!(0.9)),
            ("audio", json!({})),
            ("seed", json!(1)),
            ("logprobs", json!(true)),
            ("frequency_penalty", json!(0.5)),
            ("top_logprobs", json!(5)),
            ("logit_bias", json!({"50256": -100})),
            ("modalities", json!(["text", "audio"])),
            ("modalities", json!(["audio"])),
            ("colour", json!("red")),
        ] {
            let (trace, result) = apply(Unsupported::Refuse, json!({"model": "m", (field): value}));
            let error = result.unwrap_err();
            assert_eq!((error.status, error.body.param.as_deref()), (400, Some(field)));
            assert_eq!(error.body.code.as_deref(), Some("unsupported_feature"));
            assert_eq!(trace.refused, [field]);
        }
    }

    #[test]
    fn a_conversation_of_responses_is_never_cut() {
        let truncation = |asked: &str| {
            let mut body = json!({"truncation": asked}).as_object().unwrap().clone();
            Trace::new(Unsupported::Refuse).apply(RESPONSES, &mut body)
        };
        assert!(truncation("disabled").is_ok());
        assert_eq!(truncation("auto").unwrap_err().body.param.as_deref(), Some("truncation"));
    }

    #[test]
    fn a_refusal_names_all_fields_and_says_how_to_have_them_ignored() {
        let message = |body| apply(Unsupported::Refuse, body).1.unwrap_err().body.message;
        let sampling = message(json!({"temperature": 0, "seed": 1}));
        assert!(
            sampling.contains("`temperature`, `seed`") && sampling.contains("`unsupported_parameters`"),
            "{sampling}"
        );
        let mixed = message(json!({"temperature": 0, "audio": {}}));
        assert!(!mixed.contains("unsupported_parameters"), "{mixed}");
    }

    #[test]
    fn what_tunes_the_sampling_is_ignored_where_the_person_says_so() {
        let (trace, left) =
            apply(Unsupported::Ignore, json!({"model": "m", "temperature": 0, "seed": 1, "new": 2}));
        assert_eq!(left.unwrap().len(), 1);
        assert_eq!(trace.ignored, ["temperature", "seed", "new"]);
        let (_, refused) = apply(Unsupported::Ignore, json!({"model": "m", "audio": {}, "temperature": 0}));
        assert_eq!(refused.unwrap_err().body.param.as_deref(), Some("audio"));
    }
}
