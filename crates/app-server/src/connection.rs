//! The JSON-RPC connection: which answer belongs to which request, and which event to which thread.
//!
//! One task owns the state and reads; another writes. Reading never waits for a subscriber, so a caller that reads
//! slowly holds up nobody else. A subscriber that lets more than [`MAX_QUEUED_BYTES`] pile up loses its turn, which is
//! interrupted, and is told so; no event is ever dropped in silence.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::{
    io::{AsyncBufRead, AsyncWrite},
    sync::{mpsc, mpsc::error::TryRecvError, oneshot},
    task::JoinHandle,
};

use crate::{
    Error, ThreadEvent, ToolCallRequest,
    denial::deny,
    event, notice,
    notice::Notices,
    redact::redact,
    transport::{Line, LineReader, MAX_LINE_BYTES, write_lines},
};

/// What may wait for one subscriber: more than any model puts into one answer, which comes twice, in deltas and whole.
const MAX_QUEUED_BYTES: usize = 32 * 1024 * 1024;

/// The server request that a call of a client's own tool makes.
const TOOL_CALL: &str = "item/tool/call";

/// An answer, still as JSON text.
pub(crate) type Answer = Result<Box<RawValue>, Error>;

pub(crate) enum Command {
    Request {
        id: u64,
        method: &'static str,
        line: Vec<u8>,
        answer: oneshot::Sender<Answer>,
    },
    Notify {
        line: Vec<u8>,
    },
    Subscribe {
        thread_id: String,
        subscriber: Subscriber,
    },
    Unsubscribe {
        thread_id: String,
    },
    /// Closes the child's standard input once all that was asked before has been written.
    Close,
}

/// The sending end of a subscription.
pub(crate) struct Subscriber {
    events: mpsc::UnboundedSender<Result<ThreadEvent, Lost>>,
    queued: Arc<AtomicUsize>,
}

/// Why a subscription ended before its thread did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    #[error("the connection to Codex ended")]
    Closed,
    #[error("events came faster than they were read")]
    Overflow,
}

/// The events of one thread, from the moment of subscribing. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Subscription {
    thread_id: String,
    events: mpsc::UnboundedReceiver<Result<ThreadEvent, Lost>>,
    queued: Arc<AtomicUsize>,
    commands: mpsc::UnboundedSender<Command>,
}

impl Subscription {
    pub(crate) fn open(thread_id: String, commands: mpsc::UnboundedSender<Command>) -> Self {
        let (events, receiver) = mpsc::unbounded_channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let subscriber = Subscriber { events, queued: Arc::clone(&queued) };
        // A closed connection drops the subscriber, and so ends the subscription.
        let _ = commands.send(Command::Subscribe { thread_id: thread_id.clone(), subscriber });
        Self { thread_id, events: receiver, queued, commands }
    }

    /// The next event. After an error nothing more comes.
    pub async fn next(&mut self) -> Result<ThreadEvent, Lost> {
        let event = self.events.recv().await.unwrap_or(Err(Lost::Closed))?;
        self.queued.fetch_sub(event.weight(), Ordering::Relaxed);
        Ok(event)
    }

    /// The next event, if one has come already.
    pub fn try_next(&mut self) -> Option<Result<ThreadEvent, Lost>> {
        match self.events.try_recv() {
            Ok(event) => Some(event.inspect(|event| {
                self.queued.fetch_sub(event.weight(), Ordering::Relaxed);
            })),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(Lost::Closed)),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Unsubscribe { thread_id: std::mem::take(&mut self.thread_id) });
    }
}

/// Starts the two tasks of a connection. The first ends when `reader` does; by then every pending request has failed
/// and every subscription has ended.
pub(crate) fn open<R, W>(
    reader: R,
    writer: W,
    commands: mpsc::UnboundedReceiver<Command>,
    notices: Notices,
) -> (JoinHandle<()>, JoinHandle<()>)
where
    R: AsyncBufRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let (lines, queue) = mpsc::unbounded_channel();
    let writing = tokio::spawn(async move {
        if let Err(error) = write_lines(writer, queue).await {
            tracing::debug!(%error, "Codex's standard input closed");
        }
    });
    let connection = Connection { routes: Routes::default(), lines: Some(lines), notices };
    (tokio::spawn(connection.run(LineReader::new(reader, MAX_LINE_BYTES), commands)), writing)
}

