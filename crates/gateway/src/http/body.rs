//! The JSON body of a request.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::{FromRef, FromRequest, Request},
    http::header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use futures_util::StreamExt;
use serde_json::{Map, Value};
use tokio::time::timeout;

use super::App;
use crate::openai::error::ApiError;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a body that nobody wants is read on.
const DISCARD_PATIENCE: Duration = Duration::from_secs(2);

/// Refuses a request whose body was not read. The body is read to its end, since the connection could not be used again
/// otherwise and its caller may see a reset instead of the answer; one that does not come is not waited for, and the
/// answer says that the connection closes.
pub(super) async fn refuse(app: &App, body: Body, mut error: ApiError) -> ApiError {
    let mut left = app.settings.max_body_bytes;
    let mut body = body.into_data_stream();
    let read_to_end = async {
        while let Some(bytes) = body.next().await {
            match bytes.ok().and_then(|bytes| left.checked_sub(bytes.len())) {
                Some(less) => left = less,
                None => return false,
            }
        }
        true
    };
    error.closes = !timeout(DISCARD_PATIENCE, read_to_end).await.unwrap_or(false);
    error
}

/// A body that is a JSON object.
pub(super) struct JsonObject(pub(super) Map<String, Value>);

impl<S> FromRequest<S> for JsonObject
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let app = App::from_ref(state);
        let (parts, body) = request.into_parts();
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let limit = app.settings.max_body_bytes;
        let announced: Option<usize> = header(CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let refusal = if !header(CONTENT_TYPE).is_some_and(is_json) {
            let message = "The request's `Content-Type` must be `application/json`.";
            Some(error(415, "unsupported_media_type", message))
        } else if announced.is_some_and(|announced| announced > limit) {
            Some(too_large(limit))
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return Err(refuse(&app, body, refusal).await);
        }
        let bytes = timeout(PATIENCE, to_bytes(body, limit))
            .await
            .map_err(|_| error(408, "request_timeout", "The request's body did not arrive within 60 s."))?
            .map_err(|source| match is_length_limit(&source) {
                true => too_large(limit),
                false => error(400, "invalid_body", "The request's body could not be read to its end."),
            })?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(error(400, "invalid_json", "The request's body must be a JSON object.")),
            Err(source) => {
                Err(error(400, "invalid_json", format!("The request's body is not valid JSON: {source}.")))
            }
        }
    }
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}

fn too_large(limit: usize) -> ApiError {
    error(
        413,
        "request_too_large",
        format!(
            "The request's body is larger than {limit} bytes. Send less, or raise `max_body_bytes` in the gateway's \
             config file."
        ),
    )
}

fn error(status: u16, code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(status, "invalid_request_error", code, message)
}
