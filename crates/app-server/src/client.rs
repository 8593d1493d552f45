//! Typed requests to a running Codex.

use std::{
    marker::PhantomData,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::Serialize;
use tokio::{
    io::BufReader,
    sync::{broadcast, mpsc, oneshot, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    Error, Exit, LaunchError, Notice, RateLimit, RateLimits, Subscription, ToolCallRequest, connection,
    connection::{Answer, Command},
    event::RequestId,
    notice::Notices,
    process,
    process::Process,
    protocol::{
        AccountRateLimitsRead, AccountRateLimitsReadResponse, ClientInfo, Initialize, InitializeResponse,
        Request, ToolCallAnswer,
    },
};

/// A running and initialised Codex.
#[derive(Debug)]
pub struct AppServer {
    client: Client,
    server: InitializeResponse,
    process: Process,
    reading: JoinHandle<()>,
    writing: JoinHandle<()>,
}

impl AppServer {
    /// Starts Codex and greets it. Whatever fails, no process is left behind.
    pub async fn start(
        command: &process::Command,
        client_info: ClientInfo,
        request_timeout: Duration,
    ) -> Result<Self, LaunchError> {
        let (process, stdin, stdout) = Process::spawn(command)?;
        let (commands, queue) = mpsc::unbounded_channel();
        let notices = Notices::default();
        let stdout = BufReader::with_capacity(64 * 1024, stdout);
        let (reading, writing) = connection::open(stdout, stdin, queue, notices.clone());
        let client = Client::new(commands, notices, request_timeout);
        match client.request(&Initialize::new(client_info)).await {
            Ok(server) => {
                client.notify("initialized");
                Ok(Self { client, server, process, reading, writing })
            }
            Err(Error::Closed { .. }) => {
                let Exit { status, stderr } = process.stop(Duration::from_millis(500)).await;
                Err(LaunchError::Ended { status, stderr })
            }
            Err(error) => {
                process.kill().await;
                Err(LaunchError::Handshake(error))
            }
        }
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What Codex said of itself when it was greeted.
    pub fn server(&self) -> &InitializeResponse {
        &self.server
    }

    /// The process id, for diagnostics and tests.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Waits until Codex ends or closes its output by itself, and reaps it. May be cancelled.
    pub async fn ended(&mut self) -> Exit {
        if !self.reading.is_finished() {
            tokio::select! {
                _ = &mut self.reading => {}
                exit = self.process.wait() => return exit,
            }
        }
        // An output that ends without its process is as good as an end: no answer can come any more.
        self.process.stop(Duration::from_millis(500)).await
    }

    /// Ends Codex in order: its input is closed, which it takes as a request to finish; then it is asked by signal,
    /// then killed, with its whole process group. Every request and subscription still open fails.
    pub async fn shutdown(self) -> Exit {
        let _ = self.client.commands.send(Command::Close);
        let exit = self.process.stop(Duration::from_millis(800)).await;
        self.reading.abort();
        self.writing.abort();
        exit
    }
}

impl Drop for AppServer {
    fn drop(&mut self) {
        self.reading.abort();
        self.writing.abort();
    }
}

/// Sends requests to one Codex; cheap to clone. It outlives its Codex, and then every request fails at once.
#[derive(Debug, Clone)]
pub struct Client {
    commands: mpsc::UnboundedSender<Command>,
    notices: Notices,
    next_id: Arc<AtomicU64>,
    request_timeout: Arc<RwLock<Duration>>,
}

/// The answer to a request that has been sent. Dropping it forgets the answer, not the request.
#[derive(Debug)]
#[must_use = "without `wait`, a failure goes unnoticed; `drop` it where that is meant"]
pub struct Response<R> {
    answer: oneshot::Receiver<Answer>,
    method: &'static str,
    timeout: Duration,
    response: PhantomData<fn() -> R>,
}

impl Client {
    fn new(commands: mpsc::UnboundedSender<Command>, notices: Notices, request_timeout: Duration) -> Self {
        Self {
            commands,
            notices,
            next_id: Arc::new(AtomicU64::new(1)),
            request_timeout: Arc::new(RwLock::new(request_timeout)),
        }
    }

    /// Sends a request and waits for its answer.
    pub async fn request<R: Request>(&self, request: &R) -> Result<R::Response, Error> {
        self.send(request)?.wait().await
    }

    /// Queues a request at once, in the order of the calls, and leaves the waiting to the caller: requests sent one
    /// after the other are handled in that order without a round trip between them.
    pub fn send<R: Request>(&self, request: &R) -> Result<Response<R::Response>, Error> {
        #[derive(Serialize)]
        struct Envelope<'a, P> {
            id: u64,
            method: &'static str,
            params: &'a P,
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut line = serde_json::to_vec(&Envelope { id, method: R::METHOD, params: request })
            .map_err(|source| Error::Params { method: R::METHOD, source })?;
        line.push(b'\n');
        let (answer, receiver) = oneshot::channel();
        // A closed connection drops `answer`, which the receiver reports.
        let _ = self.commands.send(Command::Request { id, method: R::METHOD, line, answer });
        Ok(Response {
            answer: receiver,
            method: R::METHOD,
            timeout: *self.request_timeout.read().unwrap_or_else(PoisonError::into_inner),
            response: PhantomData,
        })
    }

    /// Starts to collect the events of a thread. To miss none, subscribe before the turn is started.
    pub fn subscribe(&self, thread_id: impl Into<String>) -> Subscription {
        Subscription::open(thread_id.into(), self.commands.clone())
    }

    /// Answers a call that Codex waits for. An answer to a turn that has ended is not heard.
    pub fn answer_tool_call(&self, call: &ToolCallRequest, answer: &ToolCallAnswer<'_>) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Envelope<'a> {
            id: &'a RequestId,
            result: &'a ToolCallAnswer<'a>,
        }
        const METHOD: &str = "item/tool/call";
        let mut line = serde_json::to_vec(&Envelope { id: &call.request_id, result: answer })
            .map_err(|source| Error::Params { method: METHOD, source })?;
        line.push(b'\n');
        self.commands.send(Command::Notify { line }).map_err(|_| Error::Closed { method: METHOD })
    }

    /// Follows what Codex says that belongs to no thread, from now on.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// The account's limits, as far as Codex has told them, and their changes. Empty without an account.
    pub fn rate_limits(&self) -> watch::Receiver<RateLimits> {
        self.notices.rate_limits()
    }

    /// Asks for the account's limits, which [`Client::rate_limits`] then shows. Codex refuses without an account that
    /// has any.
    pub async fn read_rate_limits(&self) -> Result<(), Error> {
        let AccountRateLimitsReadResponse { rate_limits, rate_limits_by_limit_id } =
            self.request(&AccountRateLimitsRead {}).await?;
        let each = rate_limits_by_limit_id.into_iter().flatten();
        let each = each.map(|(id, limit)| RateLimit { limit_id: Some(id), ..limit });
        self.notices.merge_rate_limits(std::iter::once(rate_limits).chain(each));
        Ok(())
    }

    /// Forgets the limits' windows that have been reset by now.
    pub fn expire_rate_limits(&self) {
        self.notices.expire_rate_limits();
    }

    /// Forgets all limits: they were another account's.
    pub fn forget_rate_limits(&self) {
        self.notices.forget_rate_limits();
    }

    /// How long each request from now on may take.
    pub fn set_request_timeout(&self, request_timeout: Duration) {
        *self.request_timeout.write().unwrap_or_else(PoisonError::into_inner) = request_timeout;
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.commands.is_closed()
    }

    /// Waits until the connection has ended.
    pub async fn closed(&self) {
        self.commands.closed().await;
    }

    fn notify(&self, method: &str) {
        let line = format!("{}\n", serde_json::json!({"method": method})).into_bytes();
        let _ = self.commands.send(Command::Notify { line });
    }
}

impl<R: serde::de::DeserializeOwned> Response<R> {
    /// Waits for the answer, at most as long as the client's limit for one request.
    pub async fn wait(self) -> Result<R, Error> {
        let Self { answer, method, timeout: after, .. } = self;
        let answer = timeout(after, answer).await.map_err(|_| Error::TimedOut { method, after })?;
        let answer = answer.map_err(|_| Error::Closed { method })??;
        serde_json::from_str(answer.get()).map_err(|source| Error::Answer { method, source })
    }
}

#[cfg(test)]
mod tests;
