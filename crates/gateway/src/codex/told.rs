//! What a caller was told of an answer, as the items that they may send back.

use crate::turn::{Content, Item, Role, ToolCall, TurnEvent};

#[derive(Debug, Default)]
pub(super) struct Told(Vec<Item>);

impl Told {
    pub(super) fn add(&mut self, event: &TurnEvent) {
        match event {
            TurnEvent::Reasoning(reasoning) => self.0.push(Item::Reasoning(reasoning.clone())),
            TurnEvent::Message { phase } => {
                let content = vec![Content::OutputText { text: String::new() }];
                self.0.push(Item::Message { role: Role::Assistant, content, phase: *phase });
            }
            TurnEvent::Delta(delta) => {
                let message = self.0.iter_mut().rev().find(|item| matches!(item, Item::Message { .. }));
                if let Some(Item::Message { content, .. }) = message
                    && let Some(Content::OutputText { text }) = content.first_mut()
                {
                    text.push_str(delta);
                }
            }
            TurnEvent::Restarted => self.0.retain(|item| matches!(item, Item::Reasoning(_))),
            TurnEvent::ToolCall(ToolCall { id, name, arguments }) => self.0.push(Item::FunctionCall {
                call_id: id.clone(),
                name: name.clone(),
                arguments: arguments.clone(),
            }),
            TurnEvent::ReasoningDelta { .. } | TurnEvent::Completed(_) => {}
        }
    }

    /// Everything, in order.
    pub(super) fn items(&self) -> &[Item] {
        &self.0
    }

    /// The message and the calls; `None` where there are several messages.
    pub(super) fn as_message(&self) -> Option<Vec<Item>> {
        let messages = self.0.iter().filter(|item| matches!(item, Item::Message { .. })).count();
        let bare = |item: &Item| match item {
            Item::Reasoning(_) => None,
            Item::Message { role, content, .. } => Some(Item::message(*role, content.clone())),
            other => Some(other.clone()),
        };
        (messages <= 1).then(|| self.0.iter().filter_map(bare).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::{Phase, Reasoning};

    fn answer(phase: Option<Phase>, text: &str) -> Item {
        Item::Message {
            role: Role::Assistant,
            content: vec![Content::OutputText { text: text.into() }],
            phase,
        }
    }

    #[test]
    fn items_are_rebuilt_as_they_were_told() {
        let reasoning = Reasoning { summary: vec!["Hm.".into()], encrypted_content: Some("opaque".into()) };
        let call = ToolCall { id: "c".into(), name: "f".into(), arguments: "{}".into() };
        let mut told = Told::default();
        for event in [
            TurnEvent::Message { phase: None },
            TurnEvent::Delta("No".into()),
            TurnEvent::Restarted,
            TurnEvent::ReasoningDelta { part: 0, text: "Hm.".into() },
            TurnEvent::Reasoning(reasoning.clone()),
            TurnEvent::Message { phase: Some(Phase::Commentary) },
            TurnEvent::Delta("I ".into()),
            TurnEvent::Delta("look.".into()),
            TurnEvent::ToolCall(call),
        ] {
            told.add(&event);
        }
        let called = Item::FunctionCall { call_id: "c".into(), name: "f".into(), arguments: "{}".into() };
        assert_eq!(
            told.items(),
            [Item::Reasoning(reasoning), answer(Some(Phase::Commentary), "I look."), called.clone()]
        );
        assert_eq!(told.as_message().unwrap(), [answer(None, "I look."), called]);
        told.add(&TurnEvent::Message { phase: None });
        assert_eq!(told.as_message(), None);
    }
}
