use std::sync::Arc;

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{get, post},
};

use super::{
    Shared, chat, doors, error, health, limits, models,
    responses::{self, count, stored},
};
use crate::log::HEALTH_PATH;

/// Every route there is.
pub(crate) fn router(shared: Shared) -> Router {
    let shared = Arc::new(shared);
    let v1 = Router::new()
        .route("/models", get(models::list))
        .route("/models/{*model}", get(models::show))
        .route("/chat/completions", post(chat::create))
        .route("/responses", post(responses::create))
        .route("/responses/input_tokens", post(count::input_tokens))
        .route("/responses/{id}", get(stored::show).delete(stored::delete))
        .route("/responses/{id}/cancel", post(stored::cancel))
        .route("/responses/{id}/input_items", get(stored::input_items))
        .route_layer(from_fn_with_state(shared.clone(), limits::announce))
        .route_layer(from_fn_with_state(shared.clone(), doors::authenticate));
    Router::new()
        .route(HEALTH_PATH, get(health::show))
        .nest("/v1", v1)
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(doors::cors(shared.clone()))
        .layer(from_fn_with_state(shared.clone(), doors::guard))
        .layer(from_fn_with_state(shared.clone(), doors::identify))
        .with_state(shared)
}
