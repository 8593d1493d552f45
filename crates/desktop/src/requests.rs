//! The requests that went through, whichever gateway answered them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gateway::log::Record;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Instant, sleep_until},
};

use crate::{
    problem::Problem,
    view::{Cure, REQUESTS_KEPT, RequestView},
};

/// The page is told of new requests no more often than this.
const BATCH_PAUSE: Duration = Duration::from_millis(100);

/// The latest requests. They outlive the gateway that answered them, which is another one after each start.
#[derive(Debug)]
pub(crate) struct Requests {
    kept: Mutex<VecDeque<Arc<RequestView>>>,
    feed: broadcast::Sender<Arc<RequestView>>,
}

impl Requests {
    pub(crate) fn new() -> Self {
        Self { kept: Mutex::default(), feed: broadcast::Sender::new(REQUESTS_KEPT) }
    }

    pub(crate) fn add(&self, record: Record, cure: Option<Cure>) {
        let request = Arc::new(RequestView { record, cure });
        let mut kept = self.kept();
        if kept.len() == REQUESTS_KEPT {
            kept.pop_front();
        }
        kept.push_back(Arc::clone(&request));
        drop(kept);
        // Nobody may be watching.
        let _ = self.feed.send(request);
    }

    pub(crate) fn all(&self) -> Vec<Arc<RequestView>> {
        self.kept().iter().cloned().collect()
    }

    pub(crate) fn find(&self, id: &str) -> Result<Arc<RequestView>, Problem> {
        let kept = self.kept();
        kept.iter().find(|request| request.record.id == id).cloned().ok_or(Problem::NoRequest)
    }

    pub(crate) fn clear(&self) {
        self.kept().clear();
    }

    pub(crate) fn feed(&self) -> broadcast::Receiver<Arc<RequestView>> {
        self.feed.subscribe()
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Arc<RequestView>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// New requests, gathered so that there are at most ten batches a second.
#[derive(Debug)]
pub struct RequestBatches {
    feed: broadcast::Receiver<Arc<RequestView>>,
    next: Instant,
}

impl RequestBatches {
    pub(crate) fn new(feed: broadcast::Receiver<Arc<RequestView>>) -> Self {
        Self { feed, next: Instant::now() }
    }

    /// The next requests, in order; `None` once the application has ended. A call that is dropped loses none.
    pub async fn next(&mut self) -> Option<Vec<Arc<RequestView>>> {
        sleep_until(self.next).await;
        let mut batch = Vec::new();
        loop {
            match self.feed.recv().await {
                Ok(request) => break batch.push(request),
                // Those that were missed are still in the list.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
        while let Ok(request) = self.feed.try_recv() {
            batch.push(request);
        }
        self.next = Instant::now() + BATCH_PAUSE;
        Some(batch)
    }
}
