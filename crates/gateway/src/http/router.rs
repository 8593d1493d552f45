use std::sync::Arc;

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{get, post},
};

use super::{
    Shared, chat, doors, error, health, models,
    responses::{self, count, stored},
};
use crate::log::HEALTH_PATH;

/// Every route there is. Paths are written whole, and what all requests go through is few layers: each costs a request as
/// much as a step of the handler's own.
pub(crate) fn router(shared: Shared) -> Router {
    let shared = Arc::new(shared);
    let api = Router::new()
        .route("/v1/models", get(models::list))
        .route("/v1/models/{*model}", get(models::show))
        .route("/v1/chat/completions", post(chat::create))
        .route("/v1/responses", post(responses::create))
        .route("/v1/responses/input_tokens", post(count::input_tokens))
        .route("/v1/responses/{id}", get(stored::show).delete(stored::delete))
        .route("/v1/responses/{id}/cancel", post(stored::cancel))
        .route("/v1/responses/{id}/input_items", get(stored::input_items))
        .route_layer(from_fn_with_state(shared.clone(), doors::authenticate));
    Router::new()
        .route(HEALTH_PATH, get(health::show))
        .merge(api)
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(doors::cors(shared.clone()))
        .layer(from_fn_with_state(shared.clone(), doors::enter))
        .with_state(shared)
}
