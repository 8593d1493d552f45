//! The provider's present response. A turn has several where Codex asks the model again, and a response has several
//! attempts where its stream breaks off.

use app_server::{FunctionCall, MessagePhase, RawItemKind};
use serde::de::IgnoredAny;

use super::{failure, tools::Tools};
use crate::turn::TurnError;

/// What came of it so far.
#[derive(Debug, Default)]
pub(super) struct Response {
    calls: Vec<FunctionCall>,
    /// Whether the present attempt has completed an item.
    has_items: bool,
    /// Whether its latest message is the answer, by the provider's word.
    is_answer: bool,
}

/// What its calls make of the turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// There are none.
    None,
    /// Codex waits for their outputs.
    Waiting,
    /// Codex answers some by itself, and has the model go on by that.
    Answered,
}

impl Response {
    /// Takes an item of it.
    pub(super) fn add(&mut self, item: &RawItemKind) {
        match item {
            RawItemKind::FunctionCall(call) => self.calls.push(call.clone()),
            // It is the client's.
            RawItemKind::FunctionCallOutput => return,
            RawItemKind::Reasoning(_) | RawItemKind::Content => {}
        }
        self.has_items = true;
    }

    /// A message of it begins.
    pub(super) fn begin_message(&mut self, phase: Option<MessagePhase>) {
        self.is_answer = phase == Some(MessagePhase::FinalAnswer);
    }

    /// Its stream broke off, and Codex asks for it anew. Returns whether Codex keeps something of the attempt, in front of
    /// what the next one brings.
    pub(super) fn begin_attempt(&mut self) -> bool {
        std::mem::take(self).has_items
    }

    pub(super) fn calls(&self) -> &[FunctionCall] {
        &self.calls
    }

    pub(super) fn is_answer(&self) -> bool {
        self.is_answer
    }

    /// Looks at its calls, now that they are all known. No caller is told of a function that they did not offer.
    pub(super) fn judge(&self, tools: &Tools) -> Result<Calls, TurnError> {
        if let Some(call) = self.calls.iter().find(|call| !tools.offer(call)) {
            return Err(failure::not_offered(&call.name));
        }
        let is_json = |call: &FunctionCall| serde_json::from_str::<IgnoredAny>(&call.arguments).is_ok();
        Ok(match &*self.calls {
            [] => Calls::None,
            calls if calls.iter().all(is_json) => Calls::Waiting,
            _ => Calls::Answered,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::{Tool, TurnErrorKind};
    use serde_json::json;

    fn response(calls: &[(&str, &str)]) -> Response {
        let mut response = Response::default();
        for &(name, arguments) in calls {
            response.add(&RawItemKind::FunctionCall(FunctionCall {
                call_id: "c".into(),
                name: name.into(),
                namespace: None,
                arguments: arguments.into(),
            }));
        }
        response
    }

    #[test]
    fn codex_waits_for_the_outputs_of_calls_that_it_can_read() {
        let tool =
            Tool { name: "f".into(), description: String::new(), parameters: json!({"type": "object"}) };
        let tools = Tools::new(&[tool]);
        let judge = |calls: &[(&str, &str)]| response(calls).judge(&tools);
        assert_eq!(judge(&[]), Ok(Calls::None));
        assert_eq!(judge(&[("f", "{}"), ("f", " 5 ")]), Ok(Calls::Waiting));
        for unreadable in ["", "{", "{} x"] {
            assert_eq!(judge(&[("f", "{}"), ("f", unreadable)]), Ok(Calls::Answered), "{unreadable:?}");
        }
        let error = judge(&[("f", "{}"), ("g", "{}")]).unwrap_err();
        assert_eq!(error.kind, TurnErrorKind::InvalidOutput);
        assert!(error.message.contains("`g`"), "{error}");
    }

    #[test]
    fn an_attempt_leaves_what_it_completed() {
        let mut response = response(&[("f", "{}")]);
        assert!(response.begin_attempt());
        assert_eq!(response.calls(), []);
        response.begin_message(Some(MessagePhase::FinalAnswer));
        assert!(response.is_answer());
        assert!(!response.begin_attempt() && !response.is_answer());
        response.add(&RawItemKind::FunctionCallOutput);
        assert!(!response.begin_attempt());
        response.add(&RawItemKind::Content);
        assert!(response.begin_attempt());
    }
}
