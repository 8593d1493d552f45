//! The record of one request.

use serde::Serialize;

use crate::turn::Milestone;

/// What is known of a request once it is over. No secret is in it, and the text of messages only where the person
/// switched that on.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Record {
    /// The same as the answer's `x-request-id`.
    pub id: String,
    /// When it came, in milliseconds since 1970.
    pub time_ms: u64,
    /// The program that asked, as far as it names itself.
    pub client: String,
    pub method: String,
    pub path: String,
    pub model_asked: Option<String>,
    /// The name that Codex was given.
    pub model_used: Option<String>,
    pub stream: bool,
    /// The HTTP status; 499 where the caller hung up before the end.
    pub status: u16,
    pub first_token_ms: Option<u64>,
    pub duration_ms: u64,
    pub tokens: Option<Tokens>,
    pub parameters: Parameters,
    pub prompt: Option<PromptBytes>,
    /// What happened in the session layer, in order.
    pub timeline: Vec<Step>,
    /// Why it failed, if it did; within a stream, too.
    pub error: Option<Failure>,
    pub text: Option<Text>,
}

/// Where the gateway tells of its health.
pub(crate) const HEALTH_PATH: &str = "/healthz";

impl Record {
    /// Whether somebody only looked at how the gateway is doing.
    pub fn is_health_check(&self) -> bool {
        self.path == HEALTH_PATH
    }
}

/// Token counts as the provider reported them; the gateway's own where it ended the turn before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Tokens {
    pub input: u64,
    pub cached: u64,
    pub output: u64,
    pub reasoning: u64,
    /// Whether they are no counts: the caller hung up before there were any, and the lengths of the texts tell about how
    /// many it must have been.
    pub estimated: bool,
}

/// What became of each field of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Parameters {
    pub honoured: Vec<String>,
    /// Accepted because they ask for nothing.
    pub neutral: Vec<String>,
    /// Left out because the settings say so; the answer named them too.
    pub ignored: Vec<String>,
    pub refused: Vec<String>,
}

/// The size of the prompt, in bytes of text and images. Where more was received than sent, Codex added something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PromptBytes {
    pub sent: usize,
    pub received: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Step {
    pub name: Milestone,
    pub at_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Failure {
    pub message: String,
    pub code: Option<String>,
    pub param: Option<String>,
}

/// What was said, redacted and bounded: of a long prompt both ends, of a long answer the beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Text {
    pub prompt: String,
    pub answer: String,
}
