//! `POST /v1/chat/completions`.

mod stream;

use axum::{
    Extension, Json,
    extract::State,
    http::HeaderValue,
    response::{IntoResponse, Response},
};
use futures_util::future::try_join_all;

use super::{App, body::JsonObject, images, logged::LoggedTurn, models::find_model};
use crate::{
    codex::Model,
    log::{Entry, Parameters},
    openai::{
        chat::{AnswerParts, Assembly, ChatCompletion, ChatRequest, Chunks, Delivery, Expectation, Piece},
        error::ApiError,
        policy::Trace,
    },
    turn::{Completion, Finish, Turn, TurnEvent, Usage},
};

pub(super) async fn create(
    State(app): State<App>,
    Extension(entry): Extension<Entry>,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let mut trace = Trace::new(app.settings.unsupported_parameters);
    let request = ChatRequest::parse(body, &mut trace);
    let ignored = HeaderValue::from_str(&trace.ignored.join(", ").escape_default().to_string()).ok();
    entry.parameters(trace.into());
    let ChatRequest {
        model: asked,
        mut items,
        images,
        effort,
        summary,
        verbosity,
        service_tier,
        limits,
        tools,
        expectation,
        answers,
        delivery,
    } = request?;

    entry.asked(&asked);
    let model = find_model(&app, &asked).await?;
    if let (Some(image), false) = (images.first(), model.takes_images) {
        return Err(ApiError::unsupported(
            &image.param,
            format!("The model `{asked}` does not take images."),
        ));
    }
    let effort = choose_effort(effort, app.settings.reasoning_effort.as_deref(), &model)?;
    let service_tier = choose_service_tier(service_tier, &model)?;
    images::resolve(&app, &mut items, images).await?;
    let turn = Turn {
        model: model.name,
        items,
        effort,
        summary,
        verbosity,
        service_tier,
        context_window: model.context_window,
        limits,
        tools,
        output_schema: expectation.upstream_schema().cloned(),
    };
    entry.turn(&asked, &turn, delivery != Delivery::Whole);

    let running = app.codex.run(turn, answers).await?;
    let turns = running.into_iter().map(|turn| LoggedTurn::new(turn, entry.clone())).collect();
    let mut response = match delivery {
        Delivery::Whole => whole(turns, &expectation, &asked).await?,
        Delivery::Stream { include_usage } => {
            stream::response(turns, expectation, entry, Chunks::new(asked, include_usage)).await?
        }
    };
    if let Some(ignored) = ignored.filter(|ignored| !ignored.is_empty()) {
        response.headers_mut().insert("x-codex-gateway-ignored", ignored);
    }
    Ok(response)
}

/// The effort that the caller asks for, if the model has it, else the one in the settings, if the model has that.
fn choose_effort(asked: Option<String>, default: Option<&str>, model: &Model) -> Result<String, ApiError> {
    let knows = |effort: &str| model.efforts.iter().any(|known| known == effort);
    match asked {
        Some(effort) if !knows(&effort) => {
            let known = model.efforts.iter().map(String::as_str);
            Err(not_of_model("reasoning_effort", &effort, model, known))
        }
        Some(effort) => Ok(effort),
        None => Ok(default.filter(|effort| knows(effort)).unwrap_or(&model.default_effort).to_owned()),
    }
}

/// The tier that the caller asks for, if the model is served by it. `auto` leaves the choice to us, which never is the one
/// that costs more.
fn choose_service_tier(asked: Option<String>, model: &Model) -> Result<String, ApiError> {
    match asked.as_deref() {
        None | Some("auto" | "default") => Ok("default".to_owned()),
        Some(tier) if model.service_tiers.iter().any(|known| known == tier) => Ok(tier.to_owned()),
        Some(tier) => {
            let known = ["auto", "default"].into_iter().chain(model.service_tiers.iter().map(String::as_str));
            Err(not_of_model("service_tier", tier, model, known))
        }
    }
}

/// The error for a value that the model does not have.
fn not_of_model<'a>(
    param: &str,
    asked: &str,
    model: &Model,
    known: impl Iterator<Item = &'a str>,
) -> ApiError {
    let known = known.map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
    let message =
        format!("`{param}` is `{asked}`, which the model `{}` does not have; it has {known}.", model.name);
    ApiError::invalid(param, "unsupported_value", message)
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
    let mut answer = AnswerParts {
        reasoning: String::new(),
        text: String::new(),
        calls: Vec::new(),
        finish: Finish::Stop,
    };
    let add = |answer: &mut AnswerParts, piece: Option<Piece>| match piece {
        Some(Piece::Reasoning(text)) => answer.reasoning.push_str(&text),
        Some(Piece::Text(text)) => answer.text.push_str(&text),
        Some(Piece::Call(call)) => answer.calls.push(call),
        None => {}
    };
    loop {
        match turn.next().await? {
            TurnEvent::ReasoningDelta { part, text } => {
                add(&mut answer, Some(assembly.reasoning(part, text)));
            }
            TurnEvent::Reasoning(_) => assembly.end_reasoning(),
            TurnEvent::Delta(delta) => add(&mut answer, assembly.text(expected, delta)),
            TurnEvent::Restarted => {
                assembly.restart();
                answer.text.clear();
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

impl From<Trace> for Parameters {
    fn from(trace: Trace) -> Self {
        let Trace { honoured, neutral, ignored, refused, .. } = trace;
        Self { honoured, neutral, ignored, refused }
    }
}
