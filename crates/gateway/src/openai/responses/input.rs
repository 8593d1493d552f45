//! The input of a request, as items of a turn: each where it stood, nothing joined, nothing left out.

use super::{History, Missing};
use crate::{
    openai::{
        error::ApiError,
        policy::Trace,
        turn_request::{ImagePart, detail, finish_part},
        value::{At, Fields},
    },
    turn::{Content, Item, Output, Phase, Reasoning, Role},
};

/// Understands what comes new to a conversation.
pub(super) struct Input<'a> {
    /// The whole conversation, which begins with what was there before.
    pub(super) items: Vec<Item>,
    pub(super) images: Vec<ImagePart>,
    pub(super) history: &'a History,
    pub(super) trace: &'a mut Trace,
}

impl Input<'_> {
    pub(super) fn add(&mut self, input: At) -> Result<(), ApiError> {
        if input.value().is_string() {
            let text = input.string()?;
            self.items.push(Item::message(Role::User, vec![Content::InputText { text }]));
            return Ok(());
        }
        if !input.value().is_array() {
            return Err(input.wrong_type("a string or a list of items"));
        }
        for item in input.list()? {
            self.item(item.object()?)?;
        }
        Ok(())
    }

    fn item(&mut self, mut item: Fields) -> Result<(), ApiError> {
        let kind = item.take("type").map(At::string).transpose()?;
        let id = item.take("id").map(At::string).transpose()?;
        // How far an item had come has no bearing once it is history.
        item.take("status");
        let item = match (kind.as_deref(), id) {
            (Some("message"), _) => self.message(&mut item).map(|parsed| (parsed, item))?,
            (None, _) if item.has("role") => self.message(&mut item).map(|parsed| (parsed, item))?,
            (Some("function_call"), _) => {
                direct(&mut item)?;
                let parsed = Item::FunctionCall {
                    call_id: item.require("call_id")?.string()?,
                    name: item.require("name")?.string()?,
                    arguments: item.require("arguments")?.string()?,
                };
                (parsed, item)
            }
            (Some("function_call_output"), _) => {
                direct(&mut item)?;
                // Some clients repeat the function's name, which the call has.
                item.take("name");
                let call_id = item.require("call_id")?.string()?;
                let output = item.require("output")?;
                let output = if output.value().is_string() {
                    Output::Text(output.string()?)
                } else {
                    Output::Parts(self.parts(output, Speaker::Function)?)
                };
                (Item::FunctionCallOutput { call_id, output }, item)
            }
            (Some("reasoning"), id) => match self.reasoning(&mut item, id.as_deref())? {
                Some(parsed) => (parsed, item),
                None => return Ok(()),
            },
            (Some("item_reference") | None, Some(id)) => match self.history.item(&id) {
                Some(parsed) => (parsed, item),
                None => return Err(self.history.missing(Missing::Item(&id))),
            },
            (Some(other), _) => {
                let path = item.path_of("type");
                return Err(ApiError::unsupported(
                    &path,
                    format!(
                        "`{path}` is `{other}`; supported here: `message`, `function_call`, `function_call_output`, \
                         `reasoning` and `item_reference`."
                    ),
                ));
            }
            (None, None) => {
                item.require("type")?;
                return Ok(());
            }
        };
        let (parsed, rest) = item;
        rest.finish()?;
        self.items.push(parsed);
        Ok(())
    }

    fn message(&mut self, message: &mut Fields) -> Result<Item, ApiError> {
        let role = message.require("role")?;
        let role_path = role.path().to_owned();
        let (role, speaker) = match role.string()?.as_str() {
            // Codex drops items with the role `system`; `developer` is its newer name for the same.
            "system" | "developer" => (Role::Developer, Speaker::Developer),
            "user" => (Role::User, Speaker::User),
            "assistant" => (Role::Assistant, Speaker::Assistant),
            other => {
                return Err(ApiError::invalid(
                    &role_path,
                    "invalid_value",
                    format!(
                        "`{role_path}` is `{other}`; it must be one of `developer`, `system`, `user` and `assistant`."
                    ),
                ));
            }
        };
        let phase = message.take("phase").map(phase).transpose()?.filter(|_| role == Role::Assistant);
        let content = message.require("content")?;
        let content = if content.value().is_string() {
            vec![speaker.says(content.string()?)]
        } else {
            self.parts(content, speaker)?
        };
        Ok(Item::Message { role, content, phase })
    }

    fn parts(&mut self, content: At, speaker: Speaker) -> Result<Vec<Content>, ApiError> {
        if !content.value().is_array() {
            return Err(content.wrong_type("a string or a list of parts"));
        }
        let path = content.path().to_owned();
        let parts = content.list()?;
        if parts.is_empty() {
            let message = format!("`{path}` must hold at least one part.");
            return Err(ApiError::invalid(&path, "invalid_value", message));
        }
        let mut parsed = Vec::with_capacity(parts.len());
        for part in parts {
            let content = self.part(part.object()?, speaker, parsed.len())?;
            parsed.push(content);
        }
        Ok(parsed)
    }

    fn part(&mut self, mut part: Fields, speaker: Speaker, number: usize) -> Result<Content, ApiError> {
        let kind = part.require("type")?;
        let kind_path = kind.path().to_owned();
        let kind = kind.string()?;
        let content = match (kind.as_str(), speaker) {
            ("input_text", Speaker::User | Speaker::Developer | Speaker::Function) => {
                Content::InputText { text: part.require("text")?.string()? }
            }
            ("output_text", Speaker::Assistant) => {
                part.take("logprobs");
                if part.take("annotations").is_some_and(|annotations| !annotations.is_empty_list()) {
                    let path = part.path_of("annotations");
                    self.trace.cannot_honour(&path, "Codex can't give the model annotations.")?;
                }
                Content::OutputText { text: part.require("text")?.string()? }
            }
            // It is what the model said.
            ("refusal", Speaker::Assistant) => {
                Content::OutputText { text: part.require("refusal")?.string()? }
            }
            ("input_image", Speaker::User | Speaker::Function) => {
                let image_url = part.require("image_url")?;
                self.images.push(ImagePart {
                    item: self.items.len(),
                    part: number,
                    param: image_url.path().to_owned(),
                });
                let image_url = image_url.string()?;
                part.take("detail").map(|asked| detail(asked, self.trace)).transpose()?;
                Content::InputImage { image_url }
            }
            (other, _) => {
                return Err(ApiError::unsupported(
                    &kind_path,
                    format!("`{kind_path}` is `{other}`; supported here: {}.", speaker.parts()),
                ));
            }
        };
        finish_part(part)?;
        Ok(content)
    }

    /// Reasoning that the model did before, `None` where it is left out. The model can use only what the provider
    /// encrypted; a caller who does not have that may know its id.
    fn reasoning(&mut self, item: &mut Fields, id: Option<&str>) -> Result<Option<Item>, ApiError> {
        let mut summary = Vec::new();
        if let Some(parts) = item.take("summary") {
            for part in parts.list()? {
                let mut part = part.object()?;
                part.require("type")?;
                summary.push(part.require("text")?.string()?);
                part.finish()?;
            }
        }
        // The reasoning in clear, of models that are not OpenAI's.
        if let Some(content) = item.take("content").filter(|content| !content.is_empty_list()) {
            self.trace.cannot_honour(content.path(), "Codex can't give the model reasoning in clear.")?;
        }
        let encrypted_content = item.take("encrypted_content").map(At::string).transpose()?;
        if encrypted_content.is_some() {
            return Ok(Some(Item::Reasoning(Reasoning { summary, encrypted_content })));
        }
        if let Some(stored) = id.and_then(|id| self.history.item(id)) {
            return Ok(Some(stored));
        }
        self.trace.cannot_honour(
            item.path(),
            "It has no `encrypted_content`, and the gateway has not stored its id, so the model can't be given this \
             reasoning. Ask for it with `include: [\"reasoning.encrypted_content\"]`.",
        )?;
        Ok(None)
    }
}

