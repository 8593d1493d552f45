//! Threads that are started ahead of the requests that will use them.
//!
//! A thread serves one request. Starting it takes Codex about 10 ms, which nobody waits for when it was done before.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use app_server::{
    Client, Error,
    protocol::{ThreadStart, ThreadStartResponse},
};

/// How many threads wait ready. Each costs Codex about 1.5 MB.
const READY: usize = 4;

#[derive(Debug)]
pub(super) struct Threads {
    client: Client,
    template: ThreadStart,
    ready: Mutex<Vec<String>>,
    refilling: AtomicBool,
    warned: AtomicBool,
}

impl Threads {
    pub(super) fn new(client: Client, template: ThreadStart) -> Self {
        Self {
            client,
            template,
            ready: Mutex::default(),
            refilling: AtomicBool::new(false),
            warned: AtomicBool::new(false),
        }
    }

    /// The id of an unused thread: one that is ready, else one that is started now.
    pub(super) async fn take(&self) -> Result<String, Error> {
        let ready = self.ready().pop();
        match ready {
            Some(thread_id) => Ok(thread_id),
            None => self.start().await,
        }
    }

    /// Starts, in the background, the threads that are missing.
    pub(super) fn refill(self: &Arc<Self>) {
        if self.ready().len() >= READY || self.refilling.swap(true, Ordering::AcqRel) {
            return;
        }
        let threads = Arc::clone(self);
        tokio::spawn(async move {
            while threads.ready().len() < READY {
                match threads.start().await {
                    Ok(thread_id) => threads.ready().push(thread_id),
                    Err(error) => {
                        tracing::debug!(%error, "no thread could be started ahead");
                        break;
                    }
                }
            }
            threads.refilling.store(false, Ordering::Release);
        });
    }

    async fn start(&self) -> Result<String, Error> {
        let ThreadStartResponse { thread, instruction_sources } = self.client.request(&self.template).await?;
        if !instruction_sources.is_empty() && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(files = ?instruction_sources, "Codex adds the text of these files to every prompt");
        }
        Ok(thread.id)
    }

    fn ready(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
