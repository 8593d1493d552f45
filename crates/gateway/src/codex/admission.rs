//! Places for turns: so many run, so many wait, and nobody waits for ever.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    settings::Settings,
    turn::{TurnError, TurnErrorKind},
};

/// How many turns may run and wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Capacity {
    active: usize,
    may_wait: usize,
    /// How long a turn may wait.
    patience: Duration,
}

#[derive(Debug)]
pub(super) struct Admission {
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    capacity: Capacity,
    waiting: usize,
    /// Places that are taken and are not given back, since there are fewer of them now.
    withdrawn: usize,
}

/// The right to run one turn, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    admission: Arc<Admission>,
}

impl From<&Settings> for Capacity {
    fn from(settings: &Settings) -> Self {
        Self {
            active: settings.max_active_turns.min(Semaphore::MAX_PERMITS),
            may_wait: settings.max_queued_turns,
            patience: settings.queue_timeout,
        }
    }
}

impl Admission {
    pub(super) fn new(capacity: Capacity) -> Self {
        Self {
            places: Arc::new(Semaphore::new(capacity.active)),
            state: Mutex::new(State { capacity, waiting: 0, withdrawn: 0 }),
        }
    }

    /// Has another capacity from now on. Turns that run, or wait, are not disturbed: where there are fewer places than
    /// turns now, the next ones to end leave none behind.
    pub(super) fn resize(&self, capacity: Capacity) {
        let mut state = self.state();
        let (before, after) = (state.capacity.active, capacity.active);
        let added = after.saturating_sub(before);
        let kept = added.min(state.withdrawn);
        state.withdrawn -= kept;
        self.places.add_permits(added - kept);
        let removed = before.saturating_sub(after);
        state.withdrawn += removed - self.places.forget_permits(removed);
        state.capacity = capacity;
    }

    /// Takes so many places at once, in the order of arrival. Taking them one by one, two requests could wait for each
    /// other.
    pub(super) async fn enter(self: &Arc<Self>, count: u32) -> Result<Vec<Place>, TurnError> {
        let capacity = self.state().capacity;
        if usize::try_from(count).unwrap_or(usize::MAX) > capacity.active {
            return Err(capacity.too_many(count));
        }
        if let Ok(permits) = Arc::clone(&self.places).try_acquire_many_owned(count) {
            return Ok(self.places(permits));
        }
        let _waiting = Waiting::join(self).ok_or_else(|| capacity.full())?;
        match timeout(capacity.patience, Arc::clone(&self.places).acquire_many_owned(count)).await {
            Ok(Ok(permits)) => Ok(self.places(permits)),
            Ok(Err(_)) | Err(_) => Err(capacity.timed_out()),
        }
    }

    fn places(self: &Arc<Self>, mut permits: OwnedSemaphorePermit) -> Vec<Place> {
        let mut places = Vec::with_capacity(permits.num_permits());
        while let Some(permit) = permits.split(1) {
            places.push(Place { permit: Some(permit), admission: Arc::clone(self) });
        }
        places
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.admission.state();
        // Given back within the lock, so that nobody who counts places sees this one twice.
        match (self.permit.take(), state.withdrawn.checked_sub(1)) {
            (Some(permit), Some(withdrawn)) => {
                state.withdrawn = withdrawn;
                permit.forget();
            }
            (permit, _) => drop(permit),
        }
    }
}

impl Capacity {
    fn timed_out(&self) -> TurnError {
        TurnError::new(
            TurnErrorKind::QueueTimedOut,
            format!(
                "The request waited {} s for one of the {} turns that run at a time. Send fewer requests at once, or \
                 raise `max_active_turns` or `queue_timeout_seconds` in the gateway's config file.",
                self.patience.as_secs(),
                self.active,
            ),
        )
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

/// One of those who wait; leaves the queue when dropped.
struct Waiting<'a>(&'a Admission);

impl<'a> Waiting<'a> {
    fn join(admission: &'a Admission) -> Option<Self> {
        let mut state = admission.state();
        (state.waiting < state.capacity.may_wait).then(|| {
            state.waiting += 1;
            Self(admission)
        })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(active: usize, may_wait: usize) -> Arc<Admission> {
        Arc::new(Admission::new(capacity(active, may_wait)))
    }

    fn capacity(active: usize, may_wait: usize) -> Capacity {
        Capacity { active, may_wait, patience: Duration::from_secs(5) }
    }

    fn kind(result: Result<Vec<Place>, TurnError>) -> TurnErrorKind {
        result.unwrap_err().kind
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_beyond_the_places_waits_and_one_beyond_the_queue_is_refused() {
        let admission = admission(1, 1);
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
        let admission = admission(3, 1);
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
        let admission = admission(1, 1);
        let _first = admission.enter(1).await.unwrap();
        let gone = timeout(Duration::from_millis(1), admission.enter(1)).await;
        assert!(gone.is_err());
        assert_eq!(kind(admission.enter(1).await), TurnErrorKind::QueueTimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn more_places_are_there_at_once_and_fewer_once_turns_have_ended() {
        let admission = admission(3, 1);
        let mut running = admission.enter(3).await.unwrap();
        admission.resize(capacity(1, 1));
        for _ in 0..2 {
            running.pop();
            assert_eq!(kind(admission.enter(1).await), TurnErrorKind::QueueTimedOut);
        }
        running.pop();
        let only = admission.enter(1).await.unwrap();
        assert_eq!(kind(admission.enter(1).await), TurnErrorKind::QueueTimedOut);

        let waiting = tokio::spawn({
            let admission = Arc::clone(&admission);
            async move { admission.enter(1).await }
        });
        tokio::task::yield_now().await;
        admission.resize(capacity(2, 0));
        let second = waiting.await.unwrap().unwrap();
        assert_eq!(kind(admission.enter(1).await), TurnErrorKind::QueueFull);
        // Two run, and as many as that may: what was taken away is given back.
        admission.resize(capacity(1, 0));
        admission.resize(capacity(2, 0));
        drop((only, second));
        assert_eq!(admission.enter(2).await.unwrap().len(), 2);
        assert_eq!(admission.places.available_permits(), 2);
    }
}
