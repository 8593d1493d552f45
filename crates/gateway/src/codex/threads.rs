//! Threads that are started ahead of the requests that will use them.
//!
//! A thread serves one request. Starting it takes Codex about 10 ms, which nobody waits for when it was done before.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use app_server::{
    Error,
    protocol::{Request, ThreadStart},
};
use tokio::task::JoinHandle;

use super::{
    home::Look,
    starter::{Loaded, Starter, Wishes},
    tools::Tools,
};
use crate::turn::Turn;

/// How many threads wait ready. Each costs Codex about 1.5 MB.
const READY: usize = 4;

#[derive(Debug)]
pub(super) struct Threads {
    starter: Starter,
    /// Threads that nobody uses yet, and that may still be started just now, oldest first.
    ready: Mutex<VecDeque<Ready>>,
}

type Ready = JoinHandle<Result<Loaded, Error>>;

/// A thread that somebody waits for. Where they go away before it is there, it is left to the next one.
struct Awaited<'a> {
    threads: &'a Threads,
    ready: Option<Ready>,
}

impl Threads {
    /// Starts the first thread, and more of them in the background.
    pub(super) async fn open(starter: Starter) -> Result<Self, Error> {
        let first = starter.start(&Wishes::default()).await;
        let threads = Self { starter, ready: Mutex::default() };
        threads.ready().push_back(tokio::spawn(std::future::ready(Ok(first?))));
        threads.refill();
        Ok(threads)
    }

    /// A thread for a turn: one that is ready where the turn asks for nothing that only a thread can be told. Tools are
    /// offered in a form that depends on the model, so a thread with tools is started with the one that it will be used
    /// with.
    pub(super) async fn for_turn(&self, turn: &Turn, tools: &Tools, home: &Look) -> Result<Loaded, Error> {
        if tools.is_empty() && turn.verbosity.is_none() {
            return self.take(home).await;
        }
        let wishes = Wishes {
            model: Some(&turn.model),
            tools: tools.dynamic_tools(),
            verbosity: turn.verbosity.as_deref(),
        };
        self.starter.start(&wishes).await
    }

    /// Has Codex start the threads that are missing.
    pub(super) fn refill(&self) {
        let mut ready = self.ready();
        while ready.len() < READY {
            ready.push_back(self.start());
        }
    }

    /// How the Codex home is now.
    pub(super) async fn look(&self) -> Result<Arc<Look>, Error> {
        self.starter.look().await
    }

    /// An unused thread: one that was started ahead in this home, else one that is started now.
    async fn take(&self, home: &Look) -> Result<Loaded, Error> {
        loop {
            let oldest = self.ready().pop_front();
            let was_ahead = oldest.is_some();
            let ready = oldest.unwrap_or_else(|| self.start());
            match (Awaited { threads: self, ready: Some(ready) }).loaded().await {
                Ok(mut loaded) => {
                    if !was_ahead || (loaded.is_of(home) && loaded.unfit().is_none()) {
                        return Ok(loaded);
                    }
                    tracing::debug!("a thread is given up that was started before the home changed");
                }
                Err(error @ (Error::Refused { .. } | Error::TimedOut { .. } | Error::Server { .. }))
                    if was_ahead =>
                {
                    tracing::debug!(%error, "no thread could be started ahead");
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn start(&self) -> Ready {
        let starter = self.starter.clone();
        tokio::spawn(async move { starter.start(&Wishes::default()).await })
    }

    fn ready(&self) -> MutexGuard<'_, VecDeque<Ready>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Awaited<'_> {
    async fn loaded(mut self) -> Result<Loaded, Error> {
        let ended = Error::Closed { method: ThreadStart::METHOD };
        let Some(ready) = self.ready.as_mut() else { return Err(ended) };
        let loaded = ready.await;
        self.ready = None;
        // Without a result, the runtime is ending.
        loaded.unwrap_or(Err(ended))
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        if let Some(ready) = self.ready.take() {
            self.threads.ready().push_front(ready);
        }
    }
}