/// Whose words a part is in.
#[derive(Debug, Clone, Copy)]
enum Speaker {
    Developer,
    User,
    Assistant,
    Function,
}

impl Speaker {
    fn says(self, text: String) -> Content {
        match self {
            Self::Assistant => Content::OutputText { text },
            Self::Developer | Self::User | Self::Function => Content::InputText { text },
        }
    }

    fn parts(self) -> &'static str {
        match self {
            Self::Developer => "`input_text`",
            Self::User | Self::Function => "`input_text` and `input_image`",
            Self::Assistant => "`output_text` and `refusal`",
        }
    }
}

fn phase(phase: At) -> Result<Phase, ApiError> {
    let path = phase.path().to_owned();
    match phase.string()?.as_str() {
        "commentary" => Ok(Phase::Commentary),
        "final_answer" => Ok(Phase::FinalAnswer),
        other => Err(ApiError::invalid(
            &path,
            "invalid_value",
            format!("`{path}` is `{other}`; it must be `commentary` or `final_answer`."),
        )),
    }
}

/// Refuses a call that a program of OpenAI's made, not the model.
fn direct(item: &mut Fields) -> Result<(), ApiError> {
    let Some(caller) = item.take("caller") else { return Ok(()) };
    let path = caller.path().to_owned();
    match caller.object()?.require("type")?.string()?.as_str() {
        "direct" => Ok(()),
        _ => Err(ApiError::unsupported(&path, format!("`{path}`: only the model can have made a call."))),
    }
}

#[cfg(test)]
mod tests;
