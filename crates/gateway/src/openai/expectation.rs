//! What a caller expects of an answer beside its text.

use serde_json::Value;

use super::{
    error::ApiError,
    schema::{self, OutputSchema},
    tools::{Forced, ToolUse},
    value::{At, Fields},
};
use crate::turn::{Content, Item, Role};

/// What the text of an answer must be.
#[derive(Debug)]
pub(crate) struct Expectation {
    pub(super) form: Form,
    /// What the arguments of calls are held to, by the function's name.
    pub(super) held: Vec<(String, OutputSchema)>,
    /// Whether the model may make several calls at once.
    pub(super) parallel: bool,
    /// Whether an answer without a call is an error.
    pub(super) must_call: bool,
}

#[derive(Debug)]
pub(super) enum Form {
    Text,
    JsonObject,
    Schema {
        schema: OutputSchema,
        /// As the caller sent it.
        source: Value,
    },
    Call(Forced),
}

impl Expectation {
    /// A call that must come leaves no text that could have a format.
    pub(super) fn new(format: Form, tools: &mut ToolUse) -> Self {
        Self {
            form: tools.forced.take().map_or(format, Form::Call),
            held: std::mem::take(&mut tools.held),
            parallel: tools.parallel,
            must_call: tools.must_call,
        }
    }

    /// The schema that the model's text is to be constrained to.
    pub(crate) fn upstream_schema(&self) -> Option<&Value> {
        match &self.form {
            Form::Text | Form::JsonObject => None,
            Form::Schema { schema, .. } => schema.upstream().ok(),
            Form::Call(forced) => forced.schema().upstream().ok(),
        }
    }

    /// What the model can't be constrained to and would not know otherwise, in words: that it must call, or the caller's
    /// schema.
    pub(super) fn in_words(&self) -> Option<Item> {
        let text = match &self.form {
            // None are offered but those of which one must be called.
            _ if self.must_call => "Call a function that you are given. Do not answer with text.".to_owned(),
            Form::Schema { schema, source } if schema.upstream().is_err() => {
                format!("Answer with JSON only. It must be valid by this JSON Schema:\n{source}")
            }
            Form::Schema { schema, source } if !schema.is_told() => format!(
                "The format that you are to answer in shows only a part of this JSON Schema, by which what you answer must \
                 be valid:\n{source}"
            ),
            _ => return None,
        };
        Some(Item::message(Role::Developer, vec![Content::InputText { text }]))
    }
}

impl Form {
    /// The form that `type` names. What describes a schema stands beside it, or in the field `within`.
    pub(super) fn parse(mut format: Fields, within: Option<&str>) -> Result<Self, ApiError> {
        let kind = format.require("type")?;
        let kind_path = kind.path().to_owned();
        let form = match (kind.string()?.as_str(), within) {
            ("text", _) => Self::Text,
            ("json_object", _) => Self::JsonObject,
            ("json_schema", Some(within)) => {
                let mut described = format.require(within)?.object()?;
                let form = Self::schema(&mut described)?;
                described.finish()?;
                form
            }
            ("json_schema", None) => Self::schema(&mut format)?,
            (other, _) => {
                return Err(ApiError::invalid(
                    &kind_path,
                    "invalid_value",
                    format!("`{kind_path}` is `{other}`; it must be `text`, `json_object` or `json_schema`."),
                ));
            }
        };
        format.finish()?;
        Ok(form)
    }

    fn schema(described: &mut Fields) -> Result<Self, ApiError> {
        described.require("name")?.string()?;
        let description = described.take("description").map(At::string).transpose()?;
        let strict = described.take("strict").map(At::bool).transpose()?;
        let source = described.require("schema")?;
        let path = source.path().to_owned();
        // Codex has no place for it beside the schema.
        let source = match description.filter(|description| !description.is_empty()) {
            Some(description) => schema::described(source.into_value(), &description),
            None => source.into_value(),
        };
        let schema = OutputSchema::new(&source, strict)
            .map_err(|error| ApiError::invalid(&path, "invalid_schema", format!("`{path}`: {error}")))?;
        Ok(Self::Schema { schema, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn expecting(format: Value, must_call: bool) -> Expectation {
        let format = At::new("text.format", format).object().unwrap();
        let form = Form::parse(format, None).unwrap();
        Expectation::new(form, &mut ToolUse { must_call, ..ToolUse::default() })
    }

    fn words(expectation: &Expectation) -> String {
        expectation.in_words().map(|item| serde_json::to_string(&item).unwrap()).unwrap_or_default()
    }

    fn schema(schema: Value) -> Value {
        json!({"type": "json_schema", "name": "n", "schema": schema})
    }

    #[test]
    fn a_schema_is_told_in_words_only_where_it_cannot_be_told_upstream() {
        let upstream =
            expecting(schema(json!({"type": "object", "properties": {"a": {"type": "string"}}})), false);
        assert!(upstream.upstream_schema().is_some());
        assert_eq!(words(&upstream), "");
        let free_keys = json!({"type": "object", "additionalProperties": {"type": "string"}});
        let told = expecting(schema(free_keys), false);
        assert_eq!(told.upstream_schema(), None);
        assert!(words(&told).contains("valid by this JSON Schema"), "{}", words(&told));
        for free in ["text", "json_object"] {
            let free = expecting(json!({"type": free}), false);
            assert_eq!((free.upstream_schema(), words(&free)), (None, String::new()));
        }
    }

    #[test]
    fn a_call_that_must_come_is_asked_for_before_any_format() {
        assert!(words(&expecting(json!({"type": "json_object"}), true)).contains("Call a function"));
    }

    #[test]
    fn another_format_is_refused_by_its_place() {
        let format = At::new("text.format", json!({"type": "grammar"})).object().unwrap();
        assert_eq!(Form::parse(format, None).unwrap_err().body.param.as_deref(), Some("text.format.type"));
    }
}
