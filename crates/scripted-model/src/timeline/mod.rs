//! Turns a script and the request that it answers into the bytes to send and the waits between them.

mod echo;
mod items;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::script::{End, EventStream, Step, Usage};

/// One thing that happens on the wire.
#[derive(Debug, PartialEq)]
pub(crate) enum Beat {
    /// One event; goes out on its own.
    Chunk(Bytes),
    Pause(Duration),
    Cut,
    Hang,
}

/// The beats of one answer. `request_id` makes the ids in it unique; `request_body` is what is echoed and
/// counted.
pub(crate) fn timeline(script: &EventStream, request_id: u64, request_body: &[u8]) -> Vec<Beat> {
    let mut timeline = Timeline::new(request_id);
    if script.created {
        timeline.event("response.created", json!({ "response": timeline.response("in_progress") }));
    }
    for step in &script.steps {
        timeline.step(step, request_body);
    }
    let usage = script.usage.unwrap_or_else(|| timeline.estimate(request_body.len()));
    timeline.end(&script.end, usage);
    timeline.beats
}

struct Timeline {
    beats: Vec<Beat>,
    request_id: u64,
    created_at: u64,
    sequence_number: u64,
    /// The items that are done, which the final event repeats.
    output: Vec<Value>,
    /// Counts items that were left unfinished too.
    next_output_index: usize,
    output_bytes: usize,
    reasoning_bytes: usize,
}

impl Timeline {
    fn new(request_id: u64) -> Self {
        Self {
            beats: Vec::new(),
            request_id,
            created_at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs()),
            sequence_number: 0,
            output: Vec::new(),
            next_output_index: 0,
            output_bytes: 0,
            reasoning_bytes: 0,
        }
    }

    fn step(&mut self, step: &Step, request_body: &[u8]) {
        match step {
            Step::Text(text) => self.message([text.as_str()], 0, None, false),
            Step::Message(message) => {
                let deltas = message.deltas.iter().map(String::as_str);
                self.message(deltas, message.pause_ms, message.phase, message.unfinished);
            }
            Step::Reasoning(reasoning) => self.reasoning(reasoning),
            Step::FunctionCall(call) => self.function_call(call),
            Step::Echo(echo) => {
                let text = format!("{}{}", echo.prefix, echo::last_user_text(request_body));
                self.message(text.split_inclusive(char::is_whitespace), echo.pause_ms, None, false);
            }
            Step::PauseMs(pause_ms) => self.pause(*pause_ms),
            Step::Event(event) => self.event(&event.kind, Value::Object(event.fields.clone())),
            Step::Garbage(bytes) => self.beats.push(Beat::Chunk(Bytes::copy_from_slice(&bytes.0))),
        }
    }

    fn end(&mut self, end: &End, usage: Usage) {
        match end {
            End::Completed => {
                let mut response = self.response("completed");
                response["usage"] = usage_json(usage);
                self.event("response.completed", json!({ "response": response }));
            }
            End::Incomplete { reason } => {
                let mut response = self.response("incomplete");
                response["incomplete_details"] = json!({ "reason": reason });
                response["usage"] = usage_json(usage);
                self.event("response.incomplete", json!({ "response": response }));
            }
            End::Failed { code, message } => {
                let mut response = self.response("failed");
                response["error"] = json!({ "code": code, "message": message });
                self.event("response.failed", json!({ "response": response }));
            }
            End::Cut => self.beats.push(Beat::Cut),
            End::Hang => self.beats.push(Beat::Hang),
            End::Eof => {}
        }
    }

    fn event(&mut self, kind: &str, mut event: Value) {
        event["type"] = kind.into();
        if event.get("sequence_number").is_none() {
            event["sequence_number"] = self.sequence_number.into();
        }
        self.sequence_number += 1;
        self.beats.push(Beat::Chunk(format!("event: {kind}\ndata: {event}\n\n").into()));
    }

    fn pause(&mut self, pause_ms: u64) {
        if pause_ms > 0 {
            self.beats.push(Beat::Pause(Duration::from_millis(pause_ms)));
        }
    }

    fn response(&self, status: &str) -> Value {
        json!({
            "id": format!("resp_{:08x}", self.request_id),
            "object": "response",
            "created_at": self.created_at,
            "status": status,
            "error": null,
            "incomplete_details": null,
            "output": self.output,
            "usage": null,
        })
    }

    fn estimate(&self, request_bytes: usize) -> Usage {
        let tokens = |bytes: usize| bytes.div_ceil(4) as u64;
        Usage {
            input_tokens: tokens(request_bytes),
            cached_tokens: 0,
            output_tokens: tokens(self.output_bytes),
            reasoning_tokens: tokens(self.reasoning_bytes),
        }
    }
}

fn usage_json(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input_tokens,
        "input_tokens_details": { "cached_tokens": usage.cached_tokens },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": { "reasoning_tokens": usage.reasoning_tokens },
        "total_tokens": usage.input_tokens.saturating_add(usage.output_tokens),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Beat, timeline};
    use crate::script::{Echo, EventStream, Reasoning, Script};

    fn final_usage(script: &EventStream, request: &[u8]) -> Value {
        let beats = timeline(script, 1, request);
        let Some(Beat::Chunk(chunk)) = beats.last() else { panic!("no final event in {beats:?}") };
        let data = str::from_utf8(chunk).unwrap().lines().nth(1).unwrap().strip_prefix("data: ").unwrap();
        serde_json::from_str::<Value>(data).unwrap()["response"]["usage"].clone()
    }

    #[test]
    fn usage_is_estimated_at_one_token_for_four_bytes() {
        let script = Script::text("12345678")
            .reasoning(Reasoning::deltas(["1234", "5"]))
            .function_call("f", "{}", "call_1")
            .event("response.ignored", json!({"text": "not counted"}));
        assert_eq!(
            final_usage(&script, &[b' '; 9]),
            json!({
                "input_tokens": 3,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 4,
                "output_tokens_details": {"reasoning_tokens": 2},
                "total_tokens": 7,
            })
        );
    }

    #[test]
    fn an_echo_is_one_delta_a_word() {
        let request = br#"{"input": [{"role": "user", "content": "hi  there"}]}"#;
        let echo = Echo { prefix: "> ".to_owned(), pause_ms: 3 };
        let pauses = |beats: &[Beat]| beats.iter().filter(|beat| matches!(beat, Beat::Pause(_))).count();
        assert_eq!(pauses(&timeline(&EventStream::default().echo(echo), 1, request)), 4);
    }
}
