//! Items of a prompt or an answer as they are on the wire, as far as they are read.

mod size;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::text::Text;
use size::Size;

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
    /// A message, or anything else: only its size is read.
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
    /// The parts of its summary; none where no summary was asked for.
    pub summary: Vec<String>,
    /// The reasoning itself, which only the provider can read.
    pub encrypted_content: Option<String>,
}

impl RawItem {
    /// How much memory the item holds.
    pub(crate) fn weight(&self) -> usize {
        match &self.kind {
            RawItemKind::FunctionCall(FunctionCall { call_id, name, namespace, arguments }) => {
                call_id.len() + name.len() + namespace.as_ref().map_or(0, String::len) + arguments.len()
            }
            RawItemKind::Reasoning(Reasoning { summary, encrypted_content }) => {
                let summary: usize = summary.iter().map(String::len).sum();
                summary + encrypted_content.as_ref().map_or(0, String::len)
            }
            RawItemKind::FunctionCallOutput | RawItemKind::Content => 0,
        }
    }
}

/// An item as it stands in its line. What its fields hold depends on its kind, and of a content only the size is taken.
#[derive(Deserialize)]
pub(crate) struct Read<'a> {
    #[serde(rename = "type", borrow)]
    kind: Text<'a>,
    #[serde(default)]
    content: Size,
    #[serde(default)]
    output: Size,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    call_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    namespace: Option<&'a RawValue>,
    #[serde(borrow, default)]
    summary: Option<&'a RawValue>,
    #[serde(borrow, default)]
    encrypted_content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct SummaryPart {
    text: String,
}

impl From<Read<'_>> for RawItem {
    fn from(item: Read<'_>) -> Self {
        let mut content_bytes = item.content.0 + item.output.0;
        let kind = match &*item.kind.0 {
            "function_call" => item.call().map_or(RawItemKind::Content, |call| {
                content_bytes += call.arguments.len();
                RawItemKind::FunctionCall(call)
            }),
            "reasoning" => RawItemKind::Reasoning(item.reasoning()),
            "function_call_output" => RawItemKind::FunctionCallOutput,
            _ => RawItemKind::Content,
        };
        Self { content_bytes, kind }
    }
}

impl Read<'_> {
    fn call(&self) -> Option<FunctionCall> {
        Some(FunctionCall {
            call_id: field(self.call_id)?,
            name: field(self.name)?,
            namespace: field(self.namespace),
            arguments: field(self.arguments)?,
        })
    }

    fn reasoning(&self) -> Reasoning {
        let summary: Vec<SummaryPart> = field(self.summary).unwrap_or_default();
        Reasoning {
            summary: summary.into_iter().map(|part| part.text).collect(),
            encrypted_content: field(self.encrypted_content),
        }
    }
}

/// A field of an item; `None` where it holds something else.
fn field<T: DeserializeOwned>(value: Option<&RawValue>) -> Option<T> {
    serde_json::from_str(value?.get()).ok()
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
    fn what_a_field_holds_depends_on_the_kind() {
        let search = r#"{"type":"tool_search_call","call_id":7,"name":{},"arguments":{"query":"x"},"id":[]}"#;
        assert_eq!(read(search), RawItem { content_bytes: 0, kind: RawItemKind::Content });
        let call = r#"{"type":"function_call","call_id":"c","name":"f","arguments":"{}","content":"new","id":7,"summary":1}"#;
        assert!(matches!(read(call), RawItem { content_bytes: 5, kind: RawItemKind::FunctionCall(_) }));
        let reasoning =
            r#"{"type":"reasoning","id":7,"summary":"new","encrypted_content":"opaque","arguments":{}}"#;
        let kept = Reasoning { encrypted_content: Some("opaque".into()), ..Reasoning::default() };
        assert_eq!(read(reasoning).kind, RawItemKind::Reasoning(kept));
    }

    #[test]
    fn reasoning_keeps_its_summary_and_what_only_the_provider_can_read() {
        let item = r#"{"type":"reasoning","id":"rs_1","content":null,"encrypted_content":"opaque",
            "summary":[{"type":"summary_text","text":"One."},{"type":"summary_text","text":"Two."}]}"#;
        let reasoning = Reasoning {
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
