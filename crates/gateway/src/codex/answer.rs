//! The text of one answer, on its way from Codex to the caller.

use std::collections::VecDeque;

use super::{limits::Limiter, reasoning::ReasoningTale};
use crate::turn::{Finish, Limits, Phase, Summary, TurnEvent};

/// Sets the messages of an answer apart where they are one text, as the limits see them.
const SEPARATOR: &str = "\n\n";

/// The answer so far.
///
/// When an attempt fails in mid-stream, Codex may try again by itself, and then its text comes from the beginning. What
/// the caller already has is not told twice: as long as the new attempt says the same, it is passed over; where it
/// says something else, the caller is told that the answer starts over.
#[derive(Debug)]
pub(super) struct Answer {
    limits: Limits,
    limiter: Limiter,
    /// All text of the answer, its messages set apart by [`SEPARATOR`].
    text: String,
    /// Where in `text` the messages begin.
    begins: Vec<Begin>,
    /// How many of these were told.
    begun: usize,
    /// How much of `text` was told, or passed over between two messages.
    told: usize,
    /// How much of it the turn has said with its present attempt; all of it in a first one.
    said: Said,
    /// The same at the end of the latest response: whatever follows is said behind that.
    complete: Said,
    /// How much of the present message was said in deltas.
    message: usize,
    /// Whether the present message is still to come to its end.
    open: bool,
    reasoning: ReasoningTale,
    /// What waits to be told.
    ready: VecDeque<TurnEvent>,
    cut: Option<Finish>,
}

/// How much of an answer.
#[derive(Debug, Clone, Copy, Default)]
struct Said {
    /// Of its text.
    bytes: usize,
    messages: usize,
}

/// Where a message begins.
#[derive(Debug)]
struct Begin {
    at: usize,
    /// The bytes of the separator that stands there.
    gap: usize,
    phase: Option<Phase>,
}

impl Answer {
    pub(super) fn new(limits: &Limits, summary: Summary) -> Self {
        Self {
            limits: limits.clone(),
            limiter: Limiter::new(limits),
            text: String::new(),
            begins: Vec::new(),
            begun: 0,
            told: 0,
            said: Said::default(),
            complete: Said::default(),
            message: 0,
            open: false,
            reasoning: ReasoningTale::new(summary != Summary::None),
            ready: VecDeque::new(),
            cut: None,
        }
    }

    /// The provider's response is complete. What comes after that belongs to another.
    pub(super) fn complete_response(&mut self) {
        self.complete = self.said;
        self.reasoning.complete_response();
    }

    pub(super) fn begin_attempt(&mut self) {
        self.said = self.complete;
        self.message = 0;
        self.open = false;
        self.reasoning.begin_attempt();
    }

    pub(super) fn push_reasoning(&mut self, part: usize, delta: String) {
        let event = self.reasoning.delta(part, delta);
        self.ready.extend(event.filter(|_| self.cut.is_none()));
    }

    pub(super) fn complete_reasoning(&mut self, reasoning: app_server::Reasoning) {
        let events = self.reasoning.item(reasoning);
        if self.cut.is_none() {
            self.ready.extend(events);
        }
    }

    pub(super) fn begin_message(&mut self, phase: Option<Phase>) {
        let gap = if self.said.messages == 0 { "" } else { SEPARATOR };
        self.begins.truncate(self.said.messages);
        self.begins.push(Begin { at: self.said.bytes, gap: gap.len(), phase });
        self.say(gap);
        self.said.messages += 1;
        self.message = 0;
        self.open = true;
    }

    pub(super) fn push(&mut self, delta: &str) {
        self.message += delta.len();
        self.say(delta);
    }

    /// Adds what the deltas left out: some providers send none.
    pub(super) fn complete_message(&mut self, text: &str) {
        self.open = false;
        if let Some(rest) = text.get(self.message..) {
            self.push(rest);
        }
    }

    /// The answer ends here. An attempt that said less than the one before takes the rest back.
    pub(super) fn complete(&mut self) {
        if self.said.bytes < self.text.len() {
            self.start_over("");
        }
        if self.cut.is_none() {
            let rest = self.limiter.finish();
            self.tell(&rest.text);
            self.cut = rest.finish.or_else(|| self.withheld());
        }
    }

