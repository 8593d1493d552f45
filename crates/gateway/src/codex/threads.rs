//! Threads that are started ahead of the requests that will use them.
//!
//! A thread serves one request. Starting it takes Codex about 10 ms, which nobody waits for when it was done before.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use app_server::{
    Client, Error,
    protocol::{Request, ThreadStart, ThreadStartResponse, ThreadUnsubscribe},
};
use tokio::sync::oneshot;

use super::tools::Tools;
use crate::turn::Turn;

/// How many threads wait ready. Each costs Codex about 1.5 MB.
const READY: usize = 4;

#[derive(Debug)]
pub(super) struct Threads {
    client: Client,
    template: ThreadStart,
    ready: Mutex<Vec<String>>,
    refilling: AtomicBool,
}

impl Threads {
    /// Starts the first thread, and more of them in the background. Returns the files, too, whose text Codex adds to
    /// the prompt of every thread.
    pub(super) async fn open(
        client: Client,
        template: ThreadStart,
    ) -> Result<(Arc<Self>, Vec<String>), Error> {
        let ThreadStartResponse { thread, instruction_sources } = client.request(&template).await?;
        let threads = Arc::new(Self {
            client,
            template,
            ready: Mutex::new(vec![thread.id]),
            refilling: AtomicBool::new(false),
        });
        threads.refill();
        Ok((threads, instruction_sources))
    }

    /// The id of an unused thread: one that is ready, else one that is started now.
    async fn take(&self) -> Result<String, Error> {
        let ready = self.ready().pop();
        match ready {
            Some(thread_id) => Ok(thread_id),
            None => self.start().await,
        }
    }

    /// The id of a thread for a turn: one that is ready where the turn asks for nothing that only a thread can be told.
    /// Tools are offered in a form that depends on the model, so a thread with tools is started with the one that it
    /// will be used with.
    pub(super) async fn for_turn(&self, turn: &Turn, tools: &Tools) -> Result<String, Error> {
        if tools.is_empty() && turn.verbosity.is_none() {
            return self.take().await;
        }
        let mut thread = ThreadStart {
            model: Some(turn.model.clone()),
            dynamic_tools: tools.dynamic_tools(),
            ..self.template.clone()
        };
        if let Some(verbosity) = &turn.verbosity {
            thread.config.insert("model_verbosity".to_owned(), verbosity.as_str().into());
        }
        self.open_thread(thread).await
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
        self.open_thread(self.template.clone()).await
    }

    /// Starts a thread. A caller that goes away meanwhile would leave it loaded for good, so then it is given up.
    async fn open_thread(&self, thread: ThreadStart) -> Result<String, Error> {
        let client = self.client.clone();
        let (started, id) = oneshot::channel();
        tokio::spawn(async move {
            let response = client.request(&thread).await;
            if let Err(Ok(ThreadStartResponse { thread, .. })) = started.send(response) {
                drop(client.send(&ThreadUnsubscribe { thread_id: &thread.id }));
            }
        });
        // Without an answer, the runtime is ending.
        let response = id.await.unwrap_or(Err(Error::Closed { method: ThreadStart::METHOD }))?;
        Ok(response.thread.id)
    }

    fn ready(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
