//! `/control/…`: the same as the Rust API, for tests in other languages.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use bytes::Bytes;
use serde::Deserialize;

use crate::codex::CodexConfig;
use crate::log::{Snapshot, TimedOut, Until};
use crate::responses::error_response;
use crate::script::{InvalidScript, Script};
use crate::shared::Shared;

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/default", put(set_default))
        .route("/push", post(push))
        .route("/queue", delete(clear_queue))
        .route("/requests", get(requests).delete(clear))
        .route("/config.toml", get(config_toml))
        .fallback(not_found)
}

async fn set_default(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<StatusCode, ControlError> {
    shared.scripts().set_default(Script::from_json(&body)?);
    Ok(StatusCode::NO_CONTENT)
}

async fn push(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<StatusCode, ControlError> {
    shared.scripts().push(Script::from_json(&body)?);
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_queue(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.scripts().clear_queue();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wait {
    wait: u64,
    until: Until,
    timeout_ms: u64,
}

impl Default for Wait {
    fn default() -> Self {
        Self { wait: 0, until: Until::Arrived, timeout_ms: 5_000 }
    }
}

async fn requests(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<Wait>, QueryRejection>,
) -> Result<Json<Snapshot>, ControlError> {
    let Query(Wait { wait, until, timeout_ms }) = query?;
    shared.log.wait(wait, until, Duration::from_millis(timeout_ms)).await?;
    Ok(Json(shared.log.snapshot()))
}

async fn clear(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.log.clear();
    StatusCode::NO_CONTENT
}

async fn config_toml(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<CodexConfig>, QueryRejection>,
) -> Result<String, ControlError> {
    let Query(config) = query?;
    Ok(config.to_toml(&shared.base_url))
}

async fn not_found() -> Response {
    error_response(StatusCode::NOT_FOUND, "There is no such control request.")
}

#[derive(Debug, thiserror::Error)]
enum ControlError {
    #[error(transparent)]
    Script(#[from] InvalidScript),
    #[error(transparent)]
    Query(#[from] QueryRejection),
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Script(_) | Self::Query(_) => StatusCode::BAD_REQUEST,
            Self::TimedOut(_) => StatusCode::GATEWAY_TIMEOUT,
        };
        error_response(status, &self.to_string())
    }
}