struct Connection {
    routes: Routes,
    /// `None` once the input was closed.
    lines: Option<mpsc::UnboundedSender<Vec<u8>>>,
    notices: Notices,
}

impl Connection {
    async fn run<R: AsyncBufRead + Unpin>(
        mut self,
        mut reader: LineReader<R>,
        mut commands: mpsc::UnboundedReceiver<Command>,
    ) {
        loop {
            tokio::select! {
                line = reader.next() => match line {
                    Ok(Some(Line::Whole(line))) => self.receive(line),
                    Ok(Some(Line::TooLong(bytes))) => tracing::warn!(bytes, "skipped a line of Codex that is too long"),
                    Ok(None) => break,
                    Err(error) => {
                        tracing::warn!(%error, "reading from Codex failed");
                        break;
                    }
                },
                Some(command) = commands.recv() => self.obey(command),
            }
        }
        commands.close();
        while let Ok(command) = commands.try_recv() {
            self.obey(command);
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Request { id, method, line, answer } => {
                self.routes.pending.insert(id, Pending { method, answer });
                self.write(line);
            }
            Command::Notify { line } => self.write(line),
            Command::Subscribe { thread_id, subscriber } => {
                self.routes.subscribers.insert(thread_id, subscriber);
            }
            Command::Unsubscribe { thread_id } => {
                self.routes.subscribers.remove(&thread_id);
            }
            Command::Close => self.lines = None,
        }
    }

    fn write(&self, line: Vec<u8>) {
        if let Some(lines) = &self.lines {
            // The writer is gone only when the child is; the reader is about to see the same.
            let _ = lines.send(line);
        }
    }

    fn receive(&mut self, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        let message = match Message::parse(line) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(%error, bytes = line.len(), "skipped a line of Codex that is not a message");
                return;
            }
        };
        match message {
            Message::Answer { id, answer } => self.routes.answer(id, answer),
            Message::Request { id, method, params } => {
                // A tool call of a thread that somebody follows is theirs to answer, or to end with the turn.
                match tool_call(id, &method, params) {
                    Some(call) if self.routes.is_followed(&call) => self.dispatch(call),
                    _ => self.deny(id, &method),
                }
            }
            Message::Notification { method, params } => {
                if let Err(error) = self.notify(&method, params) {
                    tracing::warn!(%method, %error, "skipped a notification in an unknown form");
                }
            }
        }
    }

    fn notify(&mut self, method: &str, params: Option<&RawValue>) -> Result<(), serde_json::Error> {
        if let Some(notice) = notice::parse(method, params)? {
            self.notices.post(notice);
        } else {
            self.dispatch(event::parse(method, params)?);
        }
        Ok(())
    }

    fn dispatch(&mut self, notification: event::Notification) {
        if let Some(thread_id) = self.routes.dispatch(notification) {
            self.interrupt(&thread_id);
        }
    }

    fn deny(&self, id: &RawValue, method: &str) {
        tracing::info!(%method, "denied a request that Codex made");
        self.write_message(&match deny(method) {
            Ok(result) => json!({"id": id, "result": result}),
            Err(denial) => json!({"id": id, "error": {"code": denial.code, "message": denial.message}}),
        });
    }

    /// Stops the turn of a thread whose events nobody reads. An empty turn id means whichever turn is running; the
    /// string id keeps the answer apart from those of the client's own requests.
    fn interrupt(&self, thread_id: &str) {
        tracing::warn!(%thread_id, "interrupted a turn whose events were not read");
        self.write_message(&json!({
            "id": "overflow",
            "method": "turn/interrupt",
            "params": {"threadId": thread_id, "turnId": ""},
        }));
    }

    fn write_message(&self, message: &Value) {
        self.write(format!("{message}\n").into_bytes());
    }
}

