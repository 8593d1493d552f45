//! `POST /v1/responses`: records the request, then answers it as the next script says.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::TryStreamExt;
use serde_json::{Value, json};

use crate::log::{Arrival, How, Ticket};
use crate::playback;
use crate::script::{EventStream, HttpError, InvalidScript, Script, head};
use crate::shared::Shared;
use crate::timeline::timeline;

pub(crate) async fn create(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let arrival = Arrival::now();
    let (head, body) = request.into_parts();
    let body = match read(&head.headers, body).await {
        Ok(body) => body,
        Err(error) => return error_response(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let (script, mut ticket) = shared.begin(arrival, &head, body.clone());
    let answer = match &*script {
        Script::Stream(stream) => play(stream, &body, ticket),
        Script::Error(error) => {
            ticket.end(How::Completed);
            refuse(error)
        }
    };
    answer.unwrap_or_else(|invalid| error_response(StatusCode::INTERNAL_SERVER_ERROR, &invalid.to_string()))
}

/// Anything else that the client asks is recorded too, so that a test sees it, but takes no script.
pub(crate) async fn not_found(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let arrival = Arrival::now();
    let (head, body) = request.into_parts();
    let body = read(&head.headers, body).await.unwrap_or_default();
    shared.log.begin(arrival, &head, body).end(How::Completed);
    error_response(StatusCode::NOT_FOUND, &format!("{} {} is not scripted.", head.method, head.uri.path()))
}

pub(crate) fn error_response(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({ "error": { "message": message } }))).into_response()
}

fn play(script: &EventStream, request_body: &[u8], mut ticket: Ticket) -> Result<Response, InvalidScript> {
    let mut head = match head(200, &script.headers) {
        Ok(head) => head,
        Err(invalid) => {
            ticket.end(How::Completed);
            return Err(invalid);
        }
    };
    set_default(&mut head.headers, CONTENT_TYPE, "text/event-stream");
    set_default(&mut head.headers, CACHE_CONTROL, "no-cache");
    let beats = timeline(script, ticket.id, request_body);
    Ok(Response::from_parts(head, playback::body(beats, ticket)))
}

fn refuse(error: &HttpError) -> Result<Response, InvalidScript> {
    let mut head = head(error.status, &error.headers)?;
    let body = match &error.body {
        Value::Null => Body::empty(),
        Value::String(text) => {
            set_default(&mut head.headers, CONTENT_TYPE, "text/plain; charset=utf-8");
            Body::from(text.clone())
        }
        json => {
            set_default(&mut head.headers, CONTENT_TYPE, "application/json");
            Body::from(json.to_string())
        }
    };
    Ok(Response::from_parts(head, body))
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}

/// Copies the body once, into memory of its own size: a part of hyper's read buffer would keep the whole
/// buffer alive for as long as the request is remembered.
async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, axum::Error> {
    const TRUSTED_LENGTH: usize = 64 << 20;
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let whole = Vec::with_capacity(length.unwrap_or_default().min(TRUSTED_LENGTH));
    let whole = body
        .into_data_stream()
        .try_fold(whole, async |mut whole, chunk| {
            whole.extend_from_slice(&chunk);
            Ok(whole)
        })
        .await?;
    Ok(whole.into())
}
