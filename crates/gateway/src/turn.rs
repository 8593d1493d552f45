//! The two plain types in the middle: what is asked of the model, and what comes back.
//!
//! The OpenAI side parses requests into a [`Turn`] and encodes answers from [`TurnEvent`]s; the Codex side runs the one
//! and produces the other. Neither knows the other.

mod error;
mod item;

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

pub(crate) use error::{TurnError, TurnErrorKind};
pub(crate) use item::{Content, Item, Output, Phase, Reasoning, Role};

/// One request to the model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Turn {
    /// The model's name as Codex knows it.
    pub(crate) model: String,
    /// The whole conversation, in order.
    pub(crate) items: Vec<Item>,
    /// How much the model should think, in the model's own words.
    pub(crate) effort: String,
    /// How the model's reasoning is to be summarised, if it is.
    pub(crate) summary: Summary,
    /// How much the model should write; its own default when `None`.
    pub(crate) verbosity: Option<String>,
    /// How the turn is to be served, in Codex's words.
    pub(crate) service_tier: String,
    /// The model's context window in tokens, where it is known.
    pub(crate) context_window: Option<u64>,
    pub(crate) limits: Limits,
    /// Functions that the model may call.
    pub(crate) tools: Vec<Tool>,
    /// The JSON Schema that the answer's text must fit.
    pub(crate) output_schema: Option<Value>,
}

/// Which summary of the model's reasoning is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Summary {
    #[default]
    None,
    Auto,
    Concise,
    Detailed,
}

impl Summary {
    /// The word for it, of OpenAI's and Codex's alike.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Auto => "auto",
            Self::Concise => "concise",
            Self::Detailed => "detailed",
        }
    }
}

/// A function that the caller runs for the model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) description: String,
    /// The JSON Schema of its arguments.
    pub(crate) parameters: Value,
}

/// A call that the model made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolCall {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The argument string, exactly as the model wrote it.
    pub(crate) arguments: String,
}

/// Where the gateway ends an answer. Codex knows no such limits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Texts that end the answer and are not part of it; none of them is empty.
    pub(crate) stop: Vec<String>,
    /// How many tokens of text the answer may have.
    pub(crate) max_tokens: Option<usize>,
}

impl Turn {
    /// Every text of the conversation.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.items.iter().flat_map(Item::texts)
    }

    /// The size of the prompt: the bytes of all texts and of the images' URLs.
    pub(crate) fn content_bytes(&self) -> usize {
        let images = self.items.iter().flat_map(Item::parts).filter_map(|part| match part {
            Content::InputImage { image_url } => Some(image_url.as_str()),
            Content::InputText { .. } | Content::OutputText { .. } => None,
        });
        self.texts().chain(images).map(str::len).sum()
    }
}

/// What happens while a turn runs. A turn ends with exactly one `Completed`, or with a [`TurnError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TurnEvent {
    /// A piece of the summary of an item of reasoning, which is ahead of the item itself.
    ReasoningDelta {
        /// Counts the parts of the item's summary.
        part: usize,
        text: String,
    },
    /// An item of reasoning, whole. What it says counts, also where the deltas said something else.
    Reasoning(Reasoning),
    /// A message of the answer begins. An answer may have several, and none is told before its first delta.
    Message {
        phase: Option<Phase>,
    },
    /// A piece of the message's text.
    Delta(String),
    /// The text starts over: all its messages and deltas so far are void.
    Restarted,
    /// A call of a function. All calls come together, after the text.
    ToolCall(ToolCall),
    Completed(Completion),
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Completion {
    pub(crate) finish: Finish,
    /// `None` where Codex did not report any.
    pub(crate) usage: Option<Usage>,
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Finish {
    #[default]
    Stop,
    /// It waits for the outputs of its calls.
    ToolCalls,
    /// A limit on output tokens, of the caller's or of the provider's.
    Length,
    ContentFilter,
}

/// What is known of a turn beside its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TurnReport {
    /// The bytes of text and images in the prompt that Codex made of the turn.
    pub(crate) prompt_bytes: usize,
    pub(crate) timeline: Vec<(Milestone, Duration)>,
}

/// A point on a turn's way, timed from the moment that it asked for its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// The turn got its place.
    Admitted,
    /// It got its thread.
    Thread,
    /// Its conversation goes on in the thread that held it.
    Continued,
    /// Codex has taken the turn.
    TurnStarted,
    FirstDelta,
    /// The model has made its calls.
    ToolCalls,
    /// An attempt failed, and Codex tries again.
    Retry,
    TurnCompleted,
}

/// Token counts: the provider's, or the gateway's own where a turn was ended before the provider had told them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// All input tokens, the cached ones included.
    pub(crate) input: u64,
    pub(crate) cached_input: u64,
    /// All output tokens, the reasoning ones included.
    pub(crate) output: u64,
    pub(crate) reasoning_output: u64,
}

/// What a turn has cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) usage: Usage,
    /// Whether nobody has told it, and nobody will.
    pub(crate) is_estimated: bool,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input += other.input;
        self.cached_input += other.cached_input;
        self.output += other.output;
        self.reasoning_output += other.reasoning_output;
    }
}
