//! The model's answer, brought into the form that the caller expects.

use serde_json::{Map, Value};

use super::{
    error::ApiError,
    expectation::{Expectation, Form},
    new_id,
    schema::{OutputError, json_object},
    tools::Forced,
};
use crate::turn::{Finish, ToolCall};

/// A piece of an answer, ready to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Call(ToolCall),
    /// A call with the first of its arguments.
    CallBegun(ToolCall),
    /// More of the arguments of the call that was begun.
    Arguments(String),
}

/// One answer on its way into the expected form.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    /// The text so far, where it is needed at the end.
    text: String,
    calls: Vec<ToolCall>,
    messages: usize,
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
            Form::Call(Forced::Arguments { name, schema }) if schema.is_verbatim() && !delta.is_empty() => {
                let begins = self.text.is_empty();
                self.text.push_str(&delta);
                if begins {
                    let (id, name) = (new_id("call_"), name.clone());
                    Some(Piece::CallBegun(ToolCall { id, name, arguments: delta }))
                } else {
                    Some(Piece::Arguments(delta))
                }
            }
            Form::Schema { .. } | Form::JsonObject | Form::Call(_) => {
                self.text.push_str(&delta);
                None
            }
        }
    }

    /// A message begins. Where the answer is one text, what is returned sets it apart from the one before. Arguments are no
    /// text, and nothing may come between them.
    pub(crate) fn message(&mut self, expected: &Expectation) -> Option<Piece> {
        self.messages += 1;
        if self.messages == 1 || matches!(expected.form, Form::Call(_)) {
            return None;
        }
        self.text(expected, "\n\n".to_owned())
    }

    /// Forgets everything so far: the answer starts over.
    pub(crate) fn restart(&mut self) {
        *self = Self::default();
    }

    /// Takes a call. One that does not fit the schema that its function is held to is an error.
    pub(crate) fn call(&mut self, expected: &Expectation, call: ToolCall) -> Result<Option<Piece>, ApiError> {
        if !expected.parallel && !self.calls.is_empty() {
            return Ok(None);
        }
        if let Some((name, schema)) = expected.held.iter().find(|(name, _)| *name == call.name) {
            schema.check(&call.arguments).map_err(|error| {
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
                Ok(((!forced.is_verbatim()).then_some(Piece::Call(call)), Finish::ToolCalls))
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
