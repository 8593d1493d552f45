//! `POST /v1/chat/completions`.

use std::{collections::VecDeque, time::Duration};

use axum::{
    Extension, Json,
    body::Bytes,
    extract::State,
    http::HeaderValue,
    response::{IntoResponse, Response},
};
use tokio::time::timeout;

use super::{
    App,
    body::JsonObject,
    error::log_error,
    images,
    logged::LoggedTurn,
    models::find_model,
    sse::{self, Frames},
};
use crate::{
    codex::Model,
    log::{Entry, Parameters},
    openai::{
        chat::{ChatCompletion, ChatRequest, Chunks, Delivery},
        error::ApiError,
        policy::Trace,
    },
    turn::{Completion, Turn, TurnError, TurnErrorKind, TurnEvent},
};

/// How long the status of a streamed answer is held back, so that a turn that fails at once is a proper HTTP error,
/// which SDKs understand and retry; after that the stream begins, since clients give up on silence.
const STATUS_PATIENCE: Duration = Duration::from_secs(5);

/// How long a stream may be silent.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

pub(super) async fn create(
    State(app): State<App>,
    Extension(entry): Extension<Entry>,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let mut trace = Trace::new(app.settings.unsupported_parameters);
    let request = ChatRequest::parse(body, &mut trace);
    let ignored = HeaderValue::from_str(&trace.ignored.join(", ").escape_default().to_string()).ok();
    entry.parameters(trace.into());
    let ChatRequest { model: asked, mut items, images, effort, delivery } = request?;

    let model = find_model(&app, &asked).await?;
    if let (Some(image), false) = (images.first(), model.takes_images) {
        return Err(ApiError::unsupported(
            &image.param,
            format!("The model `{asked}` does not take images."),
        ));
    }
    let effort = choose_effort(effort, app.settings.reasoning_effort.as_deref(), &model)?;
    images::resolve(&app, &mut items, images).await?;
    let turn = Turn { model: model.name, items, effort, context_window: model.context_window };
    entry.turn(&asked, &turn, delivery != Delivery::Whole);

    let running = LoggedTurn::new(app.codex.run(turn).await?, entry);
    let mut response = match delivery {
        Delivery::Whole => whole(running, &asked).await?,
        Delivery::Stream { include_usage } => stream(running, Chunks::new(asked, include_usage)).await?,
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

async fn whole(mut running: LoggedTurn, model: &str) -> Result<Response, ApiError> {
    let mut content = String::new();
    let completion = loop {
        match running.next().await? {
            TurnEvent::Delta(delta) => content.push_str(&delta),
            TurnEvent::Restarted => content.clear(),
            TurnEvent::Completed(completion) => break completion,
        }
    };
    Ok(Json(ChatCompletion::new(model, &content, completion)).into_response())
}

async fn stream(running: LoggedTurn, chunks: Chunks) -> Result<Response, ApiError> {
    let frames = VecDeque::from([sse::data(&chunks.role())]);
    let mut answer = ChatStream { running: Some(running), chunks, frames };
    if let Some(running) = &mut answer.running
        && let Ok(first) = timeout(STATUS_PATIENCE, running.next()).await
    {
        answer.encode(first?);
    }
    Ok(sse::response(answer))
}

/// The frames of a streamed answer.
struct ChatStream {
    /// `None` once the turn has ended.
    running: Option<LoggedTurn>,
    chunks: Chunks,
    /// Frames that wait to be sent.
    frames: VecDeque<Bytes>,
}

impl Frames for ChatStream {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(frame);
            }
            let running = self.running.as_mut()?;
            match timeout(KEEP_ALIVE_INTERVAL, running.next()).await {
                Err(_) => return Some(sse::KEEP_ALIVE),
                Ok(Ok(event)) => self.encode(event),
                Ok(Err(error)) => self.fail(&error),
            }
        }
    }
}

impl ChatStream {
    fn encode(&mut self, event: TurnEvent) {
        match event {
            TurnEvent::Delta(delta) => self.frames.push_back(sse::data(&self.chunks.content(&delta))),
            TurnEvent::Completed(Completion { finish, usage }) => {
                self.running = None;
                self.frames.push_back(sse::data(&self.chunks.finish(finish)));
                self.frames.extend(self.chunks.usage(usage).map(|chunk| sse::data(&chunk)));
                self.frames.push_back(sse::DONE);
            }
            // What was streamed can't be taken back.
            TurnEvent::Restarted => {
                let error = ApiError::from(TurnError::new(
                    TurnErrorKind::Disconnected,
                    "The model's answer broke off, and a second attempt began differently. Send the request again.",
                ));
                if let Some(running) = &self.running {
                    log_error(running.entry(), &error);
                }
                self.fail(&error);
            }
        }
    }

    fn fail(&mut self, error: &ApiError) {
        self.running = None;
        self.frames.push_back(sse::data(&error.envelope()));
        self.frames.push_back(sse::DONE);
    }
}

impl Drop for ChatStream {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.entry().hung_up();
        }
    }
}

impl From<Trace> for Parameters {
    fn from(trace: Trace) -> Self {
        let Trace { honoured, neutral, ignored, refused, .. } = trace;
        Self { honoured, neutral, ignored, refused }
    }
}
