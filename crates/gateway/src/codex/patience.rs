//! How long a turn is waited for: no turn lasts for ever, whatever Codex does or fails to do.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    settings::Settings,
    turn::{TurnError, TurnErrorKind},
};

/// How long Codex may be silent after it has said that it is done with a turn, before it says that the turn is complete.
/// It needs less than a millisecond, and has been seen to forget it.
const IDLE: Duration = Duration::from_secs(2);

/// The same where it has not said so, and what the model called its answer is complete.
const ANSWERED: Duration = Duration::from_secs(30);

/// How long Codex may be silent while it waits for the output of a call and the provider's response goes on, or half of
/// what it may be silent for at all, if that is less. It tells nothing of a call until it is whole, which takes a while
/// where a file is to be written, and nothing of a response that breaks off until it has the outputs.
const CALLED: Duration = Duration::from_secs(120);

/// How long Codex may look for a way to the provider. It tells of each attempt, the third 15 s after the first.
const OFFLINE: Duration = Duration::from_secs(10);

/// The limits of every turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    whole: Duration,
    idle: Duration,
}

impl From<&Settings> for Patience {
    fn from(settings: &Settings) -> Self {
        Self { whole: settings.turn_timeout, idle: settings.idle_timeout }
    }
}

/// Keeps the time of one turn.
#[derive(Debug)]
pub(super) struct Clock {
    patience: Patience,
    started: Instant,
    heard: Instant,
    expected: Expected,
    /// Since when Codex has found no way to the provider.
    offline: Option<Instant>,
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Anything,
    /// The rest of a response, of which Codex waits for the output of a call.
    Rest,
    /// The word that the turn is over, since the answer is.
    End,
    /// The same, since Codex is done with it.
    Completion,
}

/// What has taken too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// The turn.
    End,
    /// Any word of Codex about it.
    Event,
    /// The rest of a response, which may have broken off.
    Rest,
    /// The word that it is over, where all of the answer is here.
    Completion,
}

impl Clock {
    pub(super) fn start(patience: Patience) -> Self {
        let now = Instant::now();
        Self { patience, started: now, heard: now, expected: Expected::Anything, offline: None }
    }

    /// Codex has said something.
    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
    }

    pub(super) fn expect(&mut self, expected: Expected) {
        self.expected = expected;
    }

    /// Codex has found no way to the provider. Returns whether that has been so for too long.
    pub(super) fn is_offline_for_long(&mut self) -> bool {
        self.offline.get_or_insert_with(Instant::now).elapsed() >= OFFLINE
    }

    /// Something came from the provider.
    pub(super) fn online(&mut self) {
        self.offline = None;
    }

    /// Until when to wait for the next event, and what is overdue then.
    pub(super) fn next(&self) -> (Instant, Overdue) {
        let end = (self.started + self.patience.whole, Overdue::End);
        let event = (self.heard + self.patience.idle, Overdue::Event);
        let sooner = match self.expected {
            Expected::Anything => event,
            Expected::Rest => (self.heard + CALLED.min(self.patience.idle / 2), Overdue::Rest),
            Expected::End => (self.heard + ANSWERED, Overdue::Completion),
            Expected::Completion => (self.heard + IDLE, Overdue::Completion),
        };
        [end, event, sooner].into_iter().min_by_key(|(at, _)| *at).unwrap_or(end)
    }

    /// The error for a turn that is given up since it takes too long.
    pub(super) fn turn_timed_out(&self) -> TurnError {
        let seconds = self.patience.whole.as_secs();
        timed_out(format!(
            "The model did not finish within {seconds} s. Ask for less, or raise `turn_timeout_seconds` in the \
             gateway's config file."
        ))
    }

    /// The error for a turn that is given up since nothing is heard of it.
    pub(super) fn idle_timed_out(&self) -> TurnError {
        let seconds = self.patience.idle.as_secs();
        timed_out(format!(
            "Nothing came from the model for {seconds} s. Send the request again, or raise `idle_timeout_seconds` in \
             the gateway's config file."
        ))
    }
}

fn timed_out(message: String) -> TurnError {
    TurnError::new(TurnErrorKind::TimedOut, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(whole: u64, idle: u64) -> Clock {
        Clock::start(Patience { whole: Duration::from_secs(whole), idle: Duration::from_secs(idle) })
    }

    /// What is overdue first, and in how many seconds.
    fn next(clock: &Clock) -> (u64, Overdue) {
        let (at, overdue) = clock.next();
        ((at - Instant::now()).as_secs(), overdue)
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_measured_from_the_last_word_and_the_turn_from_its_start() {
        let mut clock = clock(100, 60);
        assert_eq!(next(&clock), (60, Overdue::Event));
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!(next(&clock), (30, Overdue::Event));
        clock.heard();
        assert_eq!(next(&clock), (60, Overdue::Event));
        tokio::time::advance(Duration::from_secs(50)).await;
        clock.heard();
        assert_eq!(next(&clock), (20, Overdue::End));
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_soon_is_not_waited_for_as_long() {
        let mut clock = clock(100, 60);
        for (expected, seconds, overdue) in [
            (Expected::Completion, 2, Overdue::Completion),
            (Expected::End, 30, Overdue::Completion),
            (Expected::Rest, 30, Overdue::Rest),
            (Expected::Anything, 60, Overdue::Event),
        ] {
            clock.expect(expected);
            assert_eq!(next(&clock), (seconds, overdue));
            tokio::time::advance(Duration::from_secs(1)).await;
            clock.heard();
            assert_eq!(next(&clock), (seconds, overdue));
        }
        let mut short = self::clock(100, 1);
        short.expect(Expected::Completion);
        assert_eq!(next(&short), (1, Overdue::Event));
        assert_eq!(next(&self::clock(100, 100)), (100, Overdue::End));
        let mut long = self::clock(1000, 600);
        long.expect(Expected::Rest);
        assert_eq!(next(&long), (120, Overdue::Rest));
    }

    #[tokio::test(start_paused = true)]
    async fn a_way_to_the_provider_is_looked_for_as_long_as_none_was_found_since() {
        let mut clock = clock(100, 60);
        assert!(!clock.is_offline_for_long());
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(!clock.is_offline_for_long());
        clock.online();
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(!clock.is_offline_for_long());
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(clock.is_offline_for_long());
    }

    #[tokio::test]
    async fn each_error_names_its_setting() {
        let clock = clock(100, 60);
        for (error, setting) in [
            (clock.turn_timed_out(), "within 100 s. Ask for less, or raise `turn_timeout_seconds`"),
            (clock.idle_timed_out(), "for 60 s. Send the request again, or raise `idle_timeout_seconds`"),
        ] {
            assert_eq!(error.kind, TurnErrorKind::TimedOut);
            assert!(error.message.contains(setting), "{error}");
        }
    }
}
