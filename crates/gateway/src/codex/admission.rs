//! Places for turns: so many run, so many wait, and nobody waits for ever.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::turn::{TurnError, TurnErrorKind};

#[derive(Debug)]
pub(super) struct Admission {
    places: Arc<Semaphore>,
    active: usize,
    waiting: AtomicUsize,
    may_wait: usize,
    patience: Duration,
}

/// The right to run one turn, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Admission {
    pub(super) fn new(active: usize, may_wait: usize, patience: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(active)),
            active,
            waiting: AtomicUsize::new(0),
            may_wait,
            patience,
        }
    }

    /// Takes a place, in the order of arrival.
    pub(super) async fn enter(&self) -> Result<Place, TurnError> {
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Place { _permit: permit });
        }
        let _waiting = Waiting::join(&self.waiting, self.may_wait).ok_or_else(|| self.full())?;
        match timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Place { _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(TurnError::new(
                TurnErrorKind::QueueTimedOut,
                format!(
                    "The request waited {} s for one of the {} turns that run at a time. Send fewer requests at once, \
                     or raise `max_active_turns` or `queue_timeout_seconds` in the gateway's config file.",
                    self.patience.as_secs(),
                    self.active,
                ),
            )),
        }
    }

    fn full(&self) -> TurnError {
        TurnError::new(
            TurnErrorKind::QueueFull,
            format!(
                "{} turns are running and {} requests are waiting already. Try again in a moment, or raise \
                 `max_active_turns` or `max_queued_turns` in the gateway's config file.",
                self.active, self.may_wait,
            ),
        )
        .retry_after(Duration::from_secs(1))
    }
}

/// One of those who wait; leaves the queue when dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn join(waiting: &'a AtomicUsize, limit: usize) -> Option<Self> {
        let joined = waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
            (waiting < limit).then_some(waiting + 1)
        });
        joined.ok().map(|_| Self(waiting))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(result: Result<Place, TurnError>) -> TurnErrorKind {
        result.unwrap_err().kind
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_beyond_the_places_waits_and_one_beyond_the_queue_is_refused() {
        let admission = Arc::new(Admission::new(1, 1, Duration::from_secs(5)));
        let first = admission.enter().await.unwrap();
        let second = tokio::spawn({
            let admission = Arc::clone(&admission);
            async move { admission.enter().await }
        });
        tokio::task::yield_now().await;
        assert_eq!(kind(admission.enter().await), TurnErrorKind::QueueFull);
        drop(first);
        let second = second.await.unwrap().unwrap();
        assert_eq!(kind(admission.enter().await), TurnErrorKind::QueueTimedOut);
        drop(second);
        assert!(admission.enter().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_leaves_the_queue() {
        let admission = Admission::new(1, 1, Duration::from_secs(5));
        let _first = admission.enter().await.unwrap();
        let gone = timeout(Duration::from_millis(1), admission.enter()).await;
        assert!(gone.is_err());
        assert_eq!(kind(admission.enter().await), TurnErrorKind::QueueTimedOut);
    }
}
