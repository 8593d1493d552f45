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

    /// Takes so many places at once, in the order of arrival. Taking them one by one, two requests could wait for each
    /// other.
    pub(super) async fn enter(&self, count: u32) -> Result<Vec<Place>, TurnError> {
        if usize::try_from(count).unwrap_or(usize::MAX) > self.active {
            return Err(self.too_many(count));
        }
        if let Ok(permits) = Arc::clone(&self.places).try_acquire_many_owned(count) {
            return Ok(Place::each(permits));
        }
        let _waiting = Waiting::join(&self.waiting, self.may_wait).ok_or_else(|| self.full())?;
        match timeout(self.patience, Arc::clone(&self.places).acquire_many_owned(count)).await {
            Ok(Ok(permits)) => Ok(Place::each(permits)),
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

    fn too_many(&self, count: u32) -> TurnError {
        TurnError::new(
            TurnErrorKind::Rejected { param: Some("n".to_owned()), code: Some("invalid_value".to_owned()) },
            format!(
                "{count} answers were asked for, but only {} turns run at a time. Ask for fewer, or raise \
                 `max_active_turns` in the gateway's config file.",
                self.active,
            ),
        )
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

impl Place {
    fn each(mut permits: OwnedSemaphorePermit) -> Vec<Self> {
        let mut places = Vec::with_capacity(permits.num_permits());
        while let Some(permit) = permits.split(1) {
            places.push(Self { _permit: permit });
        }
        places
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

    fn kind(result: Result<Vec<Place>, TurnError>) -> TurnErrorKind {
        result.unwrap_err().kind
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_beyond_the_places_waits_and_one_beyond_the_queue_is_refused() {
        let admission = Arc::new(Admission::new(1, 1, Duration::from_secs(5)));
        let first = admission.enter(1).await.unwrap();
        let second = tokio::spawn({
            let admission = Arc::clone(&admission);
            async move { admission.enter(1).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(kind(admission.enter(1).await), TurnErrorKind::QueueFull);
        drop(first);
        let second = second.await.unwrap().unwrap();
        assert_eq!(kind(admission.enter(1).await), TurnErrorKind::QueueTimedOut);
        drop(second);
        assert!(admission.enter(1).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn several_places_are_taken_at_once_or_not_at_all() {
        let admission = Admission::new(3, 1, Duration::from_secs(5));
        let two = admission.enter(2).await.unwrap();
        assert_eq!(two.len(), 2);
        assert_eq!(kind(admission.enter(2).await), TurnErrorKind::QueueTimedOut);
        assert!(admission.enter(1).await.is_ok());
        assert!(matches!(kind(admission.enter(4).await), TurnErrorKind::Rejected { .. }));
        drop(two);
        assert_eq!(admission.enter(3).await.unwrap().len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_goes_away_leaves_the_queue() {
        let admission = Admission::new(1, 1, Duration::from_secs(5));
        let _first = admission.enter(1).await.unwrap();
        let gone = timeout(Duration::from_millis(1), admission.enter(1)).await;
        assert!(gone.is_err());
        assert_eq!(kind(admission.enter(1).await), TurnErrorKind::QueueTimedOut);
    }
}
