//! Limits that Codex does not know, kept by the gateway: stop sequences and a number of tokens.

use crate::{
    tokens::Budget,
    turn::{Finish, Limits},
};

/// Lets an answer through until a limit is reached.
#[derive(Debug)]
pub(super) struct Limiter {
    stop: Vec<String>,
    /// Text that may be the beginning of a stop sequence.
    held: String,
    budget: Option<Budget>,
}

/// What may be passed on of a piece of the answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) text: String,
    /// Why the answer ends here, if it does.
    pub(super) finish: Option<Finish>,
}

impl Limiter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { stop: limits.stop.clone(), held: String::new(), budget: limits.max_tokens.map(Budget::new) }
    }

    /// Takes the next piece of the answer.
    pub(super) fn pass(&mut self, delta: &str) -> Passed {
        if self.stop.is_empty() {
            return self.spend(delta.to_owned(), None);
        }
        self.held.push_str(delta);
        let complete =
            self.stop.iter().filter_map(|stop| self.held.find(stop).map(|start| (start + stop.len(), start)));
        // The one that is complete first, as if the answer came byte by byte.
        if let Some((_, start)) = complete.min() {
            self.held.truncate(start);
            let text = std::mem::take(&mut self.held);
            return self.spend(text, Some(Finish::Stop));
        }
        let free = self.held.len() - self.possible_beginning();
        let held = self.held.split_off(free);
        let text = std::mem::replace(&mut self.held, held);
        self.spend(text, None)
    }

    /// The answer is over: what was held is no stop sequence after all.
    pub(super) fn finish(&mut self) -> Passed {
        let text = std::mem::take(&mut self.held);
        self.spend(text, None)
    }

    fn spend(&mut self, mut text: String, finish: Option<Finish>) -> Passed {
        if let Some(kept) = self.budget.as_mut().and_then(|budget| budget.spend(&text)) {
            text.truncate(kept);
            return Passed { text, finish: Some(Finish::Length) };
        }
        Passed { text, finish }
    }

    /// The bytes at the end of what is held that may become a stop sequence.
    fn possible_beginning(&self) -> usize {
        let beginning = |stop: &String| {
            (1..stop.len())
                .rev()
                .find(|length| stop.is_char_boundary(*length) && self.held.ends_with(&stop[..*length]))
        };
        self.stop.iter().filter_map(beginning).max().unwrap_or(0)
    }
}

/// What a caller gets of an answer that comes in these pieces, and why it ended, if it was ended.
#[cfg(test)]
pub(crate) fn cut(limits: &Limits, pieces: &[String]) -> (String, Option<Finish>) {
    let mut limiter = Limiter::new(limits);
    let mut text = String::new();
    for piece in pieces {
        let passed = limiter.pass(piece);
        text.push_str(&passed.text);
        if passed.finish.is_some() {
            return (text, passed.finish);
        }
    }
    let rest = limiter.finish();
    (text + &rest.text, rest.finish)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(stop: &[&str], max_tokens: Option<usize>) -> Limits {
        Limits { stop: stop.iter().map(|&stop| stop.to_owned()).collect(), max_tokens }
    }

    /// What a caller gets of an answer that comes in these pieces.
    fn passed(limits: &Limits, pieces: &[&str]) -> (String, Option<Finish>) {
        cut(limits, &pieces.iter().map(|&piece| piece.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_stop_sequence_ends_the_answer_wherever_the_deltas_break() {
        let answer = "Thought: look\nObservation: none";
        for size in 1..answer.len() {
            let pieces: Vec<&str> =
                answer.as_bytes().chunks(size).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
            let (text, finish) = passed(&limits(&["\nObservation:", "zzz"], None), &pieces);
            assert_eq!((text.as_str(), finish), ("Thought: look", Some(Finish::Stop)), "{size}");
        }
    }

    #[test]
    fn the_earliest_of_several_counts() {
        assert_eq!(passed(&limits(&["c", "b"], None), &["abc"]), ("a".to_owned(), Some(Finish::Stop)));
        assert_eq!(
            passed(&limits(&["bcd", "c"], None), &["ab", "cx"]),
            ("ab".to_owned(), Some(Finish::Stop))
        );
    }

    #[test]
    fn the_one_that_is_complete_first_counts_wherever_the_deltas_break() {
        for pieces in [&["abcd"][..], &["abc", "d"], &["a", "b", "c", "d"]] {
            assert_eq!(passed(&limits(&["bcd", "c"], None), pieces), ("ab".to_owned(), Some(Finish::Stop)));
        }
        assert_eq!(passed(&limits(&["bc", "c"], None), &["abcd"]), ("a".to_owned(), Some(Finish::Stop)));
    }

    #[test]
    fn what_only_began_like_a_stop_sequence_is_not_lost() {
        assert_eq!(
            passed(&limits(&["END"], None), &["the E", "N", "d of EN"]),
            ("the ENd of EN".to_owned(), None)
        );
        assert_eq!(passed(&limits(&["aab"], None), &["a", "a", "a", "c"]), ("aaac".to_owned(), None));
        assert_eq!(passed(&limits(&["é!"], None), &["caf", "é", "?"]), ("café?".to_owned(), None));
    }

    #[test]
    fn text_that_cannot_become_a_stop_sequence_is_not_held_back() {
        let mut limiter = Limiter::new(&limits(&["END"], None));
        assert_eq!(limiter.pass("free E"), Passed { text: "free ".into(), finish: None });
        assert_eq!(limiter.pass("x"), Passed { text: "Ex".into(), finish: None });
    }

    #[test]
    fn the_number_of_tokens_is_a_limit_too() {
        let text = " word".repeat(20);
        assert_eq!(passed(&limits(&[], Some(5)), &[&text]), (" word".repeat(5), Some(Finish::Length)));
        assert_eq!(passed(&limits(&["."], Some(20)), &[&text, "."]), (text.clone(), Some(Finish::Stop)));
    }
}
