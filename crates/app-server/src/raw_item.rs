//! Items of a prompt or an answer as they are on the wire, as far as they are read.

use serde::Deserialize;

/// An item of the Responses API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawItem {
    /// The bytes of its text and of its images' URLs.
    pub content_bytes: usize,
    /// The call, if it is one of a function.
    pub function_call: Option<FunctionCall>,
}

/// A call of a function, as the model wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCall {
    pub call_id: String,
    pub name: String,
    /// The argument string, which need not be valid JSON.
    pub arguments: String,
}

impl RawItem {
    /// How much memory the item holds.
    pub(crate) fn weight(&self) -> usize {
        let call = self.function_call.as_ref();
        call.map_or(0, |call| call.call_id.len() + call.name.len() + call.arguments.len())
    }
}

#[derive(Deserialize)]
pub(crate) struct Read {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    content: Option<Vec<Part>>,
    #[serde(default)]
    arguments: Option<String>,
    #[serde(default)]
    output: Option<Output>,
    #[serde(default)]
    call_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Output {
    Text(String),
    Parts(Vec<Part>),
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    image_url: Option<String>,
}

impl From<Read> for RawItem {
    fn from(item: Read) -> Self {
        let parts = |parts: &[Part]| -> usize {
            parts.iter().flat_map(|part| [&part.text, &part.image_url]).flatten().map(String::len).sum()
        };
        let output = match &item.output {
            Some(Output::Text(text)) => text.len(),
            Some(Output::Parts(output)) => parts(output),
            Some(Output::Other(_)) | None => 0,
        };
        let content_bytes = output
            + parts(item.content.as_deref().unwrap_or_default())
            + item.arguments.as_ref().map_or(0, String::len);
        let function_call = match (item.kind.as_str(), item.call_id, item.name, item.arguments) {
            ("function_call", Some(call_id), Some(name), Some(arguments)) => {
                Some(FunctionCall { call_id, name, arguments })
            }
            _ => None,
        };
        Self { content_bytes, function_call }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(item: &str) -> RawItem {
        serde_json::from_str::<Read>(item).unwrap().into()
    }

    #[test]
    fn items_have_the_size_of_their_content() {
        for (item, content_bytes) in [
            (
                r#"{"type":"message","content":[{"type":"input_text","text":"é\n"},{"type":"input_image","image_url":"data:x"}]}"#,
                9,
            ),
            (r#"{"type":"function_call_output","call_id":"c","output":"12345"}"#, 5),
            (r#"{"type":"function_call_output","output":[{"type":"input_text","text":"123"}]}"#, 3),
            (r#"{"type":"reasoning","content":null,"encrypted_content":"opaque"}"#, 0),
        ] {
            assert_eq!(read(item), RawItem { content_bytes, function_call: None }, "{item}");
        }
    }

    #[test]
    fn a_call_keeps_its_argument_string() {
        let item = r#"{"type":"function_call","call_id":"c","name":"f","arguments":"{ \"a\": 1}"}"#;
        let call = FunctionCall { call_id: "c".into(), name: "f".into(), arguments: r#"{ "a": 1}"#.into() };
        assert_eq!(read(item), RawItem { content_bytes: 9, function_call: Some(call) });
    }
}
