//! A Responses API provider that plays a script.
//!
//! It is a real HTTP server. Codex, pointed at it by [`CodexConfig`], sends `POST <base_url>/responses`
//! and reads back the server-sent events, the HTTP error or the broken connection that a [`Script`] asks
//! for. Every request is recorded exactly as it came, so a test sees what the model would have received.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use scripted_model::{CodexConfig, Script, ScriptedModel};
//!
//! let model = ScriptedModel::start(([127, 0, 0, 1], 0).into()).await?;
//! model.codex_home("/tmp/codex-home".as_ref(), &CodexConfig::default())?;
//! model.set_default(Script::text("pong"));
//! model.push(Script::rate_limited(7));
//! // … run Codex: its first request is refused, every later one is answered with "pong" …
//! let requests = model.wait_for_requests(1, Duration::from_secs(5)).await?;
//! assert_eq!(requests[0].json()["stream"], true);
//! # Ok(())
//! # }
//! ```
//!
//! # Scripts as JSON
//!
//! Tests in other languages start the binary `scripted-model` and set scripts over HTTP.
//!
//! | request | does |
//! |---|---|
//! | `PUT /control/default` | sets the script of every request that finds the queue empty |
//! | `POST /control/push` | queues a script for one request |
//! | `DELETE /control/queue` | forgets the queued scripts |
//! | `GET /control/requests` | `{"arrived": n, "ended": n, "requests": [RecordedRequest, …]}` |
//! | `GET /control/requests?wait=N&until=arrived\|ended&timeout_ms=M` | the same, once N requests arrived (the default) or ended; 504 after M ms (5000) |
//! | `DELETE /control/requests` | forgets the recorded requests and counts from 0 again |
//! | `GET /control/config.toml` | the text for `CODEX_HOME`; the fields of [`CodexConfig`] as query |
//!
//! The body of the first two is a script, in one of two shapes. A stream of events:
//!
//! ```json
//! {
//!   "steps": [
//!     {"reasoning": {"summary": [["Think", "ing"]], "encrypted_content": "opaque"}},
//!     {"pause_ms": 20},
//!     {"message": {"deltas": ["po", "ng"], "pause_ms": 5, "phase": "final_answer"}},
//!     {"text": "a message of one delta"},
//!     {"echo": {"prefix": "You said: ", "pause_ms": 0}},
//!     {"function_call": {"name": "get_weather", "arguments": "{\"city\": \"Oslo\"}", "call_id": "call_1"}},
//!     {"event": {"type": "response.anything", "field": 1}},
//!     {"garbage": "raw bytes as a string, or as a list of numbers"}
//!   ],
//!   "end": "completed",
//!   "usage": {"input_tokens": 11, "cached_tokens": 3, "output_tokens": 7, "reasoning_tokens": 2},
//!   "headers": {"x-request-id": "req_1"},
//!   "created": true
//! }
//! ```
//!
//! or an answer without a stream:
//!
//! ```json
//! {"status": 429, "headers": {"retry-after": "7"}, "body": {"error": {"message": "slow down"}}}
//! ```
//!
//! Only `steps` or `status` must be there. [`EventStream`], [`Step`], [`End`] and [`HttpError`] document
//! each field.

mod codex;
mod control;
mod demo;
mod key;
mod log;
mod playback;
mod responses;
mod script;
mod server;
mod shared;
mod timeline;

pub use codex::CodexConfig;
pub use demo::{DEMO_NOTICE, Demo};
pub use log::{Ended, How, Limits, RecordedRequest, TimedOut, Until};
pub use script::{
    Echo, End, EventStream, FunctionCall, Garbage, Headers, HttpError, InvalidScript, Message, Phase,
    RawEvent, Reasoning, Script, Step, Usage,
};
pub use server::ScriptedModel;