struct Pending {
    method: &'static str,
    answer: oneshot::Sender<Answer>,
}

impl Drop for Routes {
    fn drop(&mut self) {
        for (_, Pending { method, answer }) in self.pending.drain() {
            let _ = answer.send(Err(Error::Closed { method }));
        }
    }
}

#[derive(Default)]
struct Routes {
    pending: HashMap<u64, Pending>,
    subscribers: HashMap<String, Subscriber>,
}

impl Routes {
    fn answer(&mut self, id: Option<u64>, answer: Result<Box<RawValue>, RpcError>) {
        let Some(Pending { method, answer: waiting }) = id.and_then(|id| self.pending.remove(&id)) else {
            return;
        };
        // Whoever asked may have stopped waiting.
        let _ = waiting.send(answer.map_err(|error| Error::Refused {
            method,
            code: error.code,
            message: redact(&error.message),
        }));
    }

    /// Whether somebody subscribed to the thread that an event belongs to.
    fn is_followed(&self, of: &event::Notification) -> bool {
        of.thread_id.as_ref().is_some_and(|thread_id| self.subscribers.contains_key(thread_id))
    }

    /// Hands an event to its subscriber. Returns the thread whose subscriber was lost because it does not read.
    fn dispatch(&mut self, event::Notification { thread_id, event }: event::Notification) -> Option<String> {
        if let ThreadEvent::Warning { message } = &event {
            tracing::warn!(message = redact(message), "Codex warns");
        }
        let thread_id = thread_id?;
        let subscriber = self.subscribers.get(&thread_id)?;
        let weight = event.weight();
        if subscriber.queued.fetch_add(weight, Ordering::Relaxed) + weight > MAX_QUEUED_BYTES {
            let _ = subscriber.events.send(Err(Lost::Overflow));
            self.subscribers.remove(&thread_id);
            return Some(thread_id);
        }
        // A dropped subscription is about to unsubscribe.
        let _ = subscriber.events.send(Ok(event));
        None
    }
}

/// A request to run a function, as an event of its thread.
fn tool_call(id: &RawValue, method: &str, params: Option<&RawValue>) -> Option<event::Notification> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params {
        thread_id: String,
        call_id: String,
    }
    if method != TOOL_CALL {
        return None;
    }
    let Params { thread_id, call_id } = serde_json::from_str(params?.get()).ok()?;
    let request_id = serde_json::from_str(id.get()).ok()?;
    let event = ThreadEvent::ToolCall(ToolCallRequest { call_id, request_id });
    Some(event::Notification { thread_id: Some(thread_id), event })
}

#[derive(Debug, Deserialize)]
pub(crate) struct RpcError {
    code: i64,
    message: String,
}

/// What one line of Codex is.
#[derive(Debug)]
pub(crate) enum Message<'a> {
    Answer { id: Option<u64>, answer: Result<Box<RawValue>, RpcError> },
    Request { id: &'a RawValue, method: String, params: Option<&'a RawValue> },
    Notification { method: String, params: Option<&'a RawValue> },
}

impl<'a> Message<'a> {
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow, default)]
            id: Option<&'a RawValue>,
            #[serde(default)]
            method: Option<String>,
            #[serde(borrow, default)]
            params: Option<&'a RawValue>,
            #[serde(default)]
            result: Option<Box<RawValue>>,
            #[serde(default)]
            error: Option<RpcError>,
        }
        let Envelope { id, method, params, result, error } = serde_json::from_slice(line)?;
        Ok(match (id, method) {
            (Some(id), Some(method)) => Self::Request { id, method, params },
            (None, Some(method)) => Self::Notification { method, params },
            (Some(id), None) => {
                let answer = match (result, error) {
                    (_, Some(error)) => Err(error),
                    (Some(result), None) => Ok(result),
                    (None, None) => Ok(RawValue::NULL.to_owned()),
                };
                Self::Answer { id: id.get().parse().ok(), answer }
            }
            (None, None) => return Err(serde::de::Error::custom("neither an id nor a method")),
        })
    }
}
