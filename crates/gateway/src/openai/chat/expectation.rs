//! What a caller expects of an answer beside its text, and how the model's text is brought into that form.

use serde_json::{Map, Value};

use super::tools::{Forced, ToolUse};
use crate::{
    openai::{
        error::ApiError,
        new_id,
        schema::{OutputError, OutputSchema, json_object},
        value::{At, Fields},
    },
    turn::{Content, Finish, Item, Role, ToolCall},
};

/// What the text of an answer must be.
#[derive(Debug)]
pub(crate) struct Expectation {
    form: Form,
    /// The arguments of functions that are `strict`.
    strict: Vec<(String, OutputSchema)>,
    /// Whether the model may make several calls at once.
    parallel: bool,
    /// Whether an answer without a call is an error.
    must_call: bool,
}

#[derive(Debug)]
enum Form {
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
    pub(super) fn parse(fields: &mut Fields, tools: &mut ToolUse) -> Result<Self, ApiError> {
        let format = fields.take("response_format").map(response_format).transpose()?.unwrap_or(Form::Text);
        // A call that must come leaves no text that could have a format.
        let form = tools.forced.take().map_or(format, Form::Call);
        Ok(Self {
            form,
            strict: std::mem::take(&mut tools.strict),
            parallel: tools.parallel,
            must_call: tools.must_call,
        })
    }

    /// The schema that the model's text is to be constrained to.
    pub(crate) fn upstream_schema(&self) -> Option<&Value> {
        match &self.form {
            Form::Text | Form::JsonObject => None,
            Form::Schema { schema, .. } => schema.upstream().ok(),
            Form::Call(forced) => forced.schema().upstream().ok(),
        }
    }

    /// The caller's schema in words, where the model can't be constrained to it and would not see it otherwise.
    pub(super) fn in_words(&self) -> Option<Item> {
        let Form::Schema { schema, source } = &self.form else { return None };
        schema.upstream().is_err().then(|| Item::Message {
            role: Role::Developer,
            content: vec![Content::InputText {
                text: format!("Answer with JSON only. It must be valid by this JSON Schema:\n{source}"),
            }],
        })
    }
}

