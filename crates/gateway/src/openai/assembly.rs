//! The model's answer, brought into the form that the caller expects.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    error::ApiError,
    expectation::{Expectation, Form},
    new_id,
    schema::{OutputError, json_object},
    tools::Forced,
};
use crate::turn::{Finish, Phase, ToolCall};

/// A piece of an answer, ready to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// What the model says on the way to an answer that must have another form than text.
    Commentary(String),
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
    /// Messages so far, those of commentary apart from the others.
    messages: usize,
    comments: usize,
    /// Whether the present message is commentary, which is held to no form.
    is_comment: bool,
    /// Whether anything was given out.
    given: bool,
}

impl Assembly {
    /// Takes more of the text, and returns what of it can be sent as it comes.
    pub(crate) fn text(&mut self, expected: &Expectation, delta: String) -> Option<Piece> {
        let piece = self.piece(expected, delta);
        self.given |= piece.is_some();
        piece
    }

    fn piece(&mut self, expected: &Expectation, delta: String) -> Option<Piece> {
        match &expected.form {
            Form::Text => Some(Piece::Text(delta)),
            _ if self.is_comment => Some(Piece::Commentary(delta)),
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
    pub(crate) fn message(&mut self, expected: &Expectation, phase: Option<Phase>) -> Option<Piece> {
        self.is_comment = phase == Some(Phase::Commentary) && !matches!(expected.form, Form::Text);
        let before = if self.is_comment { &mut self.comments } else { &mut self.messages };
        *before += 1;
        let is_first = *before == 1;
        if is_first || (matches!(expected.form, Form::Call(_)) && !self.is_comment) {
            return None;
        }
        self.text(expected, "\n\n".to_owned())
    }

    /// Forgets everything so far: the answer starts over. Returns whether nothing of it was given out, so that nothing has
    /// to be taken back.
    pub(crate) fn restart(&mut self) -> bool {
        !std::mem::take(self).given
    }

    /// Takes a call, and returns what can be sent. One that does not fit the schema that its function is held to is an error.
    pub(crate) fn call(
        &mut self,
        expected: &Expectation,
        call: ToolCall,
    ) -> Result<impl Iterator<Item = Piece> + use<>, ApiError> {
        let mut pieces = [None, None];
        if expected.parallel || self.calls.is_empty() {
            if let Some((name, schema)) = expected.held.iter().find(|(name, _)| *name == call.name) {
                schema.check(&call.arguments).map_err(|error| {
                    invalid_output(format!(
                        "The model called `{name}` with arguments that do not fit its schema: {error}"
                    ))
                })?;
            }
            self.calls.push(call.clone());
            self.given = true;
            pieces = [self.held_back(expected), Some(Piece::Call(call))];
        }
        Ok(pieces.into_iter().flatten())
    }

    /// The text that was held back. Before a call, and where the answer was cut off, it need not have the form that was asked
    /// for, and is given as it is.
    fn held_back(&mut self, expected: &Expectation) -> Option<Piece> {
        let is_held_back = match &expected.form {
            Form::Schema { schema, .. } => !schema.is_verbatim(),
            Form::JsonObject => true,
            Form::Text | Form::Call(_) => false,
        };
        (is_held_back && !self.text.is_empty()).then(|| Piece::Text(std::mem::take(&mut self.text)))
    }

    /// The answer is complete: returns what is still to be sent, and why the answer ends.
    pub(crate) fn complete(
        &mut self,
        expected: &Expectation,
        finish: Finish,
    ) -> Result<(Option<Piece>, Finish), ApiError> {
        if finish != Finish::Stop {
            // What was cut off fits no schema. It is given as far as it goes, as OpenAI does.
            if let Form::Schema { schema, .. } = &expected.form {
                self.text = schema.so_far(&self.text).to_owned();
            }
            return Ok((self.held_back(expected), finish));
        }
        let text = std::mem::take(&mut self.text);
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
            let Chosen { call: Call { name, arguments } } = serde_json::from_str(&accepted)
                .map_err(|_| invalid_output("The model's call has no name or no arguments.".to_owned()))?;
            Ok((name, arguments.get().to_owned()))
        }
    }
}

/// What the text of [`Forced::AnyOf`] says. The arguments stay as the model wrote them.
#[derive(Deserialize)]
struct Chosen<'a> {
    #[serde(borrow)]
    call: Call<'a>,
}

#[derive(Deserialize)]
struct Call<'a> {
    name: String,
    #[serde(borrow)]
    arguments: &'a RawValue,
}

fn does_not_fit(error: OutputError) -> ApiError {
    invalid_output(format!("What was asked for did not come: {error}."))
}

/// The model's own failure: another attempt may succeed, so the SDKs may retry it.
fn invalid_output(message: String) -> ApiError {
    ApiError::new(502, "server_error", "invalid_output", message)
}

#[cfg(test)]
mod tests;
