//! The messages of a chat, as items of a turn: each where it stood, nothing joined, nothing left out.

use super::ImagePart;
use crate::{
    openai::{
        error::ApiError,
        value::{At, Fields},
    },
    turn::{Content, Item, Role},
};

/// A conversation that was understood.
#[derive(Debug, Default)]
pub(super) struct Messages {
    pub(super) items: Vec<Item>,
    pub(super) images: Vec<ImagePart>,
    pub(super) ignored: Vec<String>,
}

pub(super) fn parse(messages: At) -> Result<Messages, ApiError> {
    let path = messages.path().to_owned();
    let messages = messages.list()?;
    if messages.is_empty() {
        return Err(ApiError::invalid(
            &path,
            "invalid_value",
            format!("`{path}` must hold at least one message."),
        ));
    }
    let mut parsed = Messages::default();
    for message in messages {
        parsed.add(message.object()?)?;
    }
    Ok(parsed)
}

impl Messages {
    fn add(&mut self, mut message: Fields) -> Result<(), ApiError> {
        let role = message.require("role")?;
        let role_path = role.path().to_owned();
        let role = role.string()?;
        let item = match role.as_str() {
            // Codex drops items with the role `system`; `developer` is its newer name for the same.
            "system" | "developer" => Item::Message {
                role: Role::Developer,
                content: texts(message.require("content")?, input_text)?,
            },
            "user" => {
                Item::Message { role: Role::User, content: self.user_content(message.require("content")?)? }
            }
            "assistant" => Item::Message { role: Role::Assistant, content: assistant_content(&mut message)? },
            "tool" | "function" => {
                return Err(ApiError::unsupported(
                    message.path(),
                    format!("`{}`: messages of the role `{role}` are not supported yet.", message.path()),
                ));
            }
            _ => {
                return Err(ApiError::invalid(
                    &role_path,
                    "invalid_value",
                    format!(
                        "`{role_path}` is `{role}`; it must be one of `developer`, `system`, `user` and `assistant`."
                    ),
                ));
            }
        };
        message.finish()?;
        self.items.push(item);
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
                    self.images.push(ImagePart {
                        item: self.items.len(),
                        part: parsed.len(),
                        param: part.path_of("image_url.url"),
                    });
                    Content::InputImage { image_url: url }
                }
                _ => return Err(unsupported_part(&part, &kind, "`text` and `image_url`")),
            });
            part.finish()?;
        }
        Ok(parsed)
    }

    fn image_url(&mut self, image_url: At) -> Result<String, ApiError> {
        let mut image_url = image_url.object()?;
        let url = image_url.require("url")?.string()?;
        if let Some(detail) = image_url.take("detail") {
            let path = detail.path().to_owned();
            match detail.string()?.as_str() {
                "auto" | "high" => {}
                // Codex always sends an image as it is.
                "low" => self.ignored.push(path),
                other => {
                    return Err(ApiError::invalid(
                        &path,
                        "invalid_value",
                        format!("`{path}` is `{other}`; it must be one of `auto`, `low` and `high`."),
                    ));
                }
            }
        }
        image_url.finish()?;
        Ok(url)
    }
}

/// What the model said before: text, a refusal, or both.
fn assistant_content(message: &mut Fields) -> Result<Vec<Content>, ApiError> {
    let mut content = match message.take("content") {
        Some(content) => texts(content, output_text)?,
        None => Vec::new(),
    };
    if let Some(refusal) = message.take("refusal") {
        content.push(output_text(refusal.string()?));
    }
    if let Some(calls) = message.take("tool_calls") {
        if calls.value().as_array().is_none_or(|calls| !calls.is_empty()) {
            let path = calls.path();
            return Err(ApiError::unsupported(path, format!("`{path}`: tool calls are not supported yet.")));
        }
    }
    if content.is_empty() {
        let path = message.path_of("content");
        return Err(ApiError::invalid(&path, "missing_required_parameter", format!("`{path}` is required.")));
    }
    Ok(content)
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
            part.finish()?;
            Ok(wrap(text))
        })
        .collect()
}

