//! A conversation's pieces.

use serde::{Deserialize, Serialize};

/// A piece of conversation. Serialised, it is an input item of the Responses API, which is the form that Codex takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Item {
    Message {
        role: Role,
        content: Vec<Content>,
        /// What an assistant's message is for, where the model said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phase: Option<Phase>,
    },
    Reasoning(Reasoning),
    /// A call of a function, made by the model earlier in the conversation.
    FunctionCall {
        call_id: String,
        name: String,
        /// The argument string exactly as the model wrote it, which need not be valid JSON.
        arguments: String,
    },
    /// What the function gave back.
    FunctionCallOutput {
        call_id: String,
        output: Output,
    },
}

impl Item {
    pub(crate) fn message(role: Role, content: Vec<Content>) -> Self {
        Self::Message { role, content, phase: None }
    }

    /// Every text in it.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let texts = self.parts().iter().filter_map(|part| match part {
            Content::InputText { text } | Content::OutputText { text } => Some(text.as_str()),
            Content::InputImage { .. } => None,
        });
        texts.chain(self.text())
    }

    pub(crate) fn has_image(&self) -> bool {
        self.parts().iter().any(|part| matches!(part, Content::InputImage { .. }))
    }

    pub(super) fn parts(&self) -> &[Content] {
        match self {
            Self::Message { content, .. }
            | Self::FunctionCallOutput { output: Output::Parts(content), .. } => content,
            Self::FunctionCall { .. } | Self::FunctionCallOutput { .. } | Self::Reasoning(_) => &[],
        }
    }

    pub(crate) fn parts_mut(&mut self) -> &mut [Content] {
        match self {
            Self::Message { content, .. }
            | Self::FunctionCallOutput { output: Output::Parts(content), .. } => content,
            Self::FunctionCall { .. } | Self::FunctionCallOutput { .. } | Self::Reasoning(_) => &mut [],
        }
    }

    /// Whether it is a message of the assistant's that says nothing.
    pub(crate) fn is_silence(&self) -> bool {
        let says_nothing = |part: &Content| matches!(part, Content::OutputText { text } if text.is_empty());
        matches!(self, Self::Message { role: Role::Assistant, content, .. } if content.iter().all(says_nothing))
    }

    /// Text outside of parts.
    fn text(&self) -> Option<&str> {
        match self {
            Self::FunctionCall { arguments: text, .. }
            | Self::FunctionCallOutput { output: Output::Text(text), .. } => Some(text),
            Self::FunctionCallOutput { .. } | Self::Message { .. } | Self::Reasoning(_) => None,
        }
    }
}

/// A function's output: one text, or parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Output {
    Text(String),
    Parts(Vec<Content>),
}

/// Who speaks. There is no `system`: Codex drops items of that role in silence, and `developer` is its newer name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Developer,
    User,
    Assistant,
}

/// What a message of the model's is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Narration on the way to the answer.
    Commentary,
    FinalAnswer,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Content {
    InputText {
        text: String,
    },
    /// Text that the model wrote earlier in the conversation.
    OutputText {
        text: String,
    },
    /// `image_url` is a data URL by the time the turn is run.
    InputImage {
        image_url: String,
    },
}

/// How the model came to its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reasoning {
    /// The parts of its summary; none where no summary was asked for.
    #[serde(with = "summary_parts")]
    pub(crate) summary: Vec<String>,
    /// The reasoning itself, which only the provider can read.
    #[serde(default)]
    pub(crate) encrypted_content: Option<String>,
}

/// A summary as the Responses API has it: a list of objects.
mod summary_parts {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(tag = "type", rename = "summary_text")]
    struct Part<T> {
        text: T,
    }

    pub(super) fn serialize<S: Serializer>(summary: &[String], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(summary.iter().map(|text| Part { text }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        let parts = Vec::<Part<String>>::deserialize(deserializer)?;
        Ok(parts.into_iter().map(|part| part.text).collect())
    }
}
