//! Errors as HTTP responses.

use std::time::Duration;

use axum::{
    Json,
    extract::{Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{CONNECTION, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};

use super::{App, body::refuse, quote::quote};
use crate::{
    log::Entry,
    openai::error::{ApiError, ErrorBody},
};

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.envelope())).into_response();
        let headers = response.headers_mut();
        if let Some(retry_after) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(retry_after)));
        }
        if let Some(should_retry) = self.should_retry {
            let value = if should_retry { "true" } else { "false" };
            headers.insert("x-should-retry", HeaderValue::from_static(value));
        }
        if self.closes {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        // For the request log.
        response.extensions_mut().insert(self.body);
        response
    }
}

/// Rounded up: who comes back too early is turned away again.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0)).max(1)
}

/// Records an error that the caller is told.
pub(super) fn log_error(entry: &Entry, error: &ErrorBody) {
    entry.failed(&error.message, error.code.as_deref(), error.param.as_deref());
}

pub(super) async fn not_found(State(app): State<App>, request: Request) -> ApiError {
    let path = request.uri().path();
    let hint = match path.strip_prefix("/v1") {
        Some(_) => "The gateway offers /v1/models, /v1/chat/completions and /v1/responses.",
        None => "The API is below /v1: the base URL must end with it.",
    };
    let message = format!("Unknown URL ({} {}). {hint}", quoted_method(&request), quoted_path(&request));
    let error = ApiError::new(404, "invalid_request_error", "unknown_url", message);
    refuse(&app, request.into_body(), error).await
}

pub(super) async fn method_not_allowed(State(app): State<App>, request: Request) -> ApiError {
    let message = format!("{} is not allowed on {}.", quoted_method(&request), quoted_path(&request));
    let error = ApiError::new(405, "invalid_request_error", "method_not_allowed", message);
    refuse(&app, request.into_body(), error).await
}

/// Both are as long as anybody likes who knows the port.
fn quoted_method(request: &Request) -> String {
    quote(request.method().as_str().as_bytes())
}

fn quoted_path(request: &Request) -> String {
    quote(request.uri().path().as_bytes())
}
