//! Items as callers see them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    openai::new_id,
    turn::{Content, Item, Output, Reasoning},
};

/// An item and the id that it goes by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StoredItem {
    pub(crate) id: String,
    pub(crate) item: Item,
    /// Whether the item was cut off.
    #[serde(default)]
    pub(crate) incomplete: bool,
}

/// Whether what only the provider can read is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Encrypted {
    pub(crate) included: bool,
}

impl StoredItem {
    pub(crate) fn new(item: Item) -> Self {
        let prefix = match &item {
            Item::Message { .. } => "msg_",
            Item::Reasoning(_) => "rs_",
            Item::FunctionCall { .. } => "fc_",
            Item::FunctionCallOutput { .. } => "fco_",
        };
        Self { id: new_id(prefix), item, incomplete: false }
    }

    /// The item as OpenAI's reference has it.
    pub(crate) fn to_json(&self, encrypted: Encrypted) -> Value {
        let Self { id, item, incomplete } = self;
        let status = if *incomplete { "incomplete" } else { "completed" };
        match item {
            Item::Message { role, content, phase } => {
                let content: Vec<_> = content.iter().map(part).collect();
                let mut message =
                    json!({"id": id, "type": "message", "status": status, "role": role, "content": content});
                if let Some(phase) = phase {
                    message["phase"] = json!(phase);
                }
                message
            }
            Item::Reasoning(Reasoning { summary, encrypted_content }) => {
                let mut reasoning = json!({"id": id, "type": "reasoning", "summary": summary_parts(summary)});
                if encrypted.included {
                    reasoning["encrypted_content"] = json!(encrypted_content);
                }
                reasoning
            }
            Item::FunctionCall { call_id, name, arguments } => json!({
                "id": id, "type": "function_call", "status": status,
                "call_id": call_id, "name": name, "arguments": arguments,
            }),
            Item::FunctionCallOutput { call_id, output } => {
                let output = match output {
                    Output::Text(text) => json!(text),
                    Output::Parts(parts) => parts.iter().map(part).collect(),
                };
                json!({"id": id, "type": "function_call_output", "status": status, "call_id": call_id, "output": output})
            }
        }
    }
}

/// A part of a message.
pub(super) fn part(content: &Content) -> Value {
    match content {
        Content::InputText { text } => json!({"type": "input_text", "text": text}),
        Content::OutputText { text } => {
            json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
        }
        Content::InputImage { image_url } => {
            json!({"type": "input_image", "image_url": image_url, "detail": "auto"})
        }
    }
}

pub(super) fn summary_part(text: &str) -> Value {
    json!({"type": "summary_text", "text": text})
}

fn summary_parts(summary: &[String]) -> Vec<Value> {
    summary.iter().map(|text| summary_part(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_in_parts_is_shown_in_parts() {
        let parts = vec![
            Content::InputText { text: "see".into() },
            Content::InputImage { image_url: "data:image/png;base64,AA==".into() },
        ];
        let item =
            StoredItem::new(Item::FunctionCallOutput { call_id: "c".into(), output: Output::Parts(parts) });
        assert!(item.id.starts_with("fco_"));
        assert_eq!(
            item.to_json(Encrypted::default()),
            json!({"id": item.id, "type": "function_call_output", "status": "completed", "call_id": "c", "output": [
                {"type": "input_text", "text": "see"},
                {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "auto"},
            ]})
        );
    }
}