fn non_empty(content: At) -> Result<Vec<At>, ApiError> {
    let path = content.path().to_owned();
    let parts = content.list().map_err(|error| {
        ApiError::invalid(
            &path,
            "invalid_type",
            error.body.message.replace("a list", "a string or a list of parts"),
        )
    })?;
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
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn parsed(messages: Value) -> Messages {
        parse(At::new("messages", messages)).unwrap()
    }

    fn error(messages: Value) -> (String, String) {
        let error = parse(At::new("messages", messages)).unwrap_err();
        assert_eq!(error.status, 400);
        (error.body.param.unwrap(), error.body.code.unwrap())
    }

    #[test]
    fn every_message_stays_where_it_stood() {
        let messages = parsed(json!([
            {"role": "system", "content": "s"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": ""}]},
            {"role": "assistant", "content": null, "refusal": "no"},
            {"role": "developer", "content": [{"type": "text", "text": "d"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "b"}, {"type": "refusal", "refusal": "c"}]},
        ]));
        assert_eq!(
            serde_json::to_value(&messages.items).unwrap(),
            json!([
                {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "s"}]},
                {"type": "message", "role": "user", "content": [
                    {"type": "input_text", "text": "a"}, {"type": "input_text", "text": ""}]},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "no"}]},
                {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "d"}]},
                {"type": "message", "role": "assistant", "content": [
                    {"type": "output_text", "text": "b"}, {"type": "output_text", "text": "c"}]},
            ])
        );
    }

    #[test]
    fn images_keep_their_place_and_a_low_detail_is_reported() {
        let messages = parsed(json!([
            {"role": "user", "content": "first"},
            {"role": "user", "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "data:x", "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://example.org/x.png", "detail": "high"}},
            ]},
        ]));
        let part = |part, param: &str| ImagePart { item: 1, part, param: param.into() };
        assert_eq!(
            messages.images,
            [
                part(1, "messages[1].content[1].image_url.url"),
                part(2, "messages[1].content[2].image_url.url")
            ]
        );
        assert_eq!(messages.ignored, ["messages[1].content[1].image_url.detail"]);
    }

    #[test]
    fn what_cannot_be_taken_is_refused_where_it_stands() {
        let user = |content: Value| json!([{"role": "user", "content": content}]);
        for (messages, param, code) in [
            (json!(["hi"]), "messages[0]", "invalid_type"),
            (json!([{"content": "hi"}]), "messages[0].role", "missing_required_parameter"),
            (json!([{"role": "robot", "content": "hi"}]), "messages[0].role", "invalid_value"),
            (json!([{"role": "user"}]), "messages[0].content", "missing_required_parameter"),
            (user(json!(7)), "messages[0].content", "invalid_type"),
            (user(json!([])), "messages[0].content", "invalid_value"),
            (user(json!([{"text": "x"}])), "messages[0].content[0].type", "missing_required_parameter"),
            (user(json!([{"type": "input_audio"}])), "messages[0].content[0]", "unsupported_feature"),
            (user(json!([{"type": "text", "text": 1}])), "messages[0].content[0].text", "invalid_type"),
            (
                user(json!([{"type": "image_url", "image_url": {"url": "u", "detail": "tiny"}}])),
                "messages[0].content[0].image_url.detail",
                "invalid_value",
            ),
            (
                user(json!([{"type": "image_url", "image_url": "u"}])),
                "messages[0].content[0].image_url",
                "invalid_type",
            ),
            (
                json!([{"role": "user", "content": "x", "name": "bob"}]),
                "messages[0].name",
                "unsupported_feature",
            ),
            (
                json!([{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}]),
                "messages[0].content[0]",
                "unsupported_feature",
            ),
            (
                json!([{"role": "assistant", "content": null}]),
                "messages[0].content",
                "missing_required_parameter",
            ),
            (
                json!([{"role": "assistant", "content": "x", "tool_calls": [{}]}]),
                "messages[0].tool_calls",
                "unsupported_feature",
            ),
            (
                json!([{"role": "tool", "tool_call_id": "c", "content": "x"}]),
                "messages[0]",
                "unsupported_feature",
            ),
        ] {
            assert_eq!(error(messages.clone()), (param.to_owned(), code.to_owned()), "{messages}");
        }
    }
}
