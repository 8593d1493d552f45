//! Threads that are started ahead of the requests that will use them.
//!
//! A thread serves one request. Starting it takes Codex about 10 ms, which nobody waits for when it was done before.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use app_server::{
    Client, Error, Response,
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
    /// Threads that nobody uses yet, oldest first.
    ready: Mutex<VecDeque<Ready>>,
}

#[derive(Debug)]
enum Ready {
    Thread(String),
    /// Codex has been asked, and may have answered.
    Asked(Response<ThreadStartResponse>),
}

/// A thread that somebody waits for. Where they go away before it is there, it is left to the next one.
struct Awaited<'a> {
    threads: &'a Threads,
    response: Option<Response<ThreadStartResponse>>,
}

impl Threads {
    /// Starts the first thread, and more of them in the background. Returns the files, too, whose text Codex adds to
    /// the prompt of every thread.
    pub(super) async fn open(client: Client, template: ThreadStart) -> Result<(Self, Vec<String>), Error> {
        let ThreadStartResponse { thread, instruction_sources } = client.request(&template).await?;
        let ready = Mutex::new(VecDeque::from([Ready::Thread(thread.id)]));
        let threads = Self { client, template, ready };
        threads.refill();
        Ok((threads, instruction_sources))
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
            dynamic_tools: tools.dynamic_tools().to_vec(),
            ..self.template.clone()
        };
        if let Some(verbosity) = &turn.verbosity {
            thread.config.insert("model_verbosity".to_owned(), verbosity.as_str().into());
        }
        self.start(thread).await
    }

    /// Has Codex start the threads that are missing.
    pub(super) fn refill(&self) {
        let mut ready = self.ready();
        while ready.len() < READY {
            match self.client.send(&self.template) {
                Ok(response) => ready.push_back(Ready::Asked(response)),
                Err(error) => {
                    tracing::debug!(%error, "no thread could be started ahead");
                    return;
                }
            }
        }
    }

    /// The id of an unused thread: one that was started ahead, else one that is started now.
    async fn take(&self) -> Result<String, Error> {
        loop {
            let oldest = self.ready().pop_front();
            let was_ahead = oldest.is_some();
            let response = match oldest {
                Some(Ready::Thread(id)) => return Ok(id),
                Some(Ready::Asked(response)) => response,
                None => self.client.send(&self.template)?,
            };
            match (Awaited { threads: self, response: Some(response) }).id().await {
                Err(error @ (Error::Refused { .. } | Error::TimedOut { .. })) if was_ahead => {
                    tracing::debug!(%error, "no thread could be started ahead");
                }
                id => return id,
            }
        }
    }

    /// Starts a thread that only one caller can use. Where they go away meanwhile, it would stay loaded for good, so then
    /// it is given up.
    async fn start(&self, thread: ThreadStart) -> Result<String, Error> {
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

    fn ready(&self) -> MutexGuard<'_, VecDeque<Ready>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Awaited<'_> {
    async fn id(mut self) -> Result<String, Error> {
        let response = self.response.as_mut().ok_or(Error::Closed { method: ThreadStart::METHOD })?;
        let started = response.arrival().await;
        self.response = None;
        Ok(started?.thread.id)
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        if let Some(response) = self.response.take() {
            self.threads.ready().push_front(Ready::Asked(response));
        }
    }
}
