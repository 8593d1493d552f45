//! Finds what the user said last.

use serde::Deserialize;

/// The text of the last user message in a Responses request; empty when there is none.
pub(super) fn last_user_text(request_body: &[u8]) -> String {
    let Ok(request) = serde_json::from_slice::<Request>(request_body) else { return String::new() };
    match request.input {
        Input::Text(text) => text,
        Input::Items(items) => items
            .into_iter()
            .rfind(|item| item.role.as_deref() == Some("user"))
            .and_then(|item| item.content)
            .map_or_else(String::new, Content::into_text),
    }
}

#[derive(Deserialize)]
struct Request {
    input: Input,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Items(Vec<Item>),
}

/// Any item: only messages have a role.
#[derive(Deserialize)]
struct Item {
    role: Option<String>,
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

/// Any content part: images and files have no text.
#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

impl Content {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => {
                parts.into_iter().filter_map(|part| part.text).collect::<Vec<_>>().join("\n")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::last_user_text;

    #[test]
    fn the_last_user_message_is_found_among_other_items() {
        let request = br#"{"model": "m", "input": [
            {"role": "user", "content": "first"},
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": "data:image/png;base64,"},
                {"type": "input_text", "text": "here"}]},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "no"}], "content": null},
            {"type": "function_call_output", "call_id": "c", "output": "no"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "no"}]}]}"#;
        assert_eq!(last_user_text(request), "look\nhere");
    }

    #[test]
    fn a_plain_input_is_the_user_speaking() {
        assert_eq!(last_user_text(br#"{"input": "hello"}"#), "hello");
    }

    #[test]
    fn nothing_said_is_empty() {
        for request in [r#"{"input": []}"#, r#"{"input": [{"role": "user"}]}"#, "{}", "not JSON"] {
            assert_eq!(last_user_text(request.as_bytes()), "", "{request}");
        }
    }
}
