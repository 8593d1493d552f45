//! How long a turn is waited for: no turn lasts for ever, whatever Codex does or fails to do.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    settings::Settings,
    turn::{TurnError, TurnErrorKind},
};

/// How long Codex may be silent after the provider's response is complete. It needs milliseconds to say that the turn is,
/// too, and has been seen to forget it.
const SETTLED: Duration = Duration::from_secs(10);

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
    /// Whether the provider's response is complete, and nothing has begun since.
    settled: bool,
    /// Since when Codex has found no way to the provider.
    offline: Option<Instant>,
}

/// What has taken too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// The turn.
    End,
    /// Any word of Codex about it.
    Event,
    /// The word that it is over, where all of the answer is here.
    Completion,
}

impl Clock {
    pub(super) fn start(patience: Patience) -> Self {
        let now = Instant::now();
        Self { patience, started: now, heard: now, settled: false, offline: None }
    }

    /// Codex has said something.
    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
    }

    /// The provider's response is complete, or another one begins.
    pub(super) fn settle(&mut self, settled: bool) {
        self.settled = settled;
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
        let completion = self.settled.then(|| (self.heard + SETTLED, Overdue::Completion));
        let event = if event.0 < end.0 { event } else { end };
        completion.filter(|completion| completion.0 < event.0).unwrap_or(event)
    }

    /// The error for a turn that is given up.
    pub(super) fn error(&self, overdue: Overdue) -> TurnError {
        let message = match overdue {
            Overdue::End | Overdue::Completion => format!(
                "The model did not finish within {} s. Ask for less, or raise `turn_timeout_seconds` in the gateway's \
                 config file.",
                self.patience.whole.as_secs(),
            ),
            Overdue::Event => format!(
                "Nothing came from the model for {} s. Send the request again, or raise `idle_timeout_seconds` in the \
                 gateway's config file.",
                self.patience.idle.as_secs(),
            ),
        };
        TurnError::new(TurnErrorKind::TimedOut, message)
    }
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
    async fn after_the_response_only_its_end_is_waited_for() {
        let mut clock = clock(100, 60);
        clock.settle(true);
        assert_eq!(next(&clock), (10, Overdue::Completion));
        tokio::time::advance(Duration::from_secs(5)).await;
        clock.heard();
        assert_eq!(next(&clock), (10, Overdue::Completion));
        clock.settle(false);
        assert_eq!(next(&clock), (60, Overdue::Event));
        assert_eq!(next(&self::clock(100, 100)), (100, Overdue::End));
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
        for (overdue, setting) in
            [(Overdue::End, "turn_timeout_seconds"), (Overdue::Event, "idle_timeout_seconds")]
        {
            let error = clock.error(overdue);
            assert_eq!(error.kind, TurnErrorKind::TimedOut);
            assert!(error.message.contains(setting), "{error}");
        }
    }
}
