//! Conversations that may go on: threads that are kept for a while after their answer.
//!
//! A caller sends the whole conversation with every request. Where it is what a kept thread holds, and something new at
//! its end, only the new is given to that thread: the provider finds the prompt in its cache, and the model its own
//! reasoning. Where anything differs, the conversation is given whole to another thread, and the answer is as good.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use app_server::{Error, Phase};
use serde_json::Value;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use super::{Session, history::History, home::Look, thread::Thread, tools::Tools};
use crate::turn::{Item, Output, Summary, Turn};

/// How long Codex may take to ask for a call that the model has made.
const CALL_PATIENCE: Duration = Duration::from_secs(2);

/// The kept threads, oldest first.
#[derive(Debug)]
pub(super) struct Conversations {
    state: Mutex<State>,
    phase: watch::Receiver<Phase<Session>>,
    /// Told when they may be kept for another time.
    resized: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    most: usize,
    longest: Duration,
    kept: Vec<Kept>,
    /// Whether a task waits to give up those that nobody came back to.
    sweeping: bool,
}

/// A thread whose answer was given.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) thread: Thread,
    /// Since when.
    pub(super) since: Instant,
    /// The conversation that the thread holds, in each form in which its caller may send it back.
    pub(super) histories: Vec<History>,
    /// What its turn waits for, if it is not over.
    pub(super) waiting: Option<Waiting>,
}

/// A turn that waits for the outputs of calls.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The ids of the calls, in the model's order.
    pub(super) calls: Vec<String>,
    pub(super) settings: TurnSettings,
}

/// What can't be changed while a turn runs.
#[derive(Debug, Default, PartialEq)]
pub(super) struct TurnSettings {
    effort: String,
    summary: Summary,
    service_tier: String,
    output_schema: Option<Value>,
}

impl From<&Turn> for TurnSettings {
    fn from(turn: &Turn) -> Self {
        Self {
            effort: turn.effort.clone(),
            summary: turn.summary,
            service_tier: turn.service_tier.clone(),
            output_schema: turn.output_schema.clone(),
        }
    }
}

impl Conversations {
    /// Keeps at most so many threads, each no longer than this, and no longer than its Codex is the one that is up.
    pub(super) fn new(most: usize, longest: Duration, phase: watch::Receiver<Phase<Session>>) -> Arc<Self> {
        let state = State { most, longest, kept: Vec::new(), sweeping: false };
        Arc::new(Self { state: Mutex::new(state), phase, resized: Arc::default() })
    }

    /// Keeps as many, and as long, from now on.
    pub(super) fn resize(&self, most: usize, longest: Duration) {
        let mut state = self.state();
        (state.most, state.longest) = (most, longest);
        let given_up = state.excess();
        drop(state);
        drop(given_up);
        self.resized.notify_one();
    }

    /// The conversation of a turn after each of its items, where conversations are kept at all.
    pub(super) fn histories(&self, turn: &Turn, tools: &Tools) -> Vec<History> {
        if self.state().most == 0 { Vec::new() } else { History::of(turn, tools) }
    }

    /// The thread that holds the beginning of a turn's conversation, made to go on with the rest. `None` where there
    /// is no such thread, or it can't.
    pub(super) async fn go_on(
        &self,
        session: &Arc<Session>,
        turn: &Turn,
        tools: &Tools,
        histories: &[History],
        home: &Look,
    ) -> Result<Option<Thread>, Error> {
        // Threads of another life of Codex can't go on, and to those of another home Codex would add something.
        self.give_up(|kept| !kept.thread.belongs_to(session) || !kept.thread.goes_on_in(home));
        let Some((Kept { mut thread, waiting, .. }, known)) = self.take(histories) else { return Ok(None) };
        let new = turn.items.get(known..).unwrap_or_default();
        let went_on = match waiting {
            Some(waiting) => match waiting.outputs(turn, new) {
                Some(outputs) => thread.answer(&outputs, Instant::now() + CALL_PATIENCE).await,
                None => Ok(false),
            },
            None if thread.settle() => thread.run(turn, tools, new).await.map(|()| true),
            None => Ok(false),
        };
        match went_on {
            Ok(went_on) => Ok(went_on.then_some(thread)),
            Err(error @ Error::Closed { .. }) => Err(error),
            Err(error) => {
                tracing::info!(%error, "a conversation can't go on in its thread, and is begun anew");
                Ok(None)
            }
        }
    }

