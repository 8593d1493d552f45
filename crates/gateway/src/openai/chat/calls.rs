//! Calls of functions within a conversation, and their outputs.
//!
//! Codex drops an output without its call and invents one for a call without its output, so each must have the other.

use std::collections::HashSet;

use crate::{
    openai::{error::ApiError, value::Fields},
    turn::Item,
};

#[derive(Debug, Default)]
pub(super) struct Calls {
    /// Every call id of the conversation.
    seen: HashSet<String>,
    /// The calls of the last assistant message that have no output yet, in order.
    open: Vec<String>,
    /// The message that made them.
    caller: String,
}

impl Calls {
    /// Takes the calls of an assistant message.
    pub(super) fn ask(&mut self, message: &mut Fields) -> Result<Vec<Item>, ApiError> {
        if message.take("function_call").is_some() {
            let path = message.path_of("function_call");
            return Err(ApiError::unsupported(
                &path,
                format!("`{path}`: use `tool_calls` and the role `tool` instead."),
            ));
        }
        let Some(calls) = message.take("tool_calls") else { return Ok(Vec::new()) };
        message.path().clone_into(&mut self.caller);
        calls.list()?.into_iter().map(|call| self.call(call.object()?)).collect()
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
        let mut function = call.require("function")?.object()?;
        let name = function.require("name")?.string()?;
        let arguments = function.require("arguments")?.string()?;
        function.finish()?;
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
        self.open.push(call_id.clone());
        Ok(Item::FunctionCall { call_id, name, arguments })
    }

    /// Takes the call that a tool message answers.
    pub(super) fn answer(&mut self, message: &mut Fields) -> Result<String, ApiError> {
        // Some clients repeat the function's name, which the call has.
        message.take("name");
        let id = message.require("tool_call_id")?;
        let id_path = id.path().to_owned();
        let call_id = id.string()?;
        match self.open.iter().position(|open| *open == call_id) {
            Some(index) => {
                self.open.remove(index);
                Ok(call_id)
            }
            None => Err(ApiError::invalid(
                message.path(),
                "invalid_value",
                format!(
                    "`{id_path}` is `{call_id}`, but the assistant message before has no such call in its \
                     `tool_calls`, or it was answered already."
                ),
            )),
        }
    }

    /// Every call must be answered before the conversation goes on with the message at `path`.
    pub(super) fn expect_none_open(&self, path: &str) -> Result<(), ApiError> {
        match self.open.first() {
            None => Ok(()),
            Some(call_id) => Err(ApiError::invalid(
                path,
                "invalid_value",
                format!(
                    "`{path}` comes before a `tool` message for the call `{call_id}` of `{}`.",
                    self.caller
                ),
            )),
        }
    }

    /// Every call must be answered before the conversation ends.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        match self.open.first() {
            None => Ok(()),
            Some(call_id) => Err(ApiError::invalid(
                &self.caller,
                "invalid_value",
                format!("`{}` has the call `{call_id}`, which no `tool` message answers.", self.caller),
            )),
        }
    }
}
