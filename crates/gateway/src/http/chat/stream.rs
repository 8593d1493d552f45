//! A streamed chat completion.

use std::collections::VecDeque;

use axum::{body::Bytes, response::Response};
use futures_util::future::select_all;
use tokio::time::timeout;

use crate::{
    http::{
        error::log_error,
        logged::LoggedTurn,
        sse::{self, Frames, KEEP_ALIVE_INTERVAL, STATUS_PATIENCE},
    },
    log::Entry,
    openai::{
        Assembly, Expectation, Piece,
        chat::{Chunks, ReasoningText},
        error::ApiError,
    },
    turn::{Completion, TurnEvent, Usage},
};

/// Streams the answers side by side, each under its index.
pub(super) async fn response(
    turns: Vec<LoggedTurn>,
    expected: Expectation,
    entry: Entry,
    chunks: Chunks,
) -> Result<Response, ApiError> {
    let mut stream = ChatStream {
        frames: VecDeque::new(),
        answers: turns.into_iter().map(Answer::new).collect(),
        expected,
        entry,
        chunks,
        usage: None,
    };
    match timeout(STATUS_PATIENCE, stream.next_event()).await {
        Ok(Some((index, event))) => stream.encode(index, event?)?,
        Ok(None) => {}
        Err(_) => (0..stream.answers.len()).for_each(|index| stream.begin(index, true)),
    }
    Ok(sse::response(stream))
}

/// The frames of a streamed answer.
struct ChatStream {
    /// By their indices.
    answers: Vec<Answer>,
    expected: Expectation,
    entry: Entry,
    chunks: Chunks,
    /// Frames that wait to be sent.
    frames: VecDeque<Bytes>,
    usage: Option<Usage>,
}

struct Answer {
    /// `None` once it has ended.
    turn: Option<LoggedTurn>,
    assembly: Assembly,
    /// Whether the chunk that names the role was sent.
    begun: bool,
    reasoning: ReasoningText,
    /// How many calls were sent.
    calls: usize,
}

impl Answer {
    fn new(turn: LoggedTurn) -> Self {
        Self {
            turn: Some(turn),
            assembly: Assembly::default(),
            reasoning: ReasoningText::default(),
            begun: false,
            calls: 0,
        }
    }
}

impl Frames for ChatStream {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(frame);
            }
            match timeout(KEEP_ALIVE_INTERVAL, self.next_event()).await {
                Err(_) => return Some(sse::KEEP_ALIVE),
                Ok(None) => return None,
                Ok(Some((index, event))) => {
                    if let Err(error) = event.and_then(|event| self.encode(index, event)) {
                        log_error(&self.entry, &error.body);
                        self.fail(&error);
                    }
                }
            }
        }
    }
}

impl ChatStream {
    /// The next event of any turn, with the index of its answer; `None` once all have ended. May be cancelled.
    async fn next_event(&mut self) -> Option<(usize, Result<TurnEvent, ApiError>)> {
        // Nearly every request asks for one answer, and then nothing need be allocated for each of its events.
        if let [Answer { turn, .. }] = self.answers.as_mut_slice() {
            return Some((0, turn.as_mut()?.next().await));
        }
        let running = self.answers.iter_mut().enumerate().filter_map(|(index, answer)| {
            let turn = answer.turn.as_mut()?;
            Some(Box::pin(async move { (index, turn.next().await) }))
        });
        let running: Vec<_> = running.collect();
        if running.is_empty() {
            return None;
        }
        let (event, ..) = select_all(running).await;
        Some(event)
    }

    /// Turns an event into frames. An error ends the stream.
    fn encode(&mut self, index: usize, event: TurnEvent) -> Result<(), ApiError> {
        let Some(answer) = self.answers.get_mut(index) else { return Ok(()) };
        match event {
            TurnEvent::ReasoningDelta { part, text } => {
                let text = answer.reasoning.delta(part, text);
                self.begin(index, true);
                self.frames.push_back(sse::data(&self.chunks.reasoning(index, &text)));
            }
            TurnEvent::Reasoning(_) => answer.reasoning.end_item(),
            TurnEvent::Message { phase } => {
                let piece = answer.assembly.message(&self.expected, phase);
                self.send(index, piece);
            }
            TurnEvent::Delta(delta) => {
                let piece = answer.assembly.text(&self.expected, delta);
                self.send(index, piece);
            }
            TurnEvent::ToolCall(call) => {
                let pieces = answer.assembly.call(&self.expected, call)?;
                self.send(index, pieces);
            }
            TurnEvent::Completed(Completion { finish, usage }) => {
                answer.turn = None;
                let (piece, finish) = answer.assembly.complete(&self.expected, finish)?;
                self.send(index, piece);
                if let Some(usage) = usage {
                    *self.usage.get_or_insert_default() += usage;
                }
                self.begin(index, true);
                self.frames.push_back(sse::data(&self.chunks.finish(index, finish)));
                if self.answers.iter().all(|answer| answer.turn.is_none()) {
                    self.frames.extend(self.chunks.usage(self.usage).map(|chunk| sse::data(&chunk)));
                    self.frames.push_back(sse::DONE);
                }
            }
            // What was streamed can't be taken back.
            TurnEvent::Restarted if !answer.assembly.restart() => return Err(ApiError::began_differently()),
            TurnEvent::Restarted => {}
        }
        Ok(())
    }

    /// Names the role ahead of the first piece.
    fn begin(&mut self, index: usize, content: bool) {
        let Some(answer) = self.answers.get_mut(index).filter(|answer| !answer.begun) else { return };
        answer.begun = true;
        self.frames.push_back(sse::data(&self.chunks.role(index, content)));
    }

    fn send(&mut self, index: usize, pieces: impl IntoIterator<Item = Piece>) {
        for piece in pieces {
            let is_new_call = matches!(piece, Piece::Call(_) | Piece::CallBegun(_));
            self.begin(index, !is_new_call);
            let Some(answer) = self.answers.get_mut(index) else { return };
            answer.calls += usize::from(is_new_call);
            let last_call = answer.calls.saturating_sub(1);
            let frame = match piece {
                Piece::Text(text) => sse::data(&self.chunks.content(index, &text)),
                Piece::Commentary(text) => {
                    sse::data(&self.chunks.reasoning(index, &answer.reasoning.comment(text)))
                }
                Piece::Call(call) | Piece::CallBegun(call) => {
                    sse::data(&self.chunks.call(index, last_call, &call))
                }
                Piece::Arguments(text) => sse::data(&self.chunks.arguments(index, last_call, &text)),
            };
            self.frames.push_back(frame);
        }
    }

    /// One answer that fails ends them all: an error in a stream has no index.
    fn fail(&mut self, error: &ApiError) {
        self.answers.clear();
        self.frames.push_back(sse::data(&error.envelope()));
        self.frames.push_back(sse::DONE);
    }
}

impl Drop for ChatStream {
    fn drop(&mut self) {
        if self.answers.iter().any(|answer| answer.turn.is_some()) {
            self.entry.hung_up();
        }
    }
}
