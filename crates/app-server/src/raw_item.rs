//! Items of a prompt or an answer as they are on the wire, as far as they are read.

use serde::Deserialize;

use crate::message::Text;

/// An item of the Responses API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawItem {
    /// The bytes of its text and of its images' URLs.
    pub content_bytes: usize,
    pub kind: RawItemKind,
}

/// What an item is, where that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawItemKind {
    FunctionCall(FunctionCall),
    Reasoning(Reasoning),
    /// What a function gave back, which is part of the next prompt.
    FunctionCallOutput,
    /// A message, the output of a call, or anything else: only its size is read.
    Content,
}

/// A call of a function, as the model wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCall {
    pub call_id: String,
    pub name: String,
    /// The group of functions that the model looked for it in, where it named one.
    pub namespace: Option<String>,
    /// The argument string, which need not be valid JSON.
    pub arguments: String,
}

/// How the model came to its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// The provider's id of the item.
    pub id: Option<String>,
    /// The parts of its summary; none where no summary was asked for.
    pub summary: Vec<String>,
    /// The reasoning itself, which only the provider can read.
    pub encrypted_content: Option<String>,
}

impl RawItem {
    /// How much memory the item holds.
    pub(crate) fn weight(&self) -> usize {
        match &self.kind {
            RawItemKind::FunctionCall(call) => call.call_id.len() + call.name.len() + call.arguments.len(),
            RawItemKind::Reasoning(reasoning) => {
                let summary: usize = reasoning.summary.iter().map(String::len).sum();
                summary + reasoning.encrypted_content.as_ref().map_or(0, String::len)
            }
            RawItemKind::FunctionCallOutput | RawItemKind::Content => 0,
        }
    }
}

/// An item as it stands in its line: of a content, only the size is taken.
#[derive(Deserialize)]
pub(crate) struct Read<'a> {
    #[serde(rename = "type", borrow)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    content: Option<Vec<Part<'a>>>,
    #[serde(default)]
    arguments: Option<String>,
    #[serde(borrow, default)]
    output: Option<Output<'a>>,
    #[serde(default)]
    call_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(borrow, default)]
    summary: Option<Vec<Part<'a>>>,
    #[serde(default)]
    encrypted_content: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Output<'a> {
    #[serde(borrow)]
    Text(Text<'a>),
    #[serde(borrow)]
    Parts(Vec<Part<'a>>),
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    image_url: Option<Text<'a>>,
}

impl From<Read<'_>> for RawItem {
    fn from(item: Read<'_>) -> Self {
        let parts = |parts: &[Part<'_>]| -> usize {
            parts
                .iter()
                .flat_map(|part| [&part.text, &part.image_url])
                .flatten()
                .map(|text| text.0.len())
                .sum()
        };
        let output = match &item.output {
            Some(Output::Text(text)) => text.0.len(),
            Some(Output::Parts(output)) => parts(output),
            Some(Output::Other(_)) | None => 0,
        };
        let content_bytes = output
            + parts(item.content.as_deref().unwrap_or_default())
            + item.arguments.as_ref().map_or(0, String::len);
        let kind = match (&*item.kind.0, item.call_id, item.name, item.arguments) {
            ("function_call", Some(call_id), Some(name), Some(arguments)) => {
                let namespace = item.namespace;
                RawItemKind::FunctionCall(FunctionCall { call_id, name, namespace, arguments })
            }
            ("reasoning", ..) => {
                let summary = item.summary.into_iter().flatten().filter_map(|part| part.text);
                RawItemKind::Reasoning(Reasoning {
                    id: item.id,
                    summary: summary.map(|Text(text)| text.into_owned()).collect(),
                    encrypted_content: item.encrypted_content,
                })
            }
            ("function_call_output", ..) => RawItemKind::FunctionCallOutput,
            _ => RawItemKind::Content,
        };
        Self { content_bytes, kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(item: &str) -> RawItem {
        serde_json::from_str::<Read<'_>>(item).unwrap().into()
    }

    #[test]
    fn items_have_the_size_of_their_content() {
        let message = r#"{"type":"message","content":[{"type":"input_text","text":"é\n"},{"type":"input_image","image_url":"data:x"}]}"#;
        assert_eq!(read(message), RawItem { content_bytes: 9, kind: RawItemKind::Content });
        for (item, content_bytes) in [
            (r#"{"type":"function_call_output","call_id":"c","output":"12345"}"#, 5),
            (r#"{"type":"function_call_output","output":[{"type":"input_text","text":"123"}]}"#, 3),
        ] {
            assert_eq!(
                read(item),
                RawItem { content_bytes, kind: RawItemKind::FunctionCallOutput },
                "{item}"
            );
        }
    }

    #[test]
    fn reasoning_keeps_its_summary_and_what_only_the_provider_can_read() {
        let item = r#"{"type":"reasoning","id":"rs_1","content":null,"encrypted_content":"opaque",
            "summary":[{"type":"summary_text","text":"One."},{"type":"summary_text","text":"Two."}]}"#;
        let reasoning = Reasoning {
            id: Some("rs_1".into()),
            summary: vec!["One.".into(), "Two.".into()],
            encrypted_content: Some("opaque".into()),
        };
        assert_eq!(read(item), RawItem { content_bytes: 0, kind: RawItemKind::Reasoning(reasoning) });
    }

    #[test]
    fn a_call_keeps_its_argument_string() {
        let item = r#"{"type":"function_call","call_id":"c","name":"f","arguments":"{ \"a\": 1}"}"#;
        let arguments = r#"{ "a": 1}"#.to_owned();
        let call = FunctionCall { call_id: "c".into(), name: "f".into(), namespace: None, arguments };
        assert_eq!(read(item), RawItem { content_bytes: 9, kind: RawItemKind::FunctionCall(call) });
    }
}
