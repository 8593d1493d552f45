//! Calls of functions within a conversation, and their outputs.
//!
//! Codex drops an output without its call and invents one for a call without its output, so each must have the other.

use std::collections::HashSet;

use crate::{
    openai::{
        error::ApiError,
        value::{At, Fields},
    },
    turn::Item,
};

#[derive(Debug, Default)]
pub(super) struct Calls {
    /// Every call id of the conversation.
    seen: HashSet<String>,
    /// The calls of the last assistant message that have no output yet, in order.
    open: Vec<Open>,
    /// The message that made them.
    caller: String,
}

#[derive(Debug)]
struct Open {
    call_id: String,
    /// The name of the function, by which the older form knows a call.
    older: Option<String>,
}

impl Calls {
    /// Takes the calls of an assistant message.
    pub(super) fn ask(&mut self, message: &mut Fields) -> Result<Vec<Item>, ApiError> {
        message.path().clone_into(&mut self.caller);
        let older = message.take("function_call").map(|call| self.older_call(call.object()?)).transpose()?;
        let calls = message.take("tool_calls").map(At::list).transpose()?.unwrap_or_default();
        let calls = calls.into_iter().map(|call| self.call(call.object()?));
        older.map(Ok).into_iter().chain(calls).collect()
    }

    /// A call in the older form, which has no id: one is made, the same each time the conversation is sent.
    fn older_call(&mut self, function: Fields) -> Result<Item, ApiError> {
        let (name, arguments) = name_and_arguments(function)?;
        let mut number = self.seen.len();
        let call_id = loop {
            let call_id = format!("call_{number}");
            if self.seen.insert(call_id.clone()) {
                break call_id;
            }
            number += 1;
        };
        self.open.push(Open { call_id: call_id.clone(), older: Some(name.clone()) });
        Ok(Item::FunctionCall { call_id, name, arguments })
    }

    fn call(&mut self, mut call: Fields) -> Result<Item, ApiError> {
        let id = call.require("id")?;
        let id_path = id.path().to_owned();
        let call_id = id.string()?;
        let kind = call.require("type")?;
        let kind_path = kind.path().to_owned();
        let kind = kind.string()?;
        if kind != "function" {
            return Err(ApiError::unsupported(
                &kind_path,
                format!("`{kind_path}` is `{kind}`; only calls of functions are supported."),
            ));
        }
        let (name, arguments) = name_and_arguments(call.require("function")?.object()?)?;
        // Streams number their calls, and some clients send the numbers back.
        call.take("index");
        call.finish()?;
        if !self.seen.insert(call_id.clone()) {
            return Err(ApiError::invalid(
                &id_path,
                "invalid_value",
                format!("`{id_path}` is `{call_id}`, which an earlier call of the conversation has already."),
            ));
        }
        self.open.push(Open { call_id: call_id.clone(), older: None });
        Ok(Item::FunctionCall { call_id, name, arguments })
    }

    /// Takes the call that a tool message answers.
    pub(super) fn answer(&mut self, message: &mut Fields) -> Result<String, ApiError> {
        // Some clients repeat the function's name, which the call has.
        message.take("name");
        let id = message.require("tool_call_id")?;
        let id_path = id.path().to_owned();
        let call_id = id.string()?;
        if self.close(|open| open.older.is_none() && open.call_id == call_id).is_some() {
            return Ok(call_id);
        }
        Err(ApiError::invalid(
            message.path(),
            "invalid_value",
            format!(
                "`{id_path}` is `{call_id}`, but the assistant message before has no such call in its `tool_calls`, or \
                 it was answered already."
            ),
        ))
    }

    /// Takes the call that a message of the older role `function` answers.
    pub(super) fn answer_older(&mut self, message: &mut Fields) -> Result<String, ApiError> {
        let name = message.require("name")?.string()?;
        self.close(|open| open.older.as_deref() == Some(name.as_str())).ok_or_else(|| {
            let path = message.path();
            let text = format!(
                "`{path}` is of the function `{name}`, but the assistant message before does not call that in its \
                 `function_call`, or it was answered already."
            );
            ApiError::invalid(path, "invalid_value", text)
        })
    }

    /// Returns the id of a call that has its output now.
    fn close(&mut self, is_answered: impl Fn(&Open) -> bool) -> Option<String> {
        let index = self.open.iter().position(is_answered)?;
        Some(self.open.remove(index).call_id)
    }

    /// Every call must be answered before the conversation goes on with the message at `path`.
    pub(super) fn expect_none_open(&self, path: &str) -> Result<(), ApiError> {
        let Some(open) = self.open.first() else { return Ok(()) };
        let Open { call_id, older } = open;
        let missing = match older {
            None => format!("a `tool` message for the call `{call_id}`"),
            Some(name) => format!("a `function` message for the call of `{name}`"),
        };
        let message = format!("`{path}` comes before {missing} of `{}`.", self.caller);
        Err(ApiError::invalid(path, "invalid_value", message))
    }

    /// Every call must be answered before the conversation ends.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        let Some(Open { call_id, older }) = self.open.first() else { return Ok(()) };
        let unanswered = match older {
            None => format!("the call `{call_id}`, which no `tool` message answers"),
            Some(name) => format!("a call of `{name}`, which no `function` message answers"),
        };
        Err(ApiError::invalid(&self.caller, "invalid_value", format!("`{}` has {unanswered}.", self.caller)))
    }
}

/// What is called, and with what.
fn name_and_arguments(mut function: Fields) -> Result<(String, String), ApiError> {
    let name = function.require("name")?.string()?;
    let arguments = function.require("arguments")?.string()?;
    // What the SDKs make of the arguments, and send back beside them.
    function.take("parsed_arguments");
    function.finish()?;
    Ok((name, arguments))
}
