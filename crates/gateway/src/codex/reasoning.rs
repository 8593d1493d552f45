//! The model's reasoning, on its way from Codex to the caller.

use crate::turn::{Reasoning, TurnEvent};

/// What has been told of the reasoning.
///
/// When an attempt fails and Codex tries again, the model reasons anew and hardly ever in the same words. What was told
/// stays told: of the new attempt come only the items beyond those that the caller has, and these without deltas until
/// the first of them is whole.
#[derive(Debug)]
pub(super) struct ReasoningTale {
    /// Whether a summary was asked for; there are providers that give one unasked.
    summarised: bool,
    /// Items that were told whole.
    told: usize,
    /// Items that the turn has brought with its present attempt.
    seen: usize,
    /// The same at the end of the latest response.
    complete: usize,
    /// How many parts of the present item were told in deltas.
    parts: usize,
    /// Whether deltas would contradict what was told.
    muted: bool,
}

impl ReasoningTale {
    pub(super) fn new(summarised: bool) -> Self {
        Self { summarised, told: 0, seen: 0, complete: 0, parts: 0, muted: false }
    }

    /// The provider's response is complete: more items belong to another, and none of them was told.
    pub(super) fn complete_response(&mut self) {
        self.seen = self.told;
        self.complete = self.told;
        self.parts = 0;
        self.muted = false;
    }

    pub(super) fn begin_attempt(&mut self) {
        self.muted = self.told > self.complete || self.parts > 0;
        self.seen = self.complete;
    }

    pub(super) fn delta(&mut self, part: usize, text: String) -> Option<TurnEvent> {
        if !self.summarised || self.muted || text.is_empty() {
            return None;
        }
        self.parts = self.parts.max(part + 1);
        Some(TurnEvent::ReasoningDelta { part, text })
    }

    /// What to tell of a whole item: its parts too, where no delta did.
    pub(super) fn item(&mut self, reasoning: app_server::Reasoning) -> Vec<TurnEvent> {
        self.seen += 1;
        if self.seen <= self.told {
            return Vec::new();
        }
        let parts = std::mem::take(&mut self.parts);
        self.told = self.seen;
        self.muted = false;
        let app_server::Reasoning { mut summary, encrypted_content } = reasoning;
        summary.retain(|_| self.summarised);
        let missing = summary.iter().enumerate().skip(parts);
        let mut events: Vec<_> =
            missing.map(|(part, text)| TurnEvent::ReasoningDelta { part, text: text.clone() }).collect();
        events.push(TurnEvent::Reasoning(Reasoning { summary, encrypted_content }));
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(parts: &[&str]) -> app_server::Reasoning {
        app_server::Reasoning {
            summary: parts.iter().map(|&part| part.to_owned()).collect(),
            encrypted_content: Some("opaque".to_owned()),
        }
    }

    fn whole(parts: &[&str]) -> TurnEvent {
        let item = item(parts);
        TurnEvent::Reasoning(Reasoning { summary: item.summary, encrypted_content: item.encrypted_content })
    }

    fn delta(part: usize, text: &str) -> TurnEvent {
        TurnEvent::ReasoningDelta { part, text: text.to_owned() }
    }

    #[test]
    fn what_came_in_deltas_is_not_told_again() {
        let mut tale = ReasoningTale::new(true);
        assert_eq!(tale.delta(0, "One.".into()), Some(delta(0, "One.")));
        assert_eq!(tale.item(item(&["One.", "Two."])), [delta(1, "Two."), whole(&["One.", "Two."])]);
        assert_eq!(tale.item(item(&["Three."])), [delta(0, "Three."), whole(&["Three."])]);
        assert_eq!(tale.item(item(&[])), [whole(&[])]);
    }

    #[test]
    fn a_summary_that_nobody_asked_for_is_left_out() {
        let mut tale = ReasoningTale::new(false);
        assert_eq!(tale.delta(0, "One.".into()), None);
        assert_eq!(tale.item(item(&["One."])), [whole(&[])]);
    }

    #[test]
    fn another_attempt_tells_only_what_is_beyond() {
        let mut tale = ReasoningTale::new(true);
        tale.item(item(&["One."]));
        assert_eq!(tale.delta(0, "Tw".into()), Some(delta(0, "Tw")));
        tale.begin_attempt();
        assert_eq!(tale.delta(0, "Eins.".into()), None);
        assert_eq!(tale.item(item(&["Eins."])), []);
        assert_eq!(tale.item(item(&["Zwei."])), [whole(&["Zwei."])]);
        assert_eq!(tale.delta(0, "Drei.".into()), Some(delta(0, "Drei.")));
    }

    #[test]
    fn another_attempt_begins_behind_the_responses_that_are_complete() {
        let mut tale = ReasoningTale::new(true);
        tale.item(item(&["One."]));
        tale.item(item(&["Two."]));
        tale.begin_attempt();
        tale.item(item(&["Eins."]));
        tale.complete_response();
        assert_eq!(tale.delta(0, "Drei.".into()), Some(delta(0, "Drei.")));
        tale.begin_attempt();
        assert_eq!(tale.item(item(&["Three."])), [whole(&["Three."])]);
        tale.complete_response();
        tale.begin_attempt();
        assert_eq!(tale.item(item(&["Four."])), [delta(0, "Four."), whole(&["Four."])]);
    }

    #[test]
    fn an_attempt_after_silence_is_as_good_as_the_first() {
        let mut tale = ReasoningTale::new(true);
        tale.begin_attempt();
        assert_eq!(tale.delta(0, "One.".into()), Some(delta(0, "One.")));
    }
}
