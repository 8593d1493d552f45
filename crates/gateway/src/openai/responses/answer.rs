//! One answer, from what happens in a turn to a response and its events.

use serde_json::json;

use super::{Encrypted, Event, ResponseObject, StoredItem, output::Output};
use crate::{
    openai::{Assembly, Delivery, Expectation, Piece, error::ApiError},
    turn::{Completion, Finish, Phase, TurnEvent},
};

/// An answer in the making.
#[derive(Debug)]
pub(crate) struct Answer {
    response: ResponseObject,
    expectation: Expectation,
    assembly: Assembly,
    output: Output,
    /// What the message is for that the next text belongs to.
    phase: Option<Phase>,
    /// Whether the next text begins a message.
    begins: bool,
    delivery: Delivery,
}

impl Answer {
    pub(crate) fn new(
        response: ResponseObject,
        expectation: Expectation,
        encrypted: Encrypted,
        delivery: Delivery,
    ) -> Self {
        let mut output = Output::new(encrypted, delivery);
        output.begin(&response);
        Self {
            response,
            expectation,
            assembly: Assembly::default(),
            output,
            phase: None,
            begins: true,
            delivery,
        }
    }

    /// The next event to send.
    pub(crate) fn take_event(&mut self) -> Option<Event> {
        self.output.take_event()
    }

    /// Takes what happened. Returns whether that was the end.
    pub(crate) fn add(&mut self, event: TurnEvent) -> Result<bool, ApiError> {
        match event {
            TurnEvent::ReasoningDelta { part, text } => self.output.summary(part, &text),
            TurnEvent::Reasoning(reasoning) => self.output.reasoning(reasoning),
            TurnEvent::Message { phase } => {
                self.assembly.message(&self.expectation, phase);
                (self.phase, self.begins) = (phase, true);
            }
            TurnEvent::Delta(delta) => {
                self.assembly.text(&self.expectation, delta).into_iter().for_each(|piece| self.piece(piece));
            }
            TurnEvent::Restarted => {
                if !self.assembly.restart() && self.delivery != Delivery::Whole {
                    return Err(ApiError::began_differently());
                }
                self.output.forget_answer();
            }
            TurnEvent::ToolCall(call) => {
                self.assembly.call(&self.expectation, call)?.for_each(|piece| self.piece(piece));
            }
            TurnEvent::Completed(completion) => {
                self.complete(completion)?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn piece(&mut self, piece: Piece) {
        match piece {
            Piece::Text(text) | Piece::Commentary(text) => {
                if std::mem::take(&mut self.begins) || !self.output.has_open_message() {
                    self.output.begin_message(self.phase);
                }
                self.output.text(&text);
            }
            Piece::Call(call) => {
                self.output.begin_call(call);
                self.output.close();
            }
            Piece::CallBegun(call) => self.output.begin_call(call),
            Piece::Arguments(more) => self.output.arguments(&more),
        }
    }

    fn complete(&mut self, Completion { finish, usage }: Completion) -> Result<(), ApiError> {
        let (piece, finish) = self.assembly.complete(&self.expectation, finish)?;
        piece.into_iter().for_each(|piece| self.piece(piece));
        if finish == Finish::Stop && self.output.is_empty() {
            self.output.begin_message(None);
        }
        let ended = match finish {
            Finish::Stop | Finish::ToolCalls => {
                self.output.close();
                "response.completed"
            }
            Finish::Length | Finish::ContentFilter => {
                self.output.cut();
                "response.incomplete"
            }
        };
        self.response.complete(finish, usage);
        self.output.response(ended, &self.whole());
        Ok(())
    }

    /// Ends a stream with an error. OpenAI's SDKs raise an event that has an object `error`; those that read the flat form
    /// find that, too.
    pub(crate) fn fail(&mut self, error: &ApiError) {
        let body = &error.body;
        self.output.break_off();
        self.response.fail(body);
        self.output.event(
            "error",
            json!({"error": body, "code": body.code, "message": body.message, "param": body.param}),
        );
        self.output.response("response.failed", &self.whole());
    }

    /// The response as it stands.
    pub(crate) fn whole(&self) -> ResponseObject {
        self.response.clone().with_output(self.output.to_json())
    }

    /// The response without its output, and its output.
    pub(crate) fn to_parts(&self) -> (ResponseObject, Vec<StoredItem>) {
        (self.response.clone(), self.output.items().to_vec())
    }
}
