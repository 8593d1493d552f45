//! A running turn that tells the request log how it goes.

use crate::{
    codex::RunningTurn,
    log::Entry,
    openai::error::ApiError,
    turn::{Completion, Cost, TurnError, TurnErrorKind, TurnEvent, Usage},
};

/// Dropping it before its end means that the caller has hung up.
pub(super) struct LoggedTurn {
    running: RunningTurn,
    entry: Entry,
    usage: Option<Usage>,
    /// Whether the last event was there.
    ended: bool,
}

impl LoggedTurn {
    pub(super) fn new(running: RunningTurn, entry: Entry) -> Self {
        Self { running, entry, usage: None, ended: false }
    }

    /// The next event. An error, or a completion, is the last.
    pub(super) async fn next(&mut self) -> Result<TurnEvent, ApiError> {
        let event = self.running.next().await.unwrap_or_else(|| {
            Err(TurnError::new(
                TurnErrorKind::Disconnected,
                "The turn ended without an answer. Send the request again.",
            ))
        });
        self.ended = matches!(event, Err(_) | Ok(TurnEvent::Completed(_)));
        match &event {
            Ok(TurnEvent::Delta(delta)) => self.entry.delta(delta),
            Ok(TurnEvent::Completed(Completion { usage, .. })) => self.usage = *usage,
            Ok(TurnEvent::ToolCall(call)) => self.entry.delta(&call.arguments),
            Ok(
                TurnEvent::ReasoningDelta { .. }
                | TurnEvent::Reasoning(_)
                | TurnEvent::Message { .. }
                | TurnEvent::Restarted,
            )
            | Err(_) => {}
        }
        event.map_err(ApiError::from)
    }
}

impl Drop for LoggedTurn {
    fn drop(&mut self) {
        let cost = match self.ended {
            true => self.usage.map(|usage| Cost { usage, is_estimated: false }),
            false => Some(self.running.cost()),
        };
        self.entry.report(self.running.report(), cost);
    }
}
