//! `GET /v1/models` and `GET /v1/models/{model}`.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};

use super::{App, url_part::UrlPart};
use crate::{
    codex::{Model, Models},
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

pub(super) async fn show(State(app): State<App>, UrlPart(name): UrlPart) -> Result<Response, ApiError> {
    find_model(&app, &name).await?;
    Ok(Json(ModelObject::new(&name)).into_response())
}

/// The model of this name, or the one that the name is an alias of. A name that is not known yet may be new, so Codex is
/// asked once more.
pub(super) async fn find_model(app: &App, name: &str) -> Result<Model, ApiError> {
    let aliases = &app.settings.model_aliases;
    let exact = aliases.get(name).map_or(name, String::as_str);
    let names = [Some(exact), aliases.get("*").map(String::as_str)];
    let find = |models: &Models| names.into_iter().flatten().find_map(|name| models.find(name).cloned());

    // The wildcard must not keep a new model from being found.
    let known = app.codex.session().await?.models();
    if let Some(model) = known.find(exact) {
        return Ok(model.clone());
    }
    let models = app.codex.models().await?;
    find(&models).ok_or_else(|| ApiError::model_not_found(name, &models.listed().collect::<Vec<_>>()))
}
