//! The JSON-RPC connection: requests and answers to Codex on one way, answers, events and requests of Codex's on the other.
//!
//! One task reads, another writes. Reading never waits for a subscriber, so a caller that reads slowly holds up nobody
//! else. A subscriber that lets too much pile up loses its turn, which is interrupted, and is told so; no event is ever
//! dropped in silence.

use std::{
    cell::RefCell,
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::{
    io::{AsyncBufRead, AsyncWrite},
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::{
    Subscription, ThreadEvent, ToolCallRequest,
    denial::deny,
    event,
    message::{Message, Unread},
    notice,
    notice::Notices,
    redact::redact,
    routes::{Answer, Dispatched, Routes},
    text::Text,
    transport::{Line, LineReader, MAX_LINE_BYTES, Output, write_lines},
};

/// The server request that a call of a client's own tool makes.
const TOOL_CALL: &str = "item/tool/call";

/// The way to Codex, for those who ask. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    lines: mpsc::UnboundedSender<Output>,
    routes: Arc<Routes>,
    next_id: Arc<AtomicU64>,
    ended: watch::Receiver<bool>,
}

/// The tasks of a connection.
#[derive(Debug)]
pub(crate) struct Tasks {
    /// Ends when Codex's output does; by then every pending request has failed and every subscription has ended.
    pub(crate) reading: JoinHandle<()>,
    pub(crate) writing: JoinHandle<()>,
}

impl Connection {
    /// Starts the tasks of a connection.
    pub(crate) fn open<R, W>(reader: R, writer: W, notices: Notices) -> (Self, Tasks)
    where
        R: AsyncBufRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let (lines, queue) = mpsc::unbounded_channel();
        let (has_ended, ended) = watch::channel(false);
        let routes = Arc::<Routes>::default();
        let asked = Arc::clone(&routes);
        let writing = tokio::spawn(async move {
            if let Err(error) = write_lines(writer, queue, &asked).await {
                tracing::debug!(%error, "Codex's standard input closed");
            }
        });
        let watched = Arc::clone(&routes);
        tokio::spawn(async move { watched.watch().await });
        let incoming = Incoming {
            routes: Arc::clone(&routes),
            lines: lines.clone(),
            notices,
            has_ended,
            warned: RefCell::default(),
        };
        let reading = tokio::spawn(incoming.run(LineReader::new(reader, MAX_LINE_BYTES)));
        let next_id = Arc::new(AtomicU64::new(1));
        (Self { lines, routes, next_id, ended }, Tasks { reading, writing })
    }

    /// Sends a request, whose line `line` makes of its id, behind all that was sent before. It fails when there is no
    /// answer within this time, or a second later.
    pub(crate) fn request<E>(
        &self,
        method: &'static str,
        patience: Duration,
        line: impl FnOnce(u64) -> Result<Vec<u8>, E>,
    ) -> Result<oneshot::Receiver<Answer>, E> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let line = line(id)?;
        let answer = self.routes.pending(id, method, patience);
        self.queue(Output::Request { id, line });
        Ok(answer)
    }

    /// Sends a line that nobody answers.
    pub(crate) fn send(&self, line: Vec<u8>) {
        self.queue(Output::Line(line));
    }

    pub(crate) fn subscribe(&self, thread_id: String) -> Subscription {
        self.routes.subscribe(thread_id)
    }

    /// Closes the child's standard input once all that was asked before has been written.
    pub(crate) fn close(&self) {
        self.queue(Output::Close);
    }

    fn queue(&self, output: Output) {
        // The writer is gone only when the child is; the reader is about to see the same.
        let _ = self.lines.send(output);
    }

    /// Whether Codex's output has ended.
    pub(crate) fn is_closed(&self) -> bool {
        *self.ended.borrow()
    }

    /// Waits until Codex's output has ended.
    pub(crate) async fn closed(&self) {
        // An error means the same.
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }
}

/// The reading end.
struct Incoming {
    routes: Arc<Routes>,
    lines: mpsc::UnboundedSender<Output>,
    notices: Notices,
    has_ended: watch::Sender<bool>,
    /// Warnings that were logged: Codex has the same ones for each thread.
    warned: RefCell<HashSet<String>>,
}

/// How many of them are remembered.
const MAX_WARNED: usize = 100;