    /// Codex passes no refusal on: it tells that a message begins, and neither its words nor its end. An empty answer
    /// would hide that something was said.
    fn withheld(&self) -> Option<Finish> {
        (self.open && self.text.is_empty()).then_some(Finish::ContentFilter)
    }

    /// What the caller is to be told next.
    pub(super) fn take(&mut self) -> Option<TurnEvent> {
        self.ready.pop_front()
    }

    /// Why the gateway ended the answer, if it did. What comes after that is not told.
    pub(super) fn cut(&self) -> Option<Finish> {
        self.cut
    }

    /// All text so far.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    fn say(&mut self, text: &str) {
        let again = &self.text[self.said.bytes..];
        let common = again.len().min(text.len());
        if again.as_bytes()[..common] == text.as_bytes()[..common] {
            self.said.bytes += common;
            self.add(&text[common..]);
        } else {
            self.start_over(text);
        }
    }

    fn start_over(&mut self, text: &str) {
        let answer = format!("{}{text}", &self.text[..self.said.bytes]);
        self.text.clear();
        self.limiter = Limiter::new(&self.limits);
        self.cut = None;
        self.ready.retain(|event| !matches!(event, TurnEvent::Message { .. } | TurnEvent::Delta(_)));
        self.begun = 0;
        self.told = 0;
        self.ready.push_back(TurnEvent::Restarted);
        self.add(&answer);
    }

    fn add(&mut self, text: &str) {
        if text.is_empty() || self.cut.is_some() {
            return;
        }
        self.text.push_str(text);
        self.said.bytes = self.text.len();
        let passed = self.limiter.pass(text);
        self.tell(&passed.text);
        self.cut = passed.finish;
    }

    /// Tells more of the text, message by message. One that begins is told with its first delta.
    fn tell(&mut self, mut text: &str) {
        while let Some(Begin { at, gap, phase }) = self.begins.get(self.begun) {
            let (before, rest) = text.split_at(at.saturating_sub(self.told).min(text.len()));
            let (between, rest) =
                rest.split_at((at + gap).saturating_sub(self.told + before.len()).min(rest.len()));
            self.told += before.len() + between.len();
            if !before.is_empty() {
                self.ready.push_back(TurnEvent::Delta(before.to_owned()));
            }
            if rest.is_empty() {
                return;
            }
            let is_empty = self.begins.get(self.begun + 1).is_some_and(|next| next.at == self.told);
            if !is_empty {
                self.ready.push_back(TurnEvent::Message { phase: *phase });
            }
            self.begun += 1;
            text = rest;
        }
        if !text.is_empty() {
            self.told += text.len();
            self.ready.push_back(TurnEvent::Delta(text.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        Answer::new(&Limits::default(), Summary::None)
    }

    fn events(answer: &mut Answer) -> Vec<TurnEvent> {
        std::iter::from_fn(|| answer.take()).collect()
    }

    const MESSAGE: TurnEvent = TurnEvent::Message { phase: None };

    fn delta(text: &str) -> TurnEvent {
        TurnEvent::Delta(text.to_owned())
    }

    #[test]
    fn deltas_pass_and_the_completed_text_adds_only_what_was_left_out() {
        let mut answer = answer();
        answer.begin_message(None);
        answer.push("po");
        assert_eq!(events(&mut answer), [MESSAGE, delta("po")]);
        answer.push("ng");
        answer.complete_message("pong!");
        assert_eq!(events(&mut answer), [delta("ng"), delta("!")]);
        answer.begin_message(None);
        answer.complete_message("second");
        assert_eq!(events(&mut answer), [MESSAGE, delta("second")]);
        answer.complete();
        assert_eq!((events(&mut answer), answer.cut()), (vec![], None));
    }

    #[test]
    fn an_attempt_that_says_the_same_again_is_not_told_twice() {
        let mut answer = answer();
        answer.begin_message(None);
        answer.push("Hello wör");
        assert_eq!(events(&mut answer), [MESSAGE, delta("Hello wör")]);
        answer.begin_attempt();
        answer.begin_message(None);
        for part in ["Hel", "lo wö", "rld"] {
            answer.push(part);
        }
        answer.complete_message("Hello wörld");
        assert_eq!(events(&mut answer), [delta("ld")]);
    }

    #[test]
    fn an_attempt_that_says_something_else_starts_the_answer_over() {
        let mut answer = answer();
        answer.begin_message(None);
        answer.push("Hello é");
        events(&mut answer);
        answer.begin_attempt();
        answer.begin_message(None);
        answer.push("Hell");
        assert_eq!(events(&mut answer), []);
        answer.push("o ü");
        answer.push("!");
        assert_eq!(events(&mut answer), [TurnEvent::Restarted, MESSAGE, delta("Hello ü"), delta("!")]);
    }

    #[test]
    fn an_attempt_that_says_less_takes_the_rest_back() {
        let mut answer = answer();
        answer.begin_message(None);
        answer.push("Hello world");
        events(&mut answer);
        answer.begin_attempt();
        answer.begin_message(None);
        answer.push("Hello");
        answer.complete();
        assert_eq!(events(&mut answer), [TurnEvent::Restarted, MESSAGE, delta("Hello")]);
        answer.begin_attempt();
        answer.complete();
        assert_eq!(events(&mut answer), [TurnEvent::Restarted]);
    }

    #[test]
    fn a_second_attempt_begins_behind_the_responses_that_are_complete() {
        let commentary = TurnEvent::Message { phase: Some(Phase::Commentary) };
        let begun = || {
            let mut answer = answer();
            answer.begin_message(Some(Phase::Commentary));
            answer.push("Let me think.");
            answer.complete_message("Let me think.");
            answer.complete_response();
            answer.begin_message(None);
            answer.push("Final ans");
            assert_eq!(
                events(&mut answer),
                [commentary.clone(), delta("Let me think."), MESSAGE, delta("Final ans")]
            );
            answer.begin_attempt();
            answer.begin_message(None);
            answer
        };
        let mut same = begun();
        same.push("Final answer");
        same.complete();
        assert_eq!((events(&mut same), same.text()), (vec![delta("wer")], "Let me think.\n\nFinal answer"));
        let mut other = begun();
        other.push("Finally");
        other.complete();
        assert_eq!(
            events(&mut other),
            [TurnEvent::Restarted, commentary.clone(), delta("Let me think."), MESSAGE, delta("Finally")]
        );
    }

    #[test]
    fn a_message_that_begins_and_never_comes_was_withheld() {
        let mut refused = answer();
        refused.begin_message(None);
        refused.complete();
        assert_eq!((events(&mut refused), refused.cut()), (vec![], Some(Finish::ContentFilter)));
        let mut empty = answer();
        empty.begin_message(None);
        empty.complete_message("");
        empty.complete();
        assert_eq!(empty.cut(), None);
    }

    #[test]
    fn a_limit_cuts_the_answer_and_the_rest_is_not_told() {
        let mut answer = Answer::new(&Limits { stop: vec!["STOP".into()], max_tokens: None }, Summary::None);
        answer.begin_message(None);
        answer.push("one ST");
        answer.push("OP two");
        answer.push(" three");
        assert_eq!(events(&mut answer), [MESSAGE, delta("one ")]);
        assert_eq!(answer.cut(), Some(Finish::Stop));
        answer.complete();
        assert_eq!(events(&mut answer), []);
    }

    #[test]
    fn messages_are_set_apart_for_the_limits_and_told_one_by_one() {
        let commentary = TurnEvent::Message { phase: Some(Phase::Commentary) };
        let mut answer =
            Answer::new(&Limits { stop: vec!["\n\nSTOP".into()], max_tokens: None }, Summary::None);
        answer.begin_message(Some(Phase::Commentary));
        answer.push("one");
        answer.begin_message(None);
        answer.begin_message(None);
        answer.push("three");
        assert_eq!(events(&mut answer), [commentary.clone(), delta("one"), MESSAGE, delta("three")]);
        answer.begin_message(None);
        answer.push("STOP");
        assert_eq!((events(&mut answer), answer.cut()), (vec![], Some(Finish::Stop)));

        let mut answer = self::answer();
        answer.begin_message(Some(Phase::Commentary));
        answer.push("one");
        answer.begin_message(None);
        answer.push("two");
        events(&mut answer);
        answer.begin_attempt();
        answer.begin_message(Some(Phase::Commentary));
        answer.push("one");
        answer.begin_message(None);
        answer.push("twenty");
        assert_eq!(
            events(&mut answer),
            [TurnEvent::Restarted, commentary, delta("one"), MESSAGE, delta("twenty")]
        );
    }
}
