//! The messages of a chat, as items of a turn: each where it stood, nothing joined, nothing left out.

use super::calls::Calls;
use crate::{
    openai::{
        error::ApiError,
        policy::Trace,
        turn_request::{ImagePart, detail, finish_part},
        value::{At, Fields},
    },
    turn::{Content, Item, Output, Role},
};

/// A conversation that was understood.
#[derive(Debug, PartialEq)]
pub(super) struct Messages {
    pub(super) items: Vec<Item>,
    pub(super) images: Vec<ImagePart>,
}

pub(super) fn parse(messages: At, trace: &mut Trace) -> Result<Messages, ApiError> {
    let path = messages.path().to_owned();
    let messages = messages.list()?;
    if messages.is_empty() {
        return Err(ApiError::invalid(
            &path,
            "invalid_value",
            format!("`{path}` must hold at least one message."),
        ));
    }
    let mut parser = Parser {
        messages: Messages { items: Vec::new(), images: Vec::new() },
        calls: Calls::default(),
        trace,
    };
    for message in messages {
        parser.add(message.object()?)?;
    }
    parser.calls.finish()?;
    Ok(parser.messages)
}

struct Parser<'a> {
    messages: Messages,
    calls: Calls,
    trace: &'a mut Trace,
}

impl Parser<'_> {
    fn add(&mut self, mut message: Fields) -> Result<(), ApiError> {
        let role = message.require("role")?;
        let role_path = role.path().to_owned();
        let role = role.string()?;
        if !matches!(role.as_str(), "tool" | "function") {
            self.calls.expect_none_open(message.path())?;
            // Responses API items, which Codex takes, have no place for it.
            if let Some(name) = message.take("name") {
                let path = name.path().to_owned();
                name.string()?;
                self.trace.cannot_honour(&path, "Codex can't tell the model who speaks by name.")?;
            }
        }
        match role.as_str() {
            // Codex drops items with the role `system`; `developer` is its newer name for the same.
            "system" | "developer" => {
                let content = texts(message.require("content")?, input_text)?;
                self.push(Item::message(Role::Developer, content));
            }
            "user" => {
                let content = self.user_content(message.require("content")?)?;
                self.push(Item::message(Role::User, content));
            }
            "assistant" => self.assistant(&mut message)?,
            "tool" => {
                let call_id = self.calls.answer(&mut message)?;
                self.output(call_id, &mut message)?;
            }
            // The older name for the same.
            "function" => {
                let call_id = self.calls.answer_older(&mut message)?;
                self.output(call_id, &mut message)?;
            }
            _ => {
                return Err(ApiError::invalid(
                    &role_path,
                    "invalid_value",
                    format!(
                        "`{role_path}` is `{role}`; it must be one of `developer`, `system`, `user`, `assistant` and \
                         `tool`."
                    ),
                ));
            }
        }
        message.finish()
    }

    fn push(&mut self, item: Item) {
        self.messages.items.push(item);
    }

    /// What a function gave back.
    fn output(&mut self, call_id: String, message: &mut Fields) -> Result<(), ApiError> {
        let content = message.require("content")?;
        let output = if content.value().is_string() {
            Output::Text(content.string()?)
        } else {
            Output::Parts(texts(content, input_text)?)
        };
        self.push(Item::FunctionCallOutput { call_id, output });
        Ok(())
    }

    /// What the model said before: text, a refusal, calls of functions, or several of these.
    fn assistant(&mut self, message: &mut Fields) -> Result<(), ApiError> {
        let mut content = match message.take("content") {
            Some(content) => texts(content, output_text)?,
            None => Vec::new(),
        };
        if let Some(refusal) = message.take("refusal") {
            content.push(output_text(refusal.string()?));
        }
        if message.take("annotations").is_some_and(|annotations| !annotations.is_empty_list()) {
            let path = message.path_of("annotations");
            self.trace.cannot_honour(&path, "Codex can't give the model annotations.")?;
        }
        // What the SDKs make of the content, and send back beside it.
        message.take("parsed");
        // The model is given its own reasoning where its thread goes on, and never a summary of it.
        message.take("reasoning_content").map(At::string).transpose()?;
        let calls = self.calls.ask(message)?;
        if content.is_empty() && calls.is_empty() {
            let path = message.path_of("content");
            return Err(ApiError::invalid(
                &path,
                "missing_required_parameter",
                format!("`{path}` is required where there are no `tool_calls`."),
            ));
        }
        if !content.is_empty() {
            self.push(Item::message(Role::Assistant, content));
        }
        self.messages.items.extend(calls);
        Ok(())
    }

    fn user_content(&mut self, content: At) -> Result<Vec<Content>, ApiError> {
        if content.value().is_string() {
            return Ok(vec![input_text(content.string()?)]);
        }
        let mut parsed = Vec::new();
        for part in non_empty(content)? {
            let mut part = part.object()?;
            let kind = part.require("type")?.string()?;
            parsed.push(match kind.as_str() {
                "text" => input_text(part.require("text")?.string()?),
                "image_url" => {
                    let url = self.image_url(part.require("image_url")?)?;
                    self.messages.images.push(ImagePart {
                        item: self.messages.items.len(),
                        part: parsed.len(),
                        param: part.path_of("image_url.url"),
                    });
                    Content::InputImage { image_url: url }
                }
                _ => return Err(unsupported_part(&part, &kind, "`text` and `image_url`")),
            });
            finish_part(part)?;
        }
        Ok(parsed)
    }

    fn image_url(&mut self, image_url: At) -> Result<String, ApiError> {
        let mut image_url = image_url.object()?;
        let url = image_url.require("url")?.string()?;
        image_url.take("detail").map(|asked| detail(asked, self.trace)).transpose()?;
        image_url.finish()?;
        Ok(url)
    }
}

/// A string, or a list of text parts. Refusals count as text: they are what the model said.
fn texts(content: At, wrap: fn(String) -> Content) -> Result<Vec<Content>, ApiError> {
    if content.value().is_string() {
        return Ok(vec![wrap(content.string()?)]);
    }
    non_empty(content)?
        .into_iter()
        .map(|part| {
            let mut part = part.object()?;
            let kind = part.require("type")?.string()?;
            let text = match kind.as_str() {
                "text" => part.require("text")?.string()?,
                "refusal" => part.require("refusal")?.string()?,
                _ => return Err(unsupported_part(&part, &kind, "`text`")),
            };
            finish_part(part)?;
            Ok(wrap(text))
        })
        .collect()
}

fn non_empty(content: At) -> Result<Vec<At>, ApiError> {
    let path = content.path().to_owned();
    if !content.value().is_array() {
        return Err(ApiError::invalid(
            &path,
            "invalid_type",
            format!("`{path}` must be a string or a list of parts."),
        ));
    }
    let parts = content.list()?;
    if parts.is_empty() {
        return Err(ApiError::invalid(
            &path,
            "invalid_value",
            format!("`{path}` must hold at least one part."),
        ));
    }
    Ok(parts)
}

fn unsupported_part(part: &Fields, kind: &str, supported: &str) -> ApiError {
    let path = part.path();
    ApiError::unsupported(
        path,
        format!("`{path}` is a part of the type `{kind}`; supported here: {supported}."),
    )
}

fn input_text(text: String) -> Content {
    Content::InputText { text }
}

fn output_text(text: String) -> Content {
    Content::OutputText { text }
}

#[cfg(test)]
mod tests;
