//! `POST /v1/chat/completions`.

mod stream;

use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use futures_util::future::try_join_all;

use super::{
    App,
    body::JsonObject,
    logged::LoggedTurn,
    prepare::{Ignored, Prepared, prepare},
};
use crate::{
    log::Entry,
    openai::{
        Assembly, Delivery, Expectation, Piece,
        chat::{AnswerParts, ChatCompletion, ChatRequest, Chunks, ReasoningText},
        error::ApiError,
        policy::Trace,
        responses::ResponsesRequest,
    },
    turn::{Completion, TurnEvent, Usage},
};

pub(super) async fn create(
    State(app): State<App>,
    Extension(entry): Extension<Entry>,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let mut trace = Trace::new(app.settings.unsupported_parameters);
    let request = if body.contains_key("input") && !body.contains_key("messages") {
        ResponsesRequest::parse(body, &mut trace, &app.history).map(ChatRequest::from)
    } else {
        ChatRequest::parse(body, &mut trace)
    };
    let ignored = Ignored::of(&trace);
    entry.parameters(trace.into());
    let ChatRequest { turn, answers, delivery, include_usage, calls } = request?;
    let Prepared { asked, turn, expectation } = prepare(&app, &entry, turn, delivery).await?;

    let running = app.codex.run(turn, answers).await?;
    let turns = running.into_iter().map(|turn| LoggedTurn::new(turn, entry.clone())).collect();
    let mut response = match delivery {
        Delivery::Whole => {
            let (answers, usage) = whole(turns, &expectation).await?;
            Json(ChatCompletion::new(&asked, &answers, usage, calls)).into_response()
        }
        Delivery::Stream => {
            stream::response(turns, expectation, entry, Chunks::new(asked, include_usage, calls)).await?
        }
    };
    ignored.tell(&mut response);
    Ok(response)
}

/// Waits for all answers to end.
async fn whole(
    turns: Vec<LoggedTurn>,
    expected: &Expectation,
) -> Result<(Vec<AnswerParts>, Option<Usage>), ApiError> {
    let mut answers = Vec::with_capacity(turns.len());
    let mut usage: Option<Usage> = None;
    for (answer, more) in try_join_all(turns.into_iter().map(|turn| collect(turn, expected))).await? {
        answers.push(answer);
        if let Some(more) = more {
            *usage.get_or_insert_default() += more;
        }
    }
    Ok((answers, usage))
}

async fn collect(
    mut turn: LoggedTurn,
    expected: &Expectation,
) -> Result<(AnswerParts, Option<Usage>), ApiError> {
    let mut assembly = Assembly::default();
    let mut answer = Collected::default();
    loop {
        match turn.next().await? {
            TurnEvent::ReasoningDelta { part, text } => answer.reason(part, text),
            TurnEvent::Reasoning(_) => answer.reasoning.end_item(),
            TurnEvent::Message { phase } => answer.add(assembly.message(expected, phase)),
            TurnEvent::Delta(delta) => answer.add(assembly.text(expected, delta)),
            TurnEvent::Restarted => {
                assembly.restart();
                answer.parts.text.clear();
                answer.parts.calls.clear();
            }
            TurnEvent::ToolCall(call) => answer.add(assembly.call(expected, call)?),
            TurnEvent::Completed(Completion { finish, usage }) => {
                let (piece, finish) = assembly.complete(expected, finish)?;
                answer.add(piece);
                return Ok((AnswerParts { finish, ..answer.parts }, usage));
            }
        }
    }
}

/// An answer as far as it has come.
#[derive(Default)]
struct Collected {
    parts: AnswerParts,
    reasoning: ReasoningText,
}

impl Collected {
    fn reason(&mut self, part: usize, text: String) {
        self.parts.reasoning.push_str(&self.reasoning.delta(part, text));
    }

    fn add(&mut self, pieces: impl IntoIterator<Item = Piece>) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.parts.text.push_str(&text),
                Piece::Commentary(text) => self.parts.reasoning.push_str(&self.reasoning.comment(text)),
                Piece::Call(call) | Piece::CallBegun(call) => self.parts.calls.push(call),
                Piece::Arguments(more) => {
                    self.parts.calls.last_mut().into_iter().for_each(|call| call.arguments.push_str(&more));
                }
            }
        }
    }
}
