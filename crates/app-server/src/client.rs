//! Typed requests to a running Codex.

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use serde::Serialize;
use tokio::{
    io::BufReader,
    sync::{broadcast, oneshot, watch},
};

use crate::{
    Error, Exit, LaunchError, Notice, RateLimit, RateLimits, Subscription, ToolCallRequest,
    connection::{Connection, Tasks},
    event::RequestId,
    notice::Notices,
    process,
    process::Process,
    protocol::{
        AccountRateLimitsRead, AccountRateLimitsReadResponse, ClientInfo, Initialize, InitializeResponse,
        Request, ToolCallAnswer,
    },
    routes::Answer,
};

/// A running and initialised Codex.
#[derive(Debug)]
pub struct AppServer {
    client: Client,
    server: InitializeResponse,
    process: Process,
    tasks: Tasks,
}

impl AppServer {
    /// Starts Codex and greets it. Whatever fails, no process is left behind.
    pub async fn start(
        command: &process::Command,
        client_info: ClientInfo,
        request_timeout: impl Into<RequestTimeout>,
    ) -> Result<Self, LaunchError> {
        let (process, stdin, stdout) = Process::spawn(command)?;
        let notices = Notices::default();
        let stdout = BufReader::with_capacity(64 * 1024, stdout);
        let (connection, tasks) = Connection::open(stdout, stdin, notices.clone());
        let client = Client::new(connection, notices, request_timeout.into());
        match client.request(&Initialize::new(client_info)).await {
            Ok(server) => {
                client.notify("initialized");
                Ok(Self { client, server, process, tasks })
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
        if !self.tasks.reading.is_finished() {
            tokio::select! {
                _ = &mut self.tasks.reading => {}
                exit = self.process.wait() => return exit,
            }
        }
        // An output that ends without its process is as good as an end: no answer can come any more.
        self.process.stop(Duration::from_millis(500)).await
    }

    /// Ends Codex in order: its input is closed, which it takes as a request to finish; then it is asked by signal,
    /// then killed, with its whole process group. Every request and subscription still open fails.
    pub async fn shutdown(self) -> Exit {
        self.client.connection.close();
        self.process.stop(Duration::from_millis(500)).await
    }
}

impl Drop for AppServer {
    fn drop(&mut self) {
        self.tasks.reading.abort();
        self.tasks.writing.abort();
    }
}

/// Sends requests to one Codex; cheap to clone. It outlives its Codex, and then every request fails at once.
#[derive(Debug, Clone)]
pub struct Client {
    connection: Connection,
    notices: Notices,
    request_timeout: RequestTimeout,
}

/// How long a request may take. It is asked for each.
#[derive(Clone)]
pub struct RequestTimeout(Arc<dyn Fn() -> Duration + Send + Sync>);

impl RequestTimeout {
    /// As long as this says at that moment.
    pub fn by(timeout: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(timeout))
    }
}

impl From<Duration> for RequestTimeout {
    fn from(timeout: Duration) -> Self {
        Self::by(move || timeout)
    }
}

impl fmt::Debug for RequestTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestTimeout").field(&self.0()).finish()
    }
}

/// The answer to a request that has been sent. Dropping it forgets the answer, not the request.
#[derive(Debug)]
#[must_use = "without `wait`, a failure goes unnoticed; `drop` it where that is meant"]
pub struct Response<R> {
    answer: oneshot::Receiver<Answer>,
    method: &'static str,
    response: PhantomData<fn() -> R>,
}

impl Client {
    fn new(connection: Connection, notices: Notices, request_timeout: RequestTimeout) -> Self {
        Self { connection, notices, request_timeout }
    }

    /// Sends a request and waits for its answer.
    pub async fn request<R: Request>(&self, request: &R) -> Result<R::Response, Error> {
        self.send(request)?.wait().await
    }

    /// Queues a request at once, in the order of the calls, and leaves the waiting to the caller: requests sent one
    /// after the other are handled in that order without a round trip between them.
    pub fn send<R: Request>(&self, request: &R) -> Result<Response<R::Response>, Error> {
        self.send_within(request, self.request_timeout())
    }

    /// The same with a time-out of its own; [`Duration::MAX`] is none.
    pub fn send_within<R: Request>(
        &self,
        request: &R,
        patience: Duration,
    ) -> Result<Response<R::Response>, Error> {
        #[derive(Serialize)]
        struct Envelope<'a, P> {
            id: u64,
            method: &'static str,
            params: &'a P,
        }
        let line = |id| line(&Envelope { id, method: R::METHOD, params: request });
        let answer = self
            .connection
            .request(R::METHOD, patience, line)
            .map_err(|source| Error::Params { method: R::METHOD, source })?;
        Ok(Response { answer, method: R::METHOD, response: PhantomData })
    }

    /// Starts to collect the events of a thread. To miss none, subscribe before the turn is started.
    pub fn subscribe(&self, thread_id: impl Into<String>) -> Subscription {
        self.connection.subscribe(thread_id.into())
    }

    /// Answers a call that Codex waits for. An answer to a turn that has ended is not heard.
    pub fn answer_tool_call(&self, call: &ToolCallRequest, answer: &ToolCallAnswer<'_>) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Envelope<'a> {
            id: &'a RequestId,
            result: &'a ToolCallAnswer<'a>,
        }
        const METHOD: &str = "item/tool/call";
        let line = line(&Envelope { id: &call.request_id, result: answer })
            .map_err(|source| Error::Params { method: METHOD, source })?;
        if self.is_closed() {
            return Err(Error::Closed { method: METHOD });
        }
        self.connection.send(line);
        Ok(())
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

    /// How long a request may take by now.
    pub fn request_timeout(&self) -> Duration {
        (self.request_timeout.0)()
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    /// Waits until the connection has ended.
    pub async fn closed(&self) {
        self.connection.closed().await;
    }

    fn notify(&self, method: &str) {
        self.connection.send(format!("{}\n", serde_json::json!({"method": method})).into_bytes());
    }
}

/// A message as it is written.
fn line(message: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

impl<R: serde::de::DeserializeOwned> Response<R> {
    /// Waits for the answer, at most for as long as the request may take.
    pub async fn wait(self) -> Result<R, Error> {
        let Self { answer, method, .. } = self;
        let answer = answer.await.map_err(|_| Error::Closed { method })??;
        serde_json::from_str(answer.get()).map_err(|error| Error::Answer { method, column: error.column() })
    }
}

#[cfg(test)]
mod tests;
