//! Which conversation a thread holds, told by its content.

use sha2::{Digest as _, Sha256};

use super::tools::Tools;
use crate::turn::{Item, Turn};

/// Names a conversation, up to one of its items, and the settings that its thread was started with. Two that differ in
/// anything have different names.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct History([u8; 32]);

impl History {
    /// A conversation without items. What a turn can change on a running thread is no part of it.
    fn begin(turn: &Turn, tools: &Tools) -> Self {
        Self::hash(None, &(&turn.model, &turn.verbosity, tools.dynamic_tools()))
    }

    /// The same conversation with one more item.
    pub(super) fn then(self, item: &Item) -> Self {
        Self::hash(Some(self), item)
    }

    /// The conversation of a turn after each of its items, shortest first.
    pub(super) fn of(turn: &Turn, tools: &Tools) -> Vec<Self> {
        let grow = |history: &mut Self, item: &Item| {
            // Where the model made calls and said nothing, some callers send back an empty text.
            if !item.is_silence() {
                *history = history.then(item);
            }
            Some(*history)
        };
        turn.items.iter().scan(Self::begin(turn, tools), grow).collect()
    }

    fn hash(before: Option<Self>, value: &impl serde::Serialize) -> Self {
        let mut hash = Sha256::new();
        if let Some(Self(before)) = before {
            hash.update(before);
        }
        // Nothing of what is hashed can fail to become JSON.
        hash.update(serde_json::to_vec(value).unwrap_or_default());
        Self(hash.finalize().into())
    }
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "History({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::{Content, Limits, Role, Summary};

    fn message(role: Role, text: &str) -> Item {
        let text = text.to_owned();
        let part =
            if role == Role::Assistant { Content::OutputText { text } } else { Content::InputText { text } };
        Item::message(role, vec![part])
    }

    fn turn(items: &[Item]) -> Turn {
        Turn {
            model: "m".into(),
            items: items.to_vec(),
            effort: "low".into(),
            summary: Summary::None,
            verbosity: None,
            service_tier: "default".into(),
            context_window: None,
            limits: Limits::default(),
            tools: vec![],
            output_schema: None,
        }
    }

    fn last(turn: &Turn) -> History {
        *History::of(turn, &Tools::new(&turn.tools)).last().unwrap()
    }

    #[test]
    fn a_longer_conversation_goes_through_the_name_of_its_beginning() {
        let items = [message(Role::User, "a"), message(Role::Assistant, "b"), message(Role::User, "c")];
        let histories = History::of(&turn(&items), &Tools::default());
        assert_eq!(histories[0], last(&turn(&items[..1])));
        assert_eq!(histories[1], histories[0].then(&items[1]));
        assert_eq!(histories[2], last(&turn(&items)));
    }

    #[test]
    fn whatever_differs_has_another_name() {
        let items = [message(Role::User, "ab"), message(Role::User, "c")];
        let name = last(&turn(&items));
        for other in [
            [message(Role::User, "a"), message(Role::User, "bc")],
            [message(Role::Developer, "ab"), message(Role::User, "c")],
            [message(Role::User, "c"), message(Role::User, "ab")],
        ] {
            assert_ne!(last(&turn(&other)), name);
        }
        assert_ne!(last(&Turn { model: "n".into(), ..turn(&items) }), name);
        assert_ne!(last(&Turn { verbosity: Some("low".into()), ..turn(&items) }), name);
        assert_eq!(last(&Turn { effort: "high".into(), ..turn(&items) }), name);
    }

    #[test]
    fn an_empty_text_of_the_assistant_beside_its_calls_makes_no_difference() {
        let call = Item::FunctionCall { call_id: "c".into(), name: "f".into(), arguments: "{}".into() };
        let said = [message(Role::User, "a"), message(Role::Assistant, ""), call.clone()];
        assert_eq!(last(&turn(&said)), last(&turn(&[message(Role::User, "a"), call])));
    }
}
