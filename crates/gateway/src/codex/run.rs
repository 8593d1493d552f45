//! One turn on Codex, from its thread to its last event.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    Session,
    admission::Place,
    conversations::{Conversations, Kept, TurnSettings, Waiting},
    failure,
    history::History,
    patience::Patience,
    progress::{Ending, Progress},
    thread::Thread,
    tools::Tools,
};
use crate::turn::{Cost, Limits, Milestone, Turn, TurnError, TurnErrorKind, TurnEvent, TurnReport};

/// A turn that has been started. Dropping it before its end interrupts it. After its end, its thread is kept for what
/// may follow, or given up.
#[derive(Debug)]
pub(crate) struct RunningTurn {
    /// `None` once the caller has been told the end.
    thread: Option<Thread>,
    progress: Progress,
    conversations: Arc<Conversations>,
    /// The conversation that was given; `None` where none is kept.
    history: Option<History>,
    settings: TurnSettings,
    login: &'static str,
    _place: Arc<Place>,
}

/// What a turn starts with beside the question.
#[derive(Debug)]
pub(super) struct Start {
    /// The turn's functions.
    pub(super) tools: Arc<Tools>,
    pub(super) place: Arc<Place>,
    /// When the turn asked for its place.
    pub(super) asked: Instant,
    pub(super) patience: Patience,
    /// The command that signs in to this Codex.
    pub(super) login: &'static str,
}

impl RunningTurn {
    /// Starts the turn: on the thread that holds the conversation so far, if there is one, else on a new one.
    pub(super) async fn start(
        session: Arc<Session>,
        conversations: Arc<Conversations>,
        turn: &Turn,
        Start { tools, place, asked, patience, login }: Start,
    ) -> Result<Self, TurnError> {
        let mut timeline = vec![(Milestone::Admitted, asked.elapsed())];
        let failed = |error| failure::request_failed(&error);
        if session.account().is_signed_out().await.map_err(failed)? {
            return Err(TurnError::new(
                TurnErrorKind::SignedOut,
                format!("Codex isn't signed in: run `{login}`, then send the request again."),
            ));
        }
        let histories = conversations.histories(turn, &tools);
        let home = session.threads.look().await.map_err(failed)?;
        let known = conversations.go_on(&session, turn, &tools, &histories, &home).await.map_err(failed)?;
        let thread = if let Some(thread) = known {
            timeline.push((Milestone::Continued, asked.elapsed()));
            thread
        } else {
            let mut thread = Thread::open(&session, turn, &tools, &home).await.map_err(failed)?;
            timeline.push((Milestone::Thread, asked.elapsed()));
            thread.run(turn, &tools, &turn.items).await.map_err(failed)?;
            thread
        };
        let report = TurnReport { prompt_bytes: thread.bytes(), timeline };
        let mut progress = Progress::new(turn, tools, report, asked, patience);
        if turn.limits != Limits::default() {
            // The provider tells no usage of a turn that is interrupted. Codex is at work meanwhile.
            progress.count_prompt(turn).await;
        }
        Ok(Self {
            thread: Some(thread),
            progress,
            conversations,
            history: histories.last().copied(),
            settings: turn.into(),
            login,
            _place: place,
        })
    }

    /// What is known of the turn by now.
    pub(crate) fn report(&self) -> &TurnReport {
        self.progress.report()
    }

    /// What a turn that is given up has cost: the provider may have told no usage of it, and never will.
    pub(crate) fn cost(&self) -> Cost {
        self.progress.cost()
    }

    /// The next event; `None` after the end. May be cancelled.
    pub(crate) async fn next(&mut self) -> Option<Result<TurnEvent, TurnError>> {
        let thread = self.thread.as_mut()?;
        let mut event = self.progress.step(thread).await;
        if let Err(TurnError { kind: TurnErrorKind::SignedOut, message, .. }) = &mut event {
            thread.doubt_sign_in();
            message.push_str(&format!(" Run `{}`, then send the request again.", self.login));
        }
        if matches!(event, Err(_) | Ok(TurnEvent::Completed(_))) {
            self.end();
        }
        Some(event)
    }

    /// Keeps the thread where the caller may come back to it: when they do, it must be there already.
    fn end(&mut self) {
        let (Some(thread), Some(history)) = (self.thread.take(), self.history) else { return };
        let Some(Ending { as_items, as_message, waiting_for }) = self.progress.ending() else { return };
        let settings = std::mem::take(&mut self.settings);
        self.conversations.keep(Kept {
            thread,
            since: Instant::now(),
            histories: [Some(as_items), as_message]
                .into_iter()
                .flatten()
                .map(|items| items.iter().fold(history, History::then))
                .collect(),
            waiting: (!waiting_for.is_empty()).then_some(Waiting { calls: waiting_for, settings }),
        });
    }
}
