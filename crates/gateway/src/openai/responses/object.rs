//! The `response` object.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::labels::Labels;
use crate::{
    openai::{error::ErrorBody, new_id, now},
    turn::{Finish, Turn, Usage},
};

/// A response as OpenAI's reference has it: every field is always there.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ResponseObject(Map<String, Value>);

/// What a request asks for, as responses repeat it.
pub(super) struct Asked<'a> {
    pub(super) model: &'a str,
    pub(super) instructions: Option<String>,
    pub(super) labels: Labels,
    pub(super) max_output_tokens: Option<u32>,
    pub(super) max_tool_calls: Option<u32>,
    pub(super) parallel_tool_calls: bool,
    pub(super) previous_response_id: Option<&'a str>,
    pub(super) store: bool,
    pub(super) summary: Option<&'static str>,
    pub(super) text: Value,
    pub(super) tool_choice: Value,
    pub(super) tools: Value,
}

impl ResponseObject {
    /// A response that has just begun.
    pub(super) fn new(asked: Asked<'_>) -> Self {
        let Labels { metadata, prompt_cache_key, safety_identifier } = asked.labels;
        let response = json!({
            "id": new_id("resp_"),
            "object": "response",
            "created_at": now(),
            "status": "in_progress",
            "background": false,
            "completed_at": null,
            "error": null,
            "frequency_penalty": 0.0,
            "incomplete_details": null,
            "instructions": asked.instructions,
            "max_output_tokens": asked.max_output_tokens,
            "max_tool_calls": asked.max_tool_calls,
            "model": asked.model,
            "output": [],
            "parallel_tool_calls": asked.parallel_tool_calls,
            "presence_penalty": 0.0,
            "previous_response_id": asked.previous_response_id,
            "prompt_cache_key": prompt_cache_key,
            "reasoning": {"effort": null, "summary": asked.summary},
            "safety_identifier": safety_identifier,
            "service_tier": "default",
            "store": asked.store,
            "temperature": 1.0,
            "text": asked.text,
            "tool_choice": asked.tool_choice,
            "tools": asked.tools,
            "top_logprobs": 0,
            "top_p": 1.0,
            "truncation": "disabled",
            "usage": null,
            "metadata": metadata,
        });
        Self(if let Value::Object(fields) = response { fields } else { Map::new() })
    }

    /// Says what was chosen where the request left a choice.
    pub(crate) fn choose(&mut self, turn: &Turn) {
        if let Some(reasoning) = self.0.get_mut("reasoning") {
            reasoning["effort"] = json!(turn.effort);
        }
        self.set("service_tier", json!(turn.service_tier));
    }

    pub(crate) fn id(&self) -> &str {
        self.0.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn status(&self) -> &str {
        self.0.get("status").and_then(Value::as_str).unwrap_or_default()
    }

    /// The response with what the model said.
    pub(crate) fn with_output(mut self, output: Vec<Value>) -> Self {
        self.set("output", output.into());
        self
    }

    pub(super) fn complete(&mut self, finish: Finish, usage: Option<Usage>) {
        let reason = match finish {
            Finish::Stop | Finish::ToolCalls => None,
            Finish::Length => Some("max_output_tokens"),
            Finish::ContentFilter => Some("content_filter"),
        };
        self.set("usage", usage.map_or(Value::Null, usage_json));
        match reason {
            None => {
                self.set("status", "completed".into());
                self.set("completed_at", now().into());
            }
            Some(reason) => {
                self.set("status", "incomplete".into());
                self.set("incomplete_details", json!({ "reason": reason }));
            }
        }
    }

    pub(super) fn fail(&mut self, error: &ErrorBody) {
        // The reference knows only a few codes here.
        let code = match error.kind {
            "rate_limit_error" | "insufficient_quota" => "rate_limit_exceeded",
            "invalid_request_error" => "invalid_prompt",
            _ => "server_error",
        };
        self.set("status", "failed".into());
        self.set("error", json!({"code": code, "message": error.message}));
    }

    /// The response before the model had said anything.
    pub(super) fn begun(&self) -> Self {
        let mut begun = self.clone();
        begun.set("status", "in_progress".into());
        for field in ["completed_at", "error", "incomplete_details", "usage"] {
            begun.set(field, Value::Null);
        }
        begun
    }

    fn set(&mut self, field: &str, value: Value) {
        self.0.insert(field.to_owned(), value);
    }
}

fn usage_json(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input,
        // Codex does not tell what was written to the cache.
        "input_tokens_details": {"cached_tokens": usage.cached_input, "cache_write_tokens": 0},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_output},
        "total_tokens": usage.input + usage.output,
    })
}
