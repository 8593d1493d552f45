//! What the server's requests share: the scripts that are to come, and the record of what came.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::request;
use bytes::Bytes;

use crate::log::{Arrival, Limits, Log, Ticket};
use crate::script::Script;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) base_url: String,
    scripts: Mutex<Scripts>,
    pub(crate) log: Arc<Log>,
}

impl Shared {
    pub(crate) fn new(base_url: String, limits: Limits) -> Self {
        Self { base_url, scripts: Mutex::new(Scripts::new()), log: Arc::new(Log::new(limits)) }
    }

    /// Records a request and takes its script, in one step: the n-th recorded request gets the n-th script.
    pub(crate) fn begin(
        &self,
        arrival: Arrival,
        head: &request::Parts,
        body: Bytes,
    ) -> (Arc<Script>, Ticket) {
        let mut scripts = self.scripts();
        (scripts.next(), self.log.begin(arrival, head, body))
    }

    pub(crate) fn scripts(&self) -> MutexGuard<'_, Scripts> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(crate) struct Scripts {
    queue: VecDeque<Arc<Script>>,
    default: Arc<Script>,
}

impl Scripts {
    fn new() -> Self {
        Self { queue: VecDeque::new(), default: Arc::new(Script::echo().into()) }
    }

    pub(crate) fn set_default(&mut self, script: Script) {
        self.default = Arc::new(script);
    }

    pub(crate) fn push(&mut self, script: Script) {
        self.queue.push_back(Arc::new(script));
    }

    pub(crate) fn clear_queue(&mut self) {
        self.queue.clear();
    }

    fn next(&mut self) -> Arc<Script> {
        self.queue.pop_front().unwrap_or_else(|| Arc::clone(&self.default))
    }
}
