//! What becomes of each field of a request: one readable table.

use serde_json::{Map, Value};

use super::error::ApiError;

/// What is done with a field. A field that is missing or `null` is always fine.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// Read and acted upon.
    Honoured,
    /// Accepted as it is: it has no bearing on the model's answer.
    Harmless,
    /// Accepted only with a value that asks for nothing; anything else is refused.
    Neutral(fn(&Value) -> bool),
    /// Never accepted.
    Refused,
}

use Rule::{Harmless, Honoured, Neutral, Refused};

/// The fields of a chat completion request, as the official SDKs know them.
pub(super) const CHAT: &[(&str, Rule)] = &[
    ("audio", Refused),
    ("frequency_penalty", Neutral(is_zero)),
    ("function_call", Neutral(is_auto_or_none)),
    ("functions", Neutral(is_empty)),
    ("logit_bias", Neutral(is_empty)),
    ("logprobs", Neutral(is_false)),
    ("max_completion_tokens", Refused),
    ("max_tokens", Refused),
    ("messages", Honoured),
    ("metadata", Harmless),
    ("modalities", Neutral(is_text_only)),
    ("model", Honoured),
    ("moderation", Refused),
    ("n", Neutral(is_one)),
    ("parallel_tool_calls", Harmless),
    ("prediction", Refused),
    ("presence_penalty", Neutral(is_zero)),
    ("prompt_cache_key", Harmless),
    ("prompt_cache_options", Harmless),
    ("prompt_cache_retention", Harmless),
    ("reasoning_effort", Honoured),
    ("response_format", Neutral(is_text_format)),
    ("safety_identifier", Harmless),
    ("seed", Refused),
    ("service_tier", Neutral(is_default_tier)),
    ("stop", Neutral(is_empty)),
    ("store", Neutral(is_false)),
    ("stream", Honoured),
    ("stream_options", Honoured),
    ("temperature", Neutral(is_one)),
    ("tool_choice", Neutral(is_auto_or_none)),
    ("tools", Neutral(is_empty)),
    ("top_logprobs", Neutral(is_zero)),
    ("top_p", Neutral(is_one)),
    ("user", Harmless),
    ("verbosity", Neutral(is_medium)),
    ("web_search_options", Refused),
];

/// Takes from a request every field that is not honoured, or refuses it with the names of all those that can't be.
pub(super) fn apply(table: &[(&str, Rule)], body: &mut Map<String, Value>) -> Result<(), ApiError> {
    let refused: Vec<String> = body
        .iter()
        .filter(|(_, value)| !value.is_null())
        .filter(|(field, value)| match rule(table, field) {
            Some(Honoured | Harmless) => false,
            Some(Neutral(is_neutral)) => !is_neutral(value),
            Some(Refused) | None => true,
        })
        .map(|(field, _)| field.clone())
        .collect();
    let Some(first) = refused.first() else {
        body.retain(|field, _| matches!(rule(table, field), Some(Honoured)));
        return Ok(());
    };
    let names = refused.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
    let why = match rule(table, first) {
        None => "not known here",
        Some(Neutral(_)) => "supported only with its default value",
        Some(_) => "not supported",
    };
    let message = match refused.len() {
        1 => format!("{names} is {why}: Codex offers no way to honour it. Remove it."),
        _ => format!(
            "{names} can't be honoured through Codex. Remove them, or give them their default values."
        ),
    };
    Err(ApiError::unsupported(first, message))
}

fn rule(table: &[(&str, Rule)], field: &str) -> Option<Rule> {
    table.iter().find(|(name, _)| *name == field).map(|(_, rule)| *rule)
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

fn is_auto_or_none(value: &Value) -> bool {
    matches!(value.as_str(), Some("auto" | "none"))
}

fn is_medium(value: &Value) -> bool {
    value.as_str() == Some("medium")
}

fn is_default_tier(value: &Value) -> bool {
    matches!(value.as_str(), Some("auto" | "default"))
}

fn is_text_only(value: &Value) -> bool {
    matches!(value.as_array().map(Vec::as_slice), Some([only]) if only == "text")
}

fn is_text_format(value: &Value) -> bool {
    value.get("type").and_then(Value::as_str) == Some("text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn applied(body: Value) -> Result<Vec<String>, ApiError> {
        let mut body = body.as_object().unwrap().clone();
        apply(CHAT, &mut body).map(|()| body.keys().cloned().collect())
    }

    #[test]
    fn the_table_is_sorted_and_names_each_field_once() {
        assert!(CHAT.windows(2).all(|pair| pair[0].0 < pair[1].0));
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
        assert_eq!(applied(neutral).unwrap(), ["messages", "model", "stream"]);
    }

    #[test]
    fn what_asks_for_something_is_refused_by_name() {
        for (field, value) in [
            ("temperature", json!(0)),
            ("top_p", json!(0.9)),
            ("n", json!(2)),
            ("n", json!("1")),
            ("max_tokens", json!(5)),
            ("stop", json!("x")),
            ("seed", json!(1)),
            ("tools", json!([{}])),
            ("tool_choice", json!("required")),
            ("response_format", json!({"type": "json_object"})),
            ("logprobs", json!(true)),
            ("store", json!(true)),
            ("colour", json!("red")),
        ] {
            let error = applied(json!({"model": "m", (field): value})).unwrap_err();
            assert_eq!((error.status, error.body.param.as_deref()), (400, Some(field)));
            assert_eq!(error.body.code.as_deref(), Some("unsupported_feature"));
        }
        let error = applied(json!({"temperature": 0, "seed": 1})).unwrap_err();
        assert!(error.body.message.starts_with("`seed`, `temperature` can't"), "{}", error.body.message);
    }
}
