//! The events of each kind of output item, from `response.output_item.added` to `response.output_item.done`.

use serde_json::{Value, json};

use super::Timeline;
use crate::script::{FunctionCall, Phase, Reasoning};

/// Characters in a delta of function call arguments.
const ARGUMENT_DELTA: usize = 16;

impl Timeline {
    pub(super) fn message<'a>(
        &mut self,
        deltas: impl IntoIterator<Item = &'a str>,
        pause_ms: u64,
        phase: Option<Phase>,
        unfinished: bool,
    ) {
        let (output_index, id) = self.next_item("msg");
        let mut item = json!({
            "type": "message", "id": id, "role": "assistant", "status": "in_progress", "content": [],
        });
        if let Some(phase) = phase {
            item["phase"] = json!(phase);
        }
        let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});

        self.item_added(output_index, &item);
        self.event(
            "response.content_part.added",
            json!({"item_id": id, "output_index": output_index, "content_index": 0, "part": part("")}),
        );
        let mut text = String::new();
        for delta in deltas {
            text.push_str(delta);
            self.pause(pause_ms);
            self.event(
                "response.output_text.delta",
                json!({"item_id": id, "output_index": output_index, "content_index": 0, "delta": delta}),
            );
        }
        self.output_bytes += text.len();
        if unfinished {
            return;
        }
        self.event(
            "response.output_text.done",
            json!({"item_id": id, "output_index": output_index, "content_index": 0, "text": text}),
        );
        self.event(
            "response.content_part.done",
            json!({"item_id": id, "output_index": output_index, "content_index": 0, "part": part(&text)}),
        );
        item["content"] = json!([part(&text)]);
        item["status"] = "completed".into();
        self.item_done(output_index, item);
    }

    pub(super) fn reasoning(&mut self, reasoning: &Reasoning) {
        let (output_index, id) = self.next_item("rs");
        let mut item = json!({"type": "reasoning", "id": id, "summary": []});
        let part = |text: &str| json!({"type": "summary_text", "text": text});

        self.item_added(output_index, &item);
        let mut summary = Vec::new();
        for (summary_index, deltas) in reasoning.summary.iter().enumerate() {
            let place = |field: &str, value: Value| {
                let mut event =
                    json!({"item_id": id, "output_index": output_index, "summary_index": summary_index});
                event[field] = value;
                event
            };
            self.event("response.reasoning_summary_part.added", place("part", part("")));
            for delta in deltas {
                self.pause(reasoning.pause_ms);
                self.event("response.reasoning_summary_text.delta", place("delta", delta.as_str().into()));
            }
            let text = deltas.concat();
            self.output_bytes += text.len();
            self.reasoning_bytes += text.len();
            summary.push(part(&text));
            if reasoning.unfinished && summary_index + 1 == reasoning.summary.len() {
                break;
            }
            self.event("response.reasoning_summary_text.done", place("text", text.as_str().into()));
            self.event("response.reasoning_summary_part.done", place("part", part(&text)));
        }
        if reasoning.unfinished {
            return;
        }
        item["summary"] = summary.into();
        if let Some(encrypted_content) = &reasoning.encrypted_content {
            item["encrypted_content"] = encrypted_content.as_str().into();
        }
        self.item_done(output_index, item);
    }

    pub(super) fn function_call(&mut self, call: &FunctionCall) {
        let (output_index, id) = self.next_item("fc");
        let call_id = call.call_id.clone().unwrap_or_else(|| id.replacen("fc", "call", 1));
        let mut item = json!({
            "type": "function_call", "id": id, "call_id": call_id, "name": call.name,
            "arguments": "", "status": "in_progress",
        });

        self.item_added(output_index, &item);
        let mut rest = call.arguments.as_str();
        while !rest.is_empty() {
            let end = rest.char_indices().nth(ARGUMENT_DELTA).map_or(rest.len(), |(index, _)| index);
            let (delta, after) = rest.split_at(end);
            self.event(
                "response.function_call_arguments.delta",
                json!({"item_id": id, "output_index": output_index, "delta": delta}),
            );
            rest = after;
        }
        self.output_bytes += call.arguments.len();
        if call.unfinished {
            return;
        }
        self.event(
            "response.function_call_arguments.done",
            json!({"item_id": id, "output_index": output_index, "arguments": call.arguments}),
        );
        item["arguments"] = call.arguments.as_str().into();
        item["status"] = "completed".into();
        self.item_done(output_index, item);
    }

    fn next_item(&mut self, prefix: &str) -> (usize, String) {
        let output_index = self.next_output_index;
        self.next_output_index += 1;
        (output_index, format!("{prefix}_{:08x}_{output_index}", self.request_id))
    }

    fn item_added(&mut self, output_index: usize, item: &Value) {
        self.event("response.output_item.added", json!({"output_index": output_index, "item": item}));
    }

    fn item_done(&mut self, output_index: usize, item: Value) {
        self.event("response.output_item.done", json!({"output_index": output_index, "item": item}));
        self.output.push(item);
    }
}