impl Drop for Incoming {
    fn drop(&mut self) {
        // First, so that nobody whose request fails by it sends the next one here.
        self.has_ended.send_replace(true);
        self.routes.end();
        let _ = self.lines.send(Output::Close);
    }
}

impl Incoming {
    async fn run<R: AsyncBufRead + Unpin>(self, mut reader: LineReader<R>) {
        loop {
            match reader.next().await {
                Ok(Some(Line::Whole(line))) => self.receive(line),
                Ok(Some(Line::TooLong(bytes))) => {
                    tracing::warn!(bytes, "skipped a line of Codex that is too long");
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "reading from Codex failed");
                    break;
                }
            }
        }
    }

    fn receive(&self, line: &[u8]) {
        if line.is_empty() {
            return;
        }
        let message = match Message::parse(line) {
            Ok(message) => message,
            Err(unread) => {
                tracing::warn!(%unread, bytes = line.len(), "skipped a line of Codex");
                return;
            }
        };
        match message {
            Message::Answer { id, answer } => self.routes.answer(id, answer),
            Message::Request { id, method, params } => {
                // A tool call of a thread that somebody follows is theirs to answer, or to end with the turn.
                let followed = tool_call(id, &method, params)
                    .is_some_and(|call| self.dispatch(call) != Dispatched::Unfollowed);
                if !followed {
                    self.deny(id, &method);
                }
            }
            Message::Event(event) => {
                self.dispatch(event);
            }
            Message::Notification { method, params } => {
                if let Err(error) = self.notify(&method, params) {
                    let unread = Unread::notification(&method, &error);
                    tracing::warn!(%unread, "skipped a notification of Codex");
                }
            }
        }
    }

    fn notify(&self, method: &str, params: Option<&RawValue>) -> Result<(), serde_json::Error> {
        if let Some(notice) = notice::parse(method, params)? {
            self.notices.post(notice);
        } else {
            self.dispatch(event::parse(method, params)?);
        }
        Ok(())
    }

    fn dispatch(&self, event::Notification { thread_id, event }: event::Notification<'_>) -> Dispatched {
        if let ThreadEvent::Warning { message } = &event {
            self.warn(message);
        }
        let Some(thread_id) = thread_id else { return Dispatched::Unfollowed };
        let dispatched = self.routes.dispatch(&thread_id, event);
        if dispatched == Dispatched::Overflowed {
            self.interrupt(&thread_id);
        }
        dispatched
    }

    fn warn(&self, message: &str) {
        let mut warned = self.warned.borrow_mut();
        if warned.len() == MAX_WARNED {
            warned.clear();
        }
        if warned.insert(message.to_owned()) {
            tracing::warn!(message = redact(message), "Codex warns");
        }
    }

    fn deny(&self, id: &RawValue, method: &str) {
        tracing::info!(method = redact(method), "denied a request that Codex made");
        self.write(&match deny(method) {
            Ok(result) => json!({"id": id, "result": result}),
            Err(denial) => json!({"id": id, "error": {"code": denial.code, "message": denial.message}}),
        });
    }

    /// Stops the turn of a thread whose events nobody reads. An empty turn id means whichever turn is running; the
    /// string id keeps the answer apart from those of the client's own requests.
    fn interrupt(&self, thread_id: &str) {
        tracing::warn!(%thread_id, "interrupted a turn whose events were not read");
        self.write(&json!({
            "id": "overflow",
            "method": "turn/interrupt",
            "params": {"threadId": thread_id, "turnId": ""},
        }));
    }

    fn write(&self, message: &Value) {
        let _ = self.lines.send(Output::Line(format!("{message}\n").into_bytes()));
    }
}

/// A request to run a function, as an event of its thread.
fn tool_call<'a>(
    id: &RawValue,
    method: &str,
    params: Option<&'a RawValue>,
) -> Option<event::Notification<'a>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        #[serde(borrow)]
        thread_id: Text<'a>,
        call_id: String,
    }
    if method != TOOL_CALL {
        return None;
    }
    let Params { thread_id: Text(thread_id), call_id } = serde_json::from_str(params?.get()).ok()?;
    let request_id = serde_json::from_str(id.get()).ok()?;
    let event = ThreadEvent::ToolCall(ToolCallRequest { call_id, request_id });
    Some(event::Notification { thread_id: Some(thread_id), event })
}
