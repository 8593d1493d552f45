//! `POST /v1/chat/completions`.

use std::{collections::VecDeque, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::HeaderValue,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::timeout;

use super::{
    App,
    body::JsonObject,
    models::find_model,
    sse::{self, Frames},
};
use crate::{
    codex::{Model, RunningTurn},
    openai::{
        chat::{ChatCompletion, ChatRequest, Chunks, Delivery, ImagePart},
        error::ApiError,
    },
    turn::{Completion, Content, Item, Turn, TurnError, TurnErrorKind, TurnEvent},
};

/// How long the status of a streamed answer is held back, so that a turn that fails at once is a proper HTTP error,
/// which SDKs understand and retry; after that the stream begins, since clients give up on silence.
const STATUS_PATIENCE: Duration = Duration::from_secs(5);

/// How long a stream may be silent.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// How many images of one request are fetched and checked at the same time.
const PARALLEL_IMAGES: usize = 4;

pub(super) async fn create(
    State(app): State<App>,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let ChatRequest { model, mut items, images, effort, delivery, ignored } = ChatRequest::parse(body)?;
    let found = find_model(&app, &model).await?;
    if let (Some(image), false) = (images.first(), found.takes_images) {
        return Err(ApiError::unsupported(
            &image.param,
            format!("The model `{model}` does not take images."),
        ));
    }
    let effort = choose_effort(effort, app.reasoning_effort.as_deref(), &found)?;
    resolve_images(&app, &mut items, images).await?;
    let turn = Turn { model: found.name, items, effort };
    let running = app.codex.run(&turn).await?;
    let mut response = match delivery {
        Delivery::Whole => whole(running, &model).await?,
        Delivery::Stream { include_usage } => stream(running, Chunks::new(model, include_usage)).await?,
    };
    if !ignored.is_empty() {
        if let Ok(ignored) = HeaderValue::from_str(&ignored.join(", ")) {
            response.headers_mut().insert("x-codex-gateway-ignored", ignored);
        }
    }
    Ok(response)
}

/// The effort that the caller asks for, if the model has it, else the one in the settings, if the model has that.
fn choose_effort(
    asked: Option<String>,
    default: Option<&str>,
    model: &Model,
) -> Result<Option<String>, ApiError> {
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
        Some(effort) => Ok(Some(effort)),
        None => Ok(default.filter(|effort| knows(effort)).map(str::to_owned)),
    }
}

/// Replaces each image's URL by its bytes as a data URL.
async fn resolve_images(app: &App, items: &mut [Item], images: Vec<ImagePart>) -> Result<(), ApiError> {
    let mut urls = Vec::with_capacity(images.len());
    for image in images {
        if let Some(url) = image_url(items, &image) {
            urls.push((std::mem::take(url), image));
        }
    }
    let mut resolved = stream::iter(urls)
        .map(|(url, image)| async {
            match app.images.resolve(url).await {
                Ok(resolved) => Ok((resolved.into_data_url(), image)),
                Err(error) => Err(ApiError::image(&image.param, &error)),
            }
        })
        .buffered(PARALLEL_IMAGES);
    let mut left = app.max_body_bytes;
    while let Some((data_url, image)) = resolved.try_next().await? {
        left = left.checked_sub(data_url.len()).ok_or_else(|| {
            ApiError::invalid(
                &image.param,
                "image_too_large",
                format!("The images are larger than {} bytes together.", app.max_body_bytes),
            )
        })?;
        if let Some(url) = image_url(items, &image) {
            *url = data_url;
        }
    }
    Ok(())
}

fn image_url<'a>(items: &'a mut [Item], image: &ImagePart) -> Option<&'a mut String> {
    let Item::Message { content, .. } = items.get_mut(image.item)?;
    match content.get_mut(image.part)? {
        Content::InputImage { image_url } => Some(image_url),
        Content::InputText { .. } | Content::OutputText { .. } => None,
    }
}

async fn whole(mut running: RunningTurn, model: &str) -> Result<Response, ApiError> {
    let mut content = String::new();
    let completion = loop {
        match running.next().await.transpose()? {
            Some(TurnEvent::Delta(delta)) => content.push_str(&delta),
            Some(TurnEvent::Restarted) => content.clear(),
            Some(TurnEvent::Completed(completion)) => break completion,
            None => return Err(ended_without_completion().into()),
        }
    };
    Ok(Json(ChatCompletion::new(model, &content, completion)).into_response())
}

async fn stream(mut running: RunningTurn, chunks: Chunks) -> Result<Response, ApiError> {
    let mut frames = VecDeque::from([sse::data(&chunks.role())]);
    let first = timeout(STATUS_PATIENCE, running.next()).await.ok();
    let mut answer = ChatStream { running: Some(running), chunks, frames: VecDeque::new() };
    if let Some(first) = first {
        answer.encode(first.unwrap_or_else(|| Err(ended_without_completion())).map_err(ApiError::from)?);
    }
    frames.append(&mut answer.frames);
    answer.frames = frames;
    Ok(sse::response(answer))
}

/// The frames of a streamed answer.
struct ChatStream {
    /// `None` once the turn has ended.
    running: Option<RunningTurn>,
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
                Ok(Some(Ok(event))) => self.encode(event),
                Ok(Some(Err(error))) => self.fail(error),
                Ok(None) => self.fail(ended_without_completion()),
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
            TurnEvent::Restarted => self.fail(TurnError::new(
                TurnErrorKind::Disconnected,
                "The model's answer broke off, and a second attempt began differently. Send the request again.",
            )),
        }
    }

    fn fail(&mut self, error: TurnError) {
        self.running = None;
        self.frames.push_back(sse::data(&ApiError::from(error).envelope()));
        self.frames.push_back(sse::DONE);
    }
}

fn ended_without_completion() -> TurnError {
    TurnError::new(TurnErrorKind::Disconnected, "The turn ended without an answer. Send the request again.")
}