    /// Keeps a thread. The oldest makes room.
    pub(super) fn keep(self: &Arc<Self>, kept: Kept) {
        if self.is_outlived(&kept) {
            return;
        }
        let mut state = self.state();
        state.kept.push(kept);
        let given_up = state.excess();
        if !state.sweeping {
            state.sweeping = true;
            tokio::spawn(sweep(Arc::downgrade(self), self.phase.clone(), Arc::clone(&self.resized)));
        }
        drop(state);
        drop(given_up);
    }

    /// The thread that holds the longest part of a conversation, but not all of it, and how many items that is.
    fn take(&self, histories: &[History]) -> Option<(Kept, usize)> {
        let (_, beginnings) = histories.split_last()?;
        let mut state = self.state();
        let (known, index) = beginnings.iter().enumerate().rev().find_map(|(index, history)| {
            Some((index + 1, state.kept.iter().rposition(|kept| kept.histories.contains(history))?))
        })?;
        let kept = state.kept.remove(index);
        Some((kept, known))
    }

    /// Gives up threads. They are dropped without the lock.
    fn give_up(&self, is_over: impl FnMut(&mut Kept) -> bool) {
        let over: Vec<_> = self.state().kept.extract_if(.., is_over).collect();
        drop(over);
    }

    /// Whether another Codex is up by now. A kept thread would keep its own from ending.
    fn is_outlived(&self, kept: &Kept) -> bool {
        matches!(&*self.phase.borrow(), Phase::Up(session) if !kept.thread.belongs_to(session))
    }

    /// Gives up what is too old or lost. Returns when the next one will be too old.
    fn sweep(&self) -> Option<Instant> {
        let (now, longest) = (Instant::now(), self.state().longest);
        self.give_up(|kept| kept.since + longest <= now || kept.thread.is_lost() || self.is_outlived(kept));
        let mut state = self.state();
        let next = state.kept.first().map(|kept| kept.since + longest);
        state.sweeping = next.is_some();
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes out those that are too many. They are given up when they are dropped, without the lock.
    fn excess(&mut self) -> Vec<Kept> {
        let too_many = self.kept.len().saturating_sub(self.most);
        self.kept.drain(..too_many).collect()
    }
}

async fn sweep(
    conversations: Weak<Conversations>,
    mut phase: watch::Receiver<Phase<Session>>,
    resized: Arc<Notify>,
) {
    while let Some(next) = conversations.upgrade().and_then(|conversations| conversations.sweep()) {
        tokio::select! {
            () = sleep_until(next) => {}
            Ok(()) = phase.changed() => {}
            () = resized.notified() => {}
        }
    }
}

impl Waiting {
    /// The outputs by their calls' ids, where the new items are these and nothing else, and nothing else changed.
    fn outputs<'a>(&self, turn: &Turn, new: &'a [Item]) -> Option<Vec<(&'a str, &'a str)>> {
        let outputs: Vec<_> = new
            .iter()
            .map(|item| match item {
                // Codex would give the model one text part as a bare text.
                Item::FunctionCallOutput { call_id, output: Output::Text(text) } => {
                    Some((call_id.as_str(), text.as_str()))
                }
                _ => None,
            })
            .collect::<Option<_>>()?;
        let of_these = outputs.iter().map(|(call_id, _)| *call_id).eq(self.calls.iter().map(String::as_str));
        (of_these && self.settings == TurnSettings::from(turn)).then_some(outputs)
    }
}
