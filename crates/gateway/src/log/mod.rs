//! What went through the gateway: one record a request, redacted, for the people who watch it.

mod bounds;
mod entry;
mod record;
mod running;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{broadcast, watch};

pub(crate) use entry::Entry;
pub(crate) use record::HEALTH_PATH;
pub use record::{Failure, Parameters, PromptBytes, Record, Step, Text, Tokens};
use running::Running;

/// How many records are kept for those who begin to watch later.
const KEPT: usize = 1000;

/// The latest requests, and a feed of those to come. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RequestLog {
    kept: Arc<Mutex<VecDeque<Arc<Record>>>>,
    feed: broadcast::Sender<Arc<Record>>,
    running: Running,
}

impl Default for RequestLog {
    fn default() -> Self {
        Self { kept: Arc::default(), feed: broadcast::Sender::new(KEPT), running: Running::default() }
    }
}

impl RequestLog {
    /// The latest records, oldest first.
    pub fn records(&self) -> Vec<Arc<Record>> {
        self.kept().iter().cloned().collect()
    }

    /// Follows the records from now on. A reader that falls far behind is told how many it missed.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Record>> {
        self.feed.subscribe()
    }

    /// Forgets the records. Those to come are kept again.
    pub fn clear(&self) {
        self.kept().clear();
    }

    /// How many requests run the model now, or wait to: from where they are understood to where their answer has been
    /// sent or their caller has hung up.
    pub(crate) fn running(&self) -> watch::Receiver<usize> {
        self.running.watch()
    }

    fn publish(&self, record: Record) {
        let record = Arc::new(record);
        let mut kept = self.kept();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(Arc::clone(&record));
        drop(kept);
        // Nobody may be watching.
        let _ = self.feed.send(record);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<Record>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
