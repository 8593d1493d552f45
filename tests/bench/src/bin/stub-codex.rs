//! A program in the place of Codex that answers at once, with the messages that the real one sends for a turn.
//!
//! What a turn says is asked for in its last message: `deltas 1000` has that many pieces, `hold` has one piece and no
//! end, and anything else is answered with `pong`.

use std::{
    collections::HashMap,
    io::{self, BufRead, BufReader, BufWriter, Write},
};

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

fn main() -> io::Result<()> {
    if std::env::args().any(|argument| argument == "debug") {
        return writeln!(
            io::stdout(),
            "{}",
            json!({"models": [{"slug": "gpt-5.5", "context_window": 1_000_000}]})
        );
    }
    let mut stub = Stub {
        out: BufWriter::with_capacity(256 * 1024, io::stdout().lock()),
        threads: HashMap::new(),
        started: 0,
    };
    let mut lines = BufReader::with_capacity(256 * 1024, io::stdin().lock());
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        if let Ok(message) = serde_json::from_str::<Message>(&line) {
            stub.answer(&message)?;
        }
        line.clear();
        if !lines.buffer().contains(&b'\n') {
            stub.out.flush()?;
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Message<'a> {
    /// A notification has none.
    id: Option<u64>,
    method: &'a str,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfThread<'a> {
    thread_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Injection {
    thread_id: String,
    items: Vec<Value>,
}

/// What the next turn of a thread says.
#[derive(Clone, Copy)]
enum Plan {
    Deltas(usize),
    Hold,
}

struct Stub<W> {
    out: W,
    threads: HashMap<String, Plan>,
    started: u64,
}

impl<W: Write> Stub<W> {
    fn answer(&mut self, Message { id, method, params }: &Message<'_>) -> io::Result<()> {
        let Some(id) = *id else { return Ok(()) };
        let params = params.map_or("{}", RawValue::get);
        let thread_id = || serde_json::from_str::<OfThread>(params).map_or("", |of| of.thread_id).to_owned();
        match *method {
            "initialize" => self.result(id, &json!({"userAgent": "codex-gateway/0.0.0 (stub)"})),
            "config/read" => self.result(id, &json!({"config": {}})),
            "account/read" => self.result(id, &json!({"account": null, "requiresOpenaiAuth": false})),
            "model/list" => self.result(
                id,
                &json!({"data": [{"model": "gpt-5.5", "displayName": "GPT", "defaultReasoningEffort": "medium",
                    "supportedReasoningEfforts": [{"reasoningEffort": "medium"}]}]}),
            ),
            "thread/start" => {
                self.started += 1;
                let thread_id = format!("00000000-0000-0000-0000-{:012}", self.started);
                self.result(id, &json!({"thread": {"id": thread_id}, "instructionSources": []}))
            }
            "thread/inject_items" => {
                let Ok(Injection { thread_id, items }) = serde_json::from_str(params) else {
                    return self.refuse(id);
                };
                let text = items.last().and_then(|item| item["content"][0]["text"].as_str()).unwrap_or_default();
                let plan = match text.split_once(' ') {
                    _ if text == "hold" => Plan::Hold,
                    Some(("deltas", count)) => Plan::Deltas(count.parse().unwrap_or(1)),
                    _ => Plan::Deltas(1),
                };
                self.threads.insert(thread_id, plan);
                self.result(id, &json!({}))
            }
            "turn/start" => {
                let thread_id = thread_id();
                let plan = self.threads.get(&thread_id).copied().unwrap_or(Plan::Deltas(1));
                self.turn(id, &thread_id, plan)
            }
            "turn/interrupt" | "thread/unsubscribe" => {
                self.threads.remove(&thread_id());
                self.result(id, &json!({}))
            }
            _ => self.refuse(id),
        }
    }

    fn turn(&mut self, id: u64, thread: &str, plan: Plan) -> io::Result<()> {
        let turn_id = format!("10000000-{}", &thread[9..]);
        let turn = |status| {
            json!({"completedAt": null, "durationMs": null, "error": null, "id": turn_id, "items": [],
                "itemsView": "notLoaded", "rootTurnId": turn_id, "startedAt": 1_000_000, "status": status})
        };
        let item = |text: &str| {
            json!({"completedAtMs": null, "delivery": null, "id": "msg_1", "memoryCitation": null, "moderation": null,
                "phase": "final_answer", "questions": null, "startedAtMs": 1_000_000, "text": text, "type": "agentMessage"})
        };
        let raw = |role: &str, kind: &str, text: &str| {
            json!({"item": {"type": "message", "role": role, "content": [{"type": kind, "text": text}]},
                "threadId": thread, "turnId": turn_id})
        };
        self.result(id, &json!({"turn": turn("inProgress")}))?;
        self.notify("rawResponseItem/completed", &raw("user", "input_text", "the prompt"))?;
        self.notify("turn/started", &json!({"threadId": thread, "turn": turn("inProgress")}))?;
        let started =
            json!({"item": item(""), "startedAtMs": 1_000_000, "threadId": thread, "turnId": turn_id});
        self.notify("item/started", &started)?;
        let count = match plan {
            Plan::Deltas(count) => count,
            Plan::Hold => 1,
        };
        for _ in 0..count {
            writeln!(
                self.out,
                r#"{{"emittedAtMs":1000000,"method":"item/agentMessage/delta","params":{{"delta":" pong","itemId":"msg_1","threadId":"{thread}","turnId":"{turn_id}"}}}}"#
            )?;
        }
        if matches!(plan, Plan::Hold) {
            return Ok(());
        }
        let text = " pong".repeat(count);
        let completed =
            json!({"completedAtMs": 1_000_000, "item": item(&text), "threadId": thread, "turnId": turn_id});
        self.notify("item/completed", &completed)?;
        self.notify("rawResponseItem/completed", &raw("assistant", "output_text", &text))?;
        let usage = json!({"cacheWriteInputTokens": 0, "cachedInputTokens": 3, "inputTokens": 11, "outputTokens": count,
            "reasoningOutputTokens": 0, "totalTokens": 11 + count});
        let response = json!({"responseId": "resp_1", "threadId": thread, "turnId": turn_id, "usage": usage});
        self.notify("rawResponse/completed", &response)?;
        self.notify("turn/completed", &json!({"threadId": thread, "turn": turn("completed")}))
    }

    fn result(&mut self, id: u64, result: &Value) -> io::Result<()> {
        writeln!(self.out, r#"{{"id":{id},"result":{result}}}"#)
    }

    fn refuse(&mut self, id: u64) -> io::Result<()> {
        writeln!(self.out, r#"{{"id":{id},"error":{{"code":-32600,"message":"the stub does not know it"}}}}"#)
    }

    fn notify(&mut self, method: &str, params: &Value) -> io::Result<()> {
        writeln!(self.out, r#"{{"emittedAtMs":1000000,"method":"{method}","params":{params}}}"#)
    }
}
