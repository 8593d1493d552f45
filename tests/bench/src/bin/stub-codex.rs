//! A program in the place of Codex that answers at once, with the messages that the real one sends for a turn.
//!
//! It shares the machine with what is measured, so it does as little as it can: it reads what it must know of a message,
//! fills texts that are made before, and answers all that it has read with one write.
//!
//! What a turn says is asked for in its last message: `deltas 1000` has that many pieces, `hold` has one piece and no
//! end, and anything else is answered with `pong`.

use std::{
    borrow::Cow,
    collections::HashMap,
    io::{self, BufRead, BufReader, BufWriter, Write},
};

use serde::Deserialize;
use serde_json::{json, value::RawValue};

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
struct Injection<'a> {
    thread_id: &'a str,
    #[serde(borrow)]
    items: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    content: Vec<Part<'a>>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
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
        let thread_id = || serde_json::from_str::<OfThread>(params).map_or("", |of| of.thread_id);
        match *method {
            "initialize" => self.result(id, r#"{"userAgent":"codex-gateway/0.0.0 (stub)"}"#),
            "config/read" => self.result(id, r#"{"config":{}}"#),
            "account/read" => self.result(id, r#"{"account":null,"requiresOpenaiAuth":false}"#),
            "model/list" => self.result(
                id,
                r#"{"data":[{"model":"gpt-5.5","displayName":"GPT","defaultReasoningEffort":"medium","supportedReasoningEfforts":[{"reasoningEffort":"medium"}]}]}"#,
            ),
            "thread/start" => {
                self.started += 1;
                let thread_id = format!("00000000-0000-0000-0000-{:012}", self.started);
                self.result(id, &format!(r#"{{"thread":{{"id":"{thread_id}"}},"instructionSources":[]}}"#))
            }
            "thread/inject_items" => {
                let Ok(Injection { thread_id, items }) = serde_json::from_str(params) else {
                    return self.refuse(id);
                };
                let text = items.last().and_then(|item| item.content.first()).map_or("", |part| &part.text);
                let plan = match text.split_once(' ') {
                    _ if text == "hold" => Plan::Hold,
                    Some(("deltas", count)) => Plan::Deltas(count.parse().unwrap_or(1)),
                    _ => Plan::Deltas(1),
                };
                self.threads.insert(thread_id.to_owned(), plan);
                self.result(id, "{}")
            }
            "turn/start" => {
                let thread_id = thread_id();
                let plan = self.threads.get(thread_id).copied().unwrap_or(Plan::Deltas(1));
                self.turn(id, thread_id, plan)
            }
            "turn/interrupt" | "thread/unsubscribe" => {
                self.threads.remove(thread_id());
                self.result(id, "{}")
            }
            _ => self.refuse(id),
        }
    }

    fn turn(&mut self, id: u64, thread: &str, plan: Plan) -> io::Result<()> {
        let turn_id = format!("10000000-{}", thread.get(9..).unwrap_or_default());
        let of_turn = format!(r#""threadId":"{thread}","turnId":"{turn_id}""#);
        let turn = |status| {
            format!(
                r#""turn":{{"completedAt":null,"durationMs":null,"error":null,"id":"{turn_id}","items":[],"itemsView":"notLoaded","rootTurnId":"{turn_id}","startedAt":1000000,"status":"{status}"}}"#
            )
        };
        let item = |text| {
            format!(
                r#""item":{{"completedAtMs":null,"delivery":null,"id":"msg_1","memoryCitation":null,"moderation":null,"phase":"final_answer","questions":null,"startedAtMs":1000000,"text":"{text}","type":"agentMessage"}}"#
            )
        };
        let raw = |role, kind, text| {
            format!(
                r#""item":{{"type":"message","role":"{role}","content":[{{"type":"{kind}","text":"{text}"}}]}},{of_turn}"#
            )
        };
        let begun = turn("inProgress");
        self.result(id, &format!("{{{begun}}}"))?;
        self.notify("rawResponseItem/completed", &raw("user", "input_text", "the prompt"))?;
        self.notify("turn/started", &format!(r#""threadId":"{thread}",{begun}"#))?;
        self.notify("item/started", &format!(r#"{},"startedAtMs":1000000,{of_turn}"#, item("")))?;
        let count = match plan {
            Plan::Deltas(count) => count,
            Plan::Hold => 1,
        };
        let delta = format!(r#""delta":" pong","itemId":"msg_1",{of_turn}"#);
        for _ in 0..count {
            self.notify("item/agentMessage/delta", &delta)?;
        }
        if matches!(plan, Plan::Hold) {
            return Ok(());
        }
        let text = " pong".repeat(count);
        self.notify("item/completed", &format!(r#""completedAtMs":1000000,{},{of_turn}"#, item(&text)))?;
        self.notify("rawResponseItem/completed", &raw("assistant", "output_text", &text))?;
        let usage = format!(
            r#""usage":{{"cacheWriteInputTokens":0,"cachedInputTokens":3,"inputTokens":11,"outputTokens":{count},"reasoningOutputTokens":0,"totalTokens":{}}}"#,
            11 + count
        );
        self.notify("rawResponse/completed", &format!(r#""responseId":"resp_1",{of_turn},{usage}"#))?;
        self.notify("turn/completed", &format!(r#""threadId":"{thread}",{}"#, turn("completed")))
    }

    fn result(&mut self, id: u64, result: &str) -> io::Result<()> {
        writeln!(self.out, r#"{{"id":{id},"result":{result}}}"#)
    }

    fn refuse(&mut self, id: u64) -> io::Result<()> {
        writeln!(self.out, r#"{{"id":{id},"error":{{"code":-32600,"message":"the stub does not know it"}}}}"#)
    }

    /// `params` are the fields of an object.
    fn notify(&mut self, method: &str, params: &str) -> io::Result<()> {
        writeln!(self.out, r#"{{"emittedAtMs":1000000,"method":"{method}","params":{{{params}}}}}"#)
    }
}