fn response_format(format: At) -> Result<Form, ApiError> {
    let mut format = format.object()?;
    let kind = format.require("type")?;
    let kind_path = kind.path().to_owned();
    let form = match kind.string()?.as_str() {
        "text" => Form::Text,
        "json_object" => Form::JsonObject,
        "json_schema" => {
            let mut json_schema = format.require("json_schema")?.object()?;
            json_schema.require("name")?.string()?;
            json_schema.take("description").map(At::string).transpose()?;
            let strict = json_schema.take("strict").map(At::bool).transpose()?;
            let source = json_schema.require("schema")?;
            let path = source.path().to_owned();
            json_schema.finish()?;
            let schema = OutputSchema::new(source.value(), strict)
                .map_err(|error| ApiError::invalid(&path, "invalid_schema", format!("`{path}`: {error}")))?;
            Form::Schema { schema, source: source.into_value() }
        }
        other => {
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

/// A piece of an answer, ready to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Of the reasoning's summary.
    Reasoning(String),
    Text(String),
    Call(ToolCall),
}

/// One answer on its way into the expected form.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    /// The text so far, where it is needed at the end.
    text: String,
    calls: Vec<ToolCall>,
    /// The part of the reasoning's summary that was last added to.
    reasoning_part: Option<usize>,
    /// Whether an item of reasoning has ended since.
    reasoning_ended: bool,
}

impl Assembly {
    /// Takes more of the text, and returns what of it can be sent as it comes.
    pub(crate) fn text(&mut self, expected: &Expectation, delta: String) -> Option<Piece> {
        match &expected.form {
            Form::Text => Some(Piece::Text(delta)),
            Form::Schema { schema, .. } if schema.is_verbatim() => {
                self.text.push_str(&delta);
                Some(Piece::Text(delta))
            }
            Form::Schema { .. } | Form::JsonObject | Form::Call(_) => {
                self.text.push_str(&delta);
                None
            }
        }
    }

    /// Takes more of the reasoning's summary. Its parts are set apart by an empty line.
    pub(crate) fn reasoning(&mut self, part: usize, delta: String) -> Piece {
        let apart = std::mem::take(&mut self.reasoning_ended)
            || self.reasoning_part.is_some_and(|previous| previous != part);
        self.reasoning_part = Some(part);
        Piece::Reasoning(if apart { format!("\n\n{delta}") } else { delta })
    }

    /// An item of reasoning is whole.
    pub(crate) fn end_reasoning(&mut self) {
        self.reasoning_ended = self.reasoning_part.is_some();
    }

    /// Forgets the text so far: it starts over.
    pub(crate) fn restart(&mut self) {
        self.text.clear();
        self.calls.clear();
    }

    /// Takes a call. One that does not fit its function's strict schema is an error.
    pub(crate) fn call(&mut self, expected: &Expectation, call: ToolCall) -> Result<Option<Piece>, ApiError> {
        if !expected.parallel && !self.calls.is_empty() {
            return Ok(None);
        }
        if let Some((name, schema)) = expected.strict.iter().find(|(name, _)| *name == call.name) {
            schema.accept(&call.arguments).map_err(|error| {
                invalid_output(format!(
                    "The model called `{name}` with arguments that do not fit its schema: {error}"
                ))
            })?;
        }
        self.calls.push(call.clone());
        Ok(Some(Piece::Call(call)))
    }

    /// The answer is complete: returns what is still to be sent, and why the answer ends.
    pub(crate) fn complete(
        &mut self,
        expected: &Expectation,
        finish: Finish,
    ) -> Result<(Option<Piece>, Finish), ApiError> {
        let text = std::mem::take(&mut self.text);
        if finish != Finish::Stop {
            // What was cut off fits no schema. It is given as far as it goes, as OpenAI does.
            let rest = match &expected.form {
                Form::Schema { schema, .. } if !schema.is_verbatim() => Some(text),
                Form::JsonObject => Some(text),
                Form::Text | Form::Schema { .. } | Form::Call(_) => None,
            };
            return Ok((rest.filter(|rest| !rest.is_empty()).map(Piece::Text), finish));
        }
        if expected.must_call && self.calls.is_empty() {
            return Err(invalid_output("The model was to call a function, and did not.".to_owned()));
        }
        match &expected.form {
            Form::Text => Ok((None, finish)),
            Form::JsonObject => Ok((Some(Piece::Text(json_object(&text).map_err(does_not_fit)?)), finish)),
            Form::Schema { schema, .. } => {
                let accepted = schema.accept(&text).map_err(does_not_fit)?;
                Ok(((!schema.is_verbatim()).then_some(Piece::Text(accepted)), finish))
            }
            Form::Call(forced) => {
                let (name, arguments) = forced_call(forced, &text)?;
                let call = ToolCall { id: new_id("call_"), name, arguments };
                Ok((Some(Piece::Call(call)), Finish::ToolCalls))
            }
        }
    }
}

/// The function that the model chose, and its arguments.
fn forced_call(forced: &Forced, text: &str) -> Result<(String, String), ApiError> {
    match forced {
        Forced::Arguments { name, schema } => Ok((name.clone(), schema.accept(text).map_err(does_not_fit)?)),
        Forced::AnyOf { schema } => {
            let accepted = schema.accept(text).map_err(does_not_fit)?;
            let chosen: Option<(String, String)> =
                serde_json::from_str::<Map<String, Value>>(&accepted).ok().and_then(|mut chosen| {
                    let mut call = chosen.remove("call")?;
                    let name = call.get("name")?.as_str()?.to_owned();
                    Some((name, call.get_mut("arguments")?.take().to_string()))
                });
            chosen.ok_or_else(|| invalid_output("The model's call has no name or no arguments.".to_owned()))
        }
    }
}

fn does_not_fit(error: OutputError) -> ApiError {
    invalid_output(format!("What was asked for did not come: {error}."))
}

/// The model's own failure: another attempt may succeed, so the SDKs may retry it.
fn invalid_output(message: String) -> ApiError {
    ApiError::new(502, "server_error", "invalid_output", message)
}
