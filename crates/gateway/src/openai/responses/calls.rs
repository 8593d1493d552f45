//! Calls of functions within a conversation, and their outputs.
//!
//! Codex drops an output without its call and invents one for a call without its output, so each must have the other.

use std::collections::{HashMap, HashSet};

use crate::{openai::error::ApiError, turn::Item};

/// Checks a whole conversation.
pub(super) fn check(items: &[Item]) -> Result<(), ApiError> {
    let invalid = |message: String| Err(ApiError::invalid("input", "invalid_value", message));
    let mut seen = HashSet::new();
    let mut open = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        match item {
            Item::FunctionCall { call_id, .. } => {
                if !seen.insert(call_id) {
                    return invalid(format!(
                        "`input` has two function calls with the `call_id` `{call_id}`."
                    ));
                }
                open.insert(call_id, index);
            }
            Item::FunctionCallOutput { call_id, .. } if open.remove(call_id).is_none() => {
                return invalid(format!(
                    "No tool call found for function call output with call_id {call_id}, or it has an output already."
                ));
            }
            Item::FunctionCallOutput { .. } | Item::Message { .. } | Item::Reasoning(_) => {}
        }
    }
    match open.into_iter().min_by_key(|(_, index)| *index) {
        None => Ok(()),
        Some((call_id, _)) => invalid(format!("No tool output found for function call {call_id}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::Output;

    fn call(id: &str) -> Item {
        Item::FunctionCall { call_id: id.into(), name: "f".into(), arguments: "{}".into() }
    }

    fn output(id: &str) -> Item {
        Item::FunctionCallOutput { call_id: id.into(), output: Output::Text("1".into()) }
    }

    #[test]
    fn each_call_needs_its_output_and_each_output_its_call() {
        assert_eq!(check(&[call("a"), call("b"), output("b"), output("a")]), Ok(()));
        for (items, named) in [
            (vec![output("a")], "a"),
            (vec![output("a"), call("a")], "a"),
            (vec![call("a"), output("a"), output("a")], "a"),
            (vec![call("a"), output("a"), call("a"), output("a")], "a"),
            (vec![call("x"), call("a"), call("b"), output("x")], "call a."),
        ] {
            let error = check(&items).unwrap_err();
            assert_eq!(error.body.param.as_deref(), Some("input"));
            assert!(error.body.message.contains(named), "{}", error.body.message);
        }
    }
}
