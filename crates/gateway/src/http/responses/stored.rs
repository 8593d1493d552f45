//! Responses that are kept: `GET`, `DELETE`, `…/input_items` and `…/cancel`.

use std::{collections::VecDeque, sync::Arc};

use axum::{
    Json,
    body::Bytes,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::query::Query;
use crate::{
    http::{
        App,
        sse::{self, Frames},
        url_part::UrlPart,
    },
    openai::{
        error::ApiError,
        responses::{Event, History, ItemList, Missing, StoredResponse, replay},
    },
};

pub(in crate::http) async fn show(
    State(app): State<App>,
    UrlPart(id): UrlPart,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::parse(query.as_deref())?;
    let stored = find(&app.history, &id)?;
    if query.stream {
        let mut events = replay(&stored, query.encrypted);
        events.retain(|event| query.starting_after.is_none_or(|after| event.sequence_number > after));
        return Ok(sse::response(Replay(events)));
    }
    Ok(Json(stored.whole(query.encrypted)).into_response())
}

pub(in crate::http) async fn delete(
    State(app): State<App>,
    UrlPart(id): UrlPart,
) -> Result<Json<Value>, ApiError> {
    if !app.history.remove(&id) {
        return Err(app.history.missing(Missing::Response(&id)));
    }
    Ok(Json(json!({"id": id, "object": "response", "deleted": true})))
}

pub(in crate::http) async fn input_items(
    State(app): State<App>,
    UrlPart(id): UrlPart,
    RawQuery(query): RawQuery,
) -> Result<Json<ItemList>, ApiError> {
    let query = Query::parse(query.as_deref())?;
    let stored = find(&app.history, &id)?;
    Ok(Json(query.page.of(&stored.input, query.encrypted)?))
}

/// Responses run as long as their requests: whoever hangs up cancels one.
pub(in crate::http) async fn cancel(State(app): State<App>, UrlPart(id): UrlPart) -> ApiError {
    match find(&app.history, &id) {
        Ok(_) => ApiError::new(
            400,
            "invalid_request_error",
            "invalid_value",
            "Cannot cancel a synchronous response. It ends when its caller hangs up.",
        ),
        Err(error) => error,
    }
}

fn find(history: &History, id: &str) -> Result<Arc<StoredResponse>, ApiError> {
    history.get(id).ok_or_else(|| history.missing(Missing::Response(id)))
}

/// The events of a response that is over.
struct Replay(VecDeque<Event>);

impl Frames for Replay {
    async fn next(&mut self) -> Option<Bytes> {
        let event = self.0.pop_front()?;
        Some(sse::event(event.kind, &event))
    }
}
