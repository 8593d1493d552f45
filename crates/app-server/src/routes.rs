//! Who waits for what: for the answer to a request, or for the events of a thread.
//!
//! Whoever asks writes it down here before they ask, and whoever reads looks here what to do with a line. Nobody waits
//! for another task in between.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::value::RawValue;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, mpsc, mpsc::error::TryRecvError, oneshot},
    time::{Instant, sleep_until},
};

use crate::{Error, ThreadEvent, message::RpcError, redact::redact};

/// What may wait for one subscriber: more than any model puts into one answer, which comes twice, in deltas and whole.
const MAX_QUEUED_BYTES: usize = 32 * 1024 * 1024;

/// An answer, still as JSON text.
pub(crate) type Answer = Result<Box<RawValue>, Error>;

/// How late a request may be given up.
const LATENESS: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Routes {
    state: Mutex<State>,
    /// Told when there is something to look after.
    watch: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Whether nothing more will come.
    ended: bool,
    /// Whether somebody looks after the pending requests.
    watched: bool,
    pending: HashMap<u64, Pending>,
    subscribers: HashMap<String, Subscriber>,
    /// What was said of threads that nobody follows yet, and whoever comes to follow them must know.
    early: HashMap<String, ThreadEvent>,
}

#[derive(Debug)]
struct Pending {
    method: &'static str,
    answer: oneshot::Sender<Answer>,
    /// Its place among those that Codex has, once it has been sent.
    place: Option<OwnedSemaphorePermit>,
    /// How long it may take, and until when that is; `None` where no clock goes that far.
    patience: Duration,
    deadline: Option<Instant>,
}

/// The sending end of a subscription.
#[derive(Debug)]
struct Subscriber {
    events: mpsc::UnboundedSender<Result<ThreadEvent, Lost>>,
    queued: Arc<AtomicUsize>,
}

impl Subscriber {
    /// Passes an event on. `false` where too many wait already: then it is told that it is lost.
    fn pass(&self, event: ThreadEvent) -> bool {
        let weight = event.weight();
        let fits = self.queued.fetch_add(weight, Ordering::Relaxed) + weight <= MAX_QUEUED_BYTES;
        // A subscription that is being dropped is about to unsubscribe.
        let _ = self.events.send(if fits { Ok(event) } else { Err(Lost::Overflow) });
        fits
    }
}

/// Why a subscription ended before its thread did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    #[error("the connection to Codex ended")]
    Closed,
    #[error("events came faster than they were read")]
    Overflow,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dispatched {
    Delivered,
    /// Nobody follows the thread.
    Unfollowed,
    /// Its subscriber did not read, and is lost with this event.
    Overflowed,
}

impl Routes {
    /// Begins to wait for an answer, this long. After the end of the connection, there is none.
    pub(crate) fn pending(
        &self,
        id: u64,
        method: &'static str,
        patience: Duration,
    ) -> oneshot::Receiver<Answer> {
        let (answer, receiver) = oneshot::channel();
        let deadline = Instant::now().checked_add(patience);
        let pending = Pending { method, answer, place: None, patience, deadline };
        let mut state = self.state();
        if !state.ended {
            state.pending.insert(id, pending);
            if !std::mem::replace(&mut state.watched, true) {
                self.watch.notify_one();
            }
        }
        receiver
    }

    /// Takes note that a request is being sent. It holds its place until it is answered or given up.
    pub(crate) fn sent(&self, id: u64, place: OwnedSemaphorePermit) {
        if let Some(pending) = self.state().pending.get_mut(&id) {
            pending.place = Some(place);
        }
    }

    /// Gives up the requests that take too long, until the end of the connection. One look a second at them all, and
    /// none while there are none, costs less than a timer for each.
    pub(crate) async fn watch(&self) {
        while !self.state().ended {
            self.watch.notified().await;
            while let Some(next) = self.give_up(Instant::now()) {
                sleep_until(next.min(Instant::now() + LATENESS)).await;
            }
        }
    }

    /// Gives up the requests that are overdue. Returns when the next one will be; `None` where there is none to look
    /// after any more.
    fn give_up(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state();
        let is_overdue = |_: &u64, pending: &mut Pending| pending.deadline.is_some_and(|it| it <= now);
        let overdue: Vec<_> = state.pending.extract_if(is_overdue).collect();
        let next = state.pending.values().filter_map(|pending| pending.deadline).min();
        state.watched = next.is_some();
        drop(state);
        for (_, Pending { method, answer, patience: after, .. }) in overdue {
            let _ = answer.send(Err(Error::TimedOut { method, after }));
        }
        next
    }

    /// Hands an answer to whoever waits for it.
    pub(crate) fn answer(&self, id: Option<u64>, answer: Result<&RawValue, RpcError>) {
        let Some(Pending { method, answer: waiting, .. }) =
            id.and_then(|id| self.state().pending.remove(&id))
        else {
            return;
        };
        let refused = |RpcError { code, message }| Error::Refused { method, code, message: redact(&message) };
        // Whoever asked may have stopped waiting.
        let _ = waiting.send(answer.map(RawValue::to_owned).map_err(refused));
    }

    /// Starts to collect the events of a thread.
    pub(crate) fn subscribe(self: &Arc<Self>, thread_id: String) -> Subscription {
        let (events, receiver) = mpsc::unbounded_channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let subscriber = Subscriber { events, queued: Arc::clone(&queued) };
        let mut state = self.state();
        if let Some(event) = state.early.remove(&thread_id) {
            subscriber.pass(event);
        }
        if !state.ended {
            state.subscribers.insert(thread_id.clone(), subscriber);
        }
        drop(state);
        Subscription { thread_id, events: receiver, queued, routes: Arc::clone(self) }
    }

    /// Hands an event to whoever follows its thread.
    pub(crate) fn dispatch(&self, thread_id: &str, event: ThreadEvent) -> Dispatched {
        let mut state = self.state();
        let Some(subscriber) = state.subscribers.get(thread_id) else {
            match event {
                ThreadEvent::McpServer { .. } => drop(state.early.insert(thread_id.to_owned(), event)),
                ThreadEvent::Closed => drop(state.early.remove(thread_id)),
                _ => {}
            }
            return Dispatched::Unfollowed;
        };
        if !subscriber.pass(event) {
            state.subscribers.remove(thread_id);
            return Dispatched::Overflowed;
        }
        Dispatched::Delivered
    }

    /// Nothing more will come: every pending request fails, and every subscription ends.
    pub(crate) fn end(&self) {
        let waiting = std::mem::replace(&mut *self.state(), State { ended: true, ..State::default() });
        drop(waiting);
        self.watch.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The events of one thread, from the moment of subscribing. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Subscription {
    thread_id: String,
    events: mpsc::UnboundedReceiver<Result<ThreadEvent, Lost>>,
    queued: Arc<AtomicUsize>,
    routes: Arc<Routes>,
}

impl Subscription {
    /// The next event. After an error nothing more comes.
    pub async fn next(&mut self) -> Result<ThreadEvent, Lost> {
        let event = self.events.recv().await.unwrap_or(Err(Lost::Closed))?;
        self.queued.fetch_sub(event.weight(), Ordering::Relaxed);
        Ok(event)
    }

    /// The next event, if one has come already.
    pub fn try_next(&mut self) -> Option<Result<ThreadEvent, Lost>> {
        match self.events.try_recv() {
            Ok(event) => Some(event.inspect(|event| {
                self.queued.fetch_sub(event.weight(), Ordering::Relaxed);
            })),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(Lost::Closed)),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.routes.state().subscribers.remove(&self.thread_id);
    }
}
