//! `GET /v1/models` and `GET /v1/models/{model}`.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};

use super::App;
use crate::{
    codex::Model,
    openai::{
        error::ApiError,
        models::{ModelList, ModelObject},
    },
};

/// Codex is asked each time, so that new models show without a restart.
pub(super) async fn list(State(app): State<App>) -> Result<Response, ApiError> {
    let models = app.codex.models().await?;
    Ok(Json(ModelList::new(models.listed())).into_response())
}

pub(super) async fn show(State(app): State<App>, Path(name): Path<String>) -> Result<Response, ApiError> {
    find_model(&app, &name).await?;
    Ok(Json(ModelObject::new(&name)).into_response())
}

/// The model of this name. One that is not known yet may be new, so Codex is asked once more.
pub(super) async fn find_model(app: &App, name: &str) -> Result<Model, ApiError> {
    let known = app.codex.session().await?.models();
    if let Some(model) = known.find(name) {
        return Ok(model.clone());
    }
    let models = app.codex.models().await?;
    let unknown = || ApiError::model_not_found(name, &models.listed().collect::<Vec<_>>());
    models.find(name).cloned().ok_or_else(unknown)
}
