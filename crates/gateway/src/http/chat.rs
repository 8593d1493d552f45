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
        chat::{ChatCompletion, ChatRequest, Chunks, Delivery},
        error::ApiError,
        policy::Trace,
    },
    turn::{Completion, Turn, TurnEvent, Usage},
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
    let ChatRequest { model: asked, mut items, images, effort, limits, answers, delivery } = request?;

    let model = find_model(&app, &asked).await?;
    if let (Some(image), false) = (images.first(), model.takes_images) {
        return Err(ApiError::unsupported(
            &image.param,
            format!("The model `{asked}` does not take images."),
        ));
    }
    let effort = choose_effort(effort, app.settings.reasoning_effort.as_deref(), &model)?;
    images::resolve(&app, &mut items, images).await?;
    let turn = Turn { model: model.name, items, effort, context_window: model.context_window, limits };
    entry.turn(&asked, &turn, delivery != Delivery::Whole);

    let running = app.codex.run(turn, answers).await?;
    let turns = running.into_iter().map(|turn| LoggedTurn::new(turn, entry.clone())).collect();
    let mut response = match delivery {
        Delivery::Whole => whole(turns, &asked).await?,
        Delivery::Stream { include_usage } => {
            stream::response(turns, entry, Chunks::new(asked, include_usage)).await?
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
        Some(effort) if !knows(&effort) => Err(ApiError::invalid(
            "reasoning_effort",
            "unsupported_value",
            format!(
                "`reasoning_effort` is `{effort}`, which the model `{}` does not have; it has {}.",
                model.name,
                model.efforts.iter().map(|effort| format!("`{effort}`")).collect::<Vec<_>>().join(", "),
            ),
        )),
        Some(effort) => Ok(effort),
        None => Ok(default.filter(|effort| knows(effort)).unwrap_or(&model.default_effort).to_owned()),
    }
}

/// Waits for all answers to end.
async fn whole(turns: Vec<LoggedTurn>, model: &str) -> Result<Response, ApiError> {
    let mut answers = Vec::with_capacity(turns.len());
    let mut usage: Option<Usage> = None;
    for (content, completion) in try_join_all(turns.into_iter().map(collect)).await? {
        answers.push((content, completion.finish));
        if let Some(more) = completion.usage {
            *usage.get_or_insert_default() += more;
        }
    }
    Ok(Json(ChatCompletion::new(model, &answers, usage)).into_response())
}

async fn collect(mut turn: LoggedTurn) -> Result<(String, Completion), ApiError> {
    let mut content = String::new();
    loop {
        match turn.next().await? {
            TurnEvent::Delta(delta) => content.push_str(&delta),
            TurnEvent::Restarted => content.clear(),
            TurnEvent::Completed(completion) => return Ok((content, completion)),
        }
    }
}

impl From<Trace> for Parameters {
    fn from(trace: Trace) -> Self {
        let Trace { honoured, neutral, ignored, refused, .. } = trace;
        Self { honoured, neutral, ignored, refused }
    }
}
