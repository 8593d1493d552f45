//! What was asked of the model, and how each answer ended.

mod record;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use axum::http::request;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time;

use record::owned_headers;
pub use record::{Ended, How, RecordedRequest};

/// How much is remembered, so that a long benchmark does not fill the memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests that are remembered at all. 10,000 by default.
    pub requests: usize,
    /// The newest of them keep their body as well. 1,000 by default.
    pub bodies: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests: 10_000, bodies: 1_000 }
    }
}

/// What to wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    #[default]
    Arrived,
    Ended,
}

impl fmt::Display for Until {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Arrived => "arrived",
            Self::Ended => "ended",
        })
    }
}

/// Fewer requests came that far than were waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only {seen} of {wanted} requests have {until} after {timeout:?}")]
pub struct TimedOut {
    pub wanted: u64,
    /// Requests since the last clear that had come that far in the end.
    pub seen: u64,
    pub until: Until,
    pub timeout: Duration,
}

/// Requests since the last [`Log::clear`], those that are no longer remembered included.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Counts {
    arrived: u64,
    ended: u64,
}

impl Counts {
    fn of(self, until: Until) -> u64 {
        match until {
            Until::Arrived => self.arrived,
            Until::Ended => self.ended,
        }
    }
}

/// `GET /control/requests`.
#[derive(Serialize)]
pub(crate) struct Snapshot {
    #[serde(flatten)]
    counts: Counts,
    pub(crate) requests: Vec<RecordedRequest>,
}

#[derive(Debug)]
pub(crate) struct Log {
    limits: Limits,
    entries: Mutex<Entries>,
    /// Changed only under the lock of `entries`.
    counts: watch::Sender<Counts>,
}

#[derive(Debug, Default)]
struct Entries {
    /// Ids follow each other without a gap, so an id gives the index.
    kept: VecDeque<RecordedRequest>,
    next_id: u64,
    /// The first id after the last clear: older ones no longer count when they end.
    first_id: u64,
}

impl Log {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, entries: Mutex::default(), counts: watch::Sender::default() }
    }

    pub(crate) fn begin(self: &Arc<Self>, arrival: Arrival, head: &request::Parts, body: Bytes) -> Ticket {
        let mut request = RecordedRequest {
            id: 0,
            method: head.method.to_string(),
            path: head.uri.to_string(),
            headers: owned_headers(&head.headers),
            body_bytes: body.len(),
            body: Some(body),
            arrived: arrival.wall_clock,
            ended: None,
        };

        let mut entries = self.lock();
        let id = entries.next_id;
        entries.next_id += 1;
        request.id = id;
        entries.kept.push_back(request);
        let count = entries.kept.len();
        if let Some(too_old) = (count - 1).checked_sub(self.limits.bodies) {
            entries.kept[too_old].body = None;
        }
        if count > self.limits.requests {
            entries.kept.pop_front();
        }
        self.counts.send_modify(|counts| counts.arrived += 1);
        Ticket { log: Arc::clone(self), id, arrived: arrival.instant, ended: false }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let entries = self.lock();
        Snapshot { counts: *self.counts.borrow(), requests: entries.kept.iter().cloned().collect() }
    }

    pub(crate) fn clear(&self) {
        let mut entries = self.lock();
        entries.kept.clear();
        entries.first_id = entries.next_id;
        self.counts.send_replace(Counts::default());
    }

    /// Waits until `wanted` requests have come that far since the last clear.
    pub(crate) async fn wait(&self, wanted: u64, until: Until, timeout: Duration) -> Result<(), TimedOut> {
        let mut counts = self.counts.subscribe();
        let reached =
            time::timeout(timeout, counts.wait_for(|counts| counts.of(until) >= wanted)).await.is_ok();
        let seen = self.counts.borrow().of(until);
        if reached { Ok(()) } else { Err(TimedOut { wanted, seen, until, timeout }) }
    }

    fn end(&self, id: u64, ended: Ended) {
        let mut entries = self.lock();
        if id < entries.first_id {
            return;
        }
        let oldest_kept = entries.next_id - entries.kept.len() as u64;
        let index = id.checked_sub(oldest_kept).and_then(|index| usize::try_from(index).ok());
        if let Some(request) = index.and_then(|index| entries.kept.get_mut(index)) {
            request.ended = Some(ended);
        }
        self.counts.send_modify(|counts| counts.ended += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The moment at which the head of a request was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    wall_clock: SystemTime,
    instant: Instant,
}

impl Arrival {
    pub(crate) fn now() -> Self {
        Self { wall_clock: SystemTime::now(), instant: Instant::now() }
    }
}

/// Stands for an answer under way. Dropped without an end, it says that the client closed.
#[derive(Debug)]
pub(crate) struct Ticket {
    log: Arc<Log>,
    pub(crate) id: u64,
    arrived: Instant,
    ended: bool,
}

impl Ticket {
    /// Only the first end counts.
    pub(crate) fn end(&mut self, how: How) {
        if !self.ended {
            self.ended = true;
            self.log.end(self.id, Ended { how, after: self.arrived.elapsed() });
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.end(How::ClosedByClient);
    }
}
