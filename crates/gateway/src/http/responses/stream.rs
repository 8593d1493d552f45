//! A streamed response.

use axum::{body::Bytes, response::Response};
use tokio::time::timeout;

use super::{Keeping, of_input};
use crate::{
    http::{
        error::log_error,
        logged::LoggedTurn,
        sse::{self, Frames, KEEP_ALIVE_INTERVAL, STATUS_PATIENCE},
    },
    log::Entry,
    openai::{error::ApiError, responses::Answer},
    turn::TurnEvent,
};

pub(super) async fn response(
    turn: LoggedTurn,
    answer: Answer,
    keeping: Keeping,
    entry: Entry,
) -> Result<Response, ApiError> {
    let mut stream = ResponseStream { turn: Some(turn), answer, keeping: Some(keeping), entry };
    if let Ok(event) = timeout(STATUS_PATIENCE, stream.next_event()).await {
        stream.add(event?)?;
    }
    Ok(sse::response(stream))
}

/// The frames of a streamed response.
struct ResponseStream {
    /// `None` once it has ended.
    turn: Option<LoggedTurn>,
    answer: Answer,
    keeping: Option<Keeping>,
    entry: Entry,
}

impl Frames for ResponseStream {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.answer.take_event() {
                return Some(sse::event(event.kind, &event));
            }
            self.turn.as_ref()?;
            match timeout(KEEP_ALIVE_INTERVAL, self.next_event()).await {
                Err(_) => return Some(sse::KEEP_ALIVE),
                Ok(event) => {
                    if let Err(error) = event.and_then(|event| self.add(event)) {
                        log_error(&self.entry, &error.body);
                        self.answer.fail(&error);
                        self.end();
                    }
                }
            }
        }
    }
}

impl ResponseStream {
    /// May be cancelled.
    async fn next_event(&mut self) -> Result<TurnEvent, ApiError> {
        match &mut self.turn {
            Some(turn) => turn.next().await.map_err(of_input),
            None => std::future::pending().await,
        }
    }

    fn add(&mut self, event: TurnEvent) -> Result<(), ApiError> {
        if self.answer.add(event)? {
            self.end();
        }
        Ok(())
    }

    /// The response is stored before its caller hears of its end, and may refer to it.
    fn end(&mut self) {
        self.turn = None;
        if let Some(keeping) = self.keeping.take() {
            keeping.keep(&self.answer);
        }
    }
}

impl Drop for ResponseStream {
    fn drop(&mut self) {
        if self.turn.is_some() {
            self.entry.hung_up();
        }
    }
}
