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
        Assembly, Expectation, Piece,
        chat::{AnswerParts, ChatCompletion, ChatRequest, Chunks, Delivery, ReasoningText},
        error::ApiError,
        policy::Trace,
        responses::ResponsesRequest,
    },
    turn::{Completion, Finish, TurnEvent, Usage},
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
    let ChatRequest { turn, answers, delivery } = request?;
    let Prepared { asked, turn, expectation } = prepare(&app, &entry, turn, delivery).await?;

    let running = app.codex.run(turn, answers).await?;
    let turns = running.into_iter().map(|turn| LoggedTurn::new(turn, entry.clone())).collect();
    let mut response = match delivery {
        Delivery::Whole => whole(turns, &expectation, &asked).await?,
        Delivery::Stream { include_usage } => {
            stream::response(turns, expectation, entry, Chunks::new(asked, include_usage)).await?
        }
    };
    ignored.tell(&mut response);
    Ok(response)
}

/// Waits for all answers to end.
async fn whole(turns: Vec<LoggedTurn>, expected: &Expectation, model: &str) -> Result<Response, ApiError> {
    let mut answers = Vec::with_capacity(turns.len());
    let mut usage: Option<Usage> = None;
    for (answer, more) in try_join_all(turns.into_iter().map(|turn| collect(turn, expected))).await? {
        answers.push(answer);
        if let Some(more) = more {
            *usage.get_or_insert_default() += more;
        }
    }
    Ok(Json(ChatCompletion::new(model, &answers, usage)).into_response())
}

async fn collect(
    mut turn: LoggedTurn,
    expected: &Expectation,
) -> Result<(AnswerParts, Option<Usage>), ApiError> {
    let mut assembly = Assembly::default();
    let mut reasoning = ReasoningText::default();
    let mut answer = AnswerParts {
        reasoning: String::new(),
        text: String::new(),
        calls: Vec::new(),
        finish: Finish::Stop,
    };
    let add = |answer: &mut AnswerParts, piece: Option<Piece>| match piece {
        Some(Piece::Text(text)) => answer.text.push_str(&text),
        Some(Piece::Call(call) | Piece::CallBegun(call)) => answer.calls.push(call),
        Some(Piece::Arguments(more)) => {
            answer.calls.last_mut().into_iter().for_each(|call| call.arguments.push_str(&more));
        }
        None => {}
    };
    loop {
        match turn.next().await? {
            TurnEvent::ReasoningDelta { part, text } => {
                answer.reasoning.push_str(&reasoning.delta(part, text));
            }
            TurnEvent::Reasoning(_) => reasoning.end_item(),
            TurnEvent::Message { .. } => add(&mut answer, assembly.message(expected)),
            TurnEvent::Delta(delta) => add(&mut answer, assembly.text(expected, delta)),
            TurnEvent::Restarted => {
                assembly.restart();
                answer.text.clear();
                answer.calls.clear();
            }
            TurnEvent::ToolCall(call) => add(&mut answer, assembly.call(expected, call)?),
            TurnEvent::Completed(Completion { finish, usage }) => {
                let (piece, finish) = assembly.complete(expected, finish)?;
                add(&mut answer, piece);
                answer.finish = finish;
                return Ok((answer, usage));
            }
        }
    }
}
