//! `POST /v1/responses/input_tokens`: an estimate, which asks nothing of the model.

use axum::{
    Extension, Json,
    extract::State,
    http::{HeaderName, HeaderValue},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::{
    http::{App, body::JsonObject, prepare::Ignored},
    log::Entry,
    openai::{TurnRequest, error::ApiError, policy::Trace, responses::ResponsesRequest},
    tokens,
    turn::Item,
};

/// Says what of the answer is the gateway's own reckoning.
const ESTIMATE: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-codex-gateway-estimate"), HeaderValue::from_static("input_tokens"));

/// Counts the texts, the functions and the schema. The provider's framing, and reasoning that only it can read, are not
/// counted.
pub(in crate::http) async fn input_tokens(
    State(app): State<App>,
    Extension(entry): Extension<Entry>,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let mut trace = Trace::new(app.settings.unsupported_parameters);
    let request = ResponsesRequest::parse(body, &mut trace, &app.history);
    let ignored = Ignored::of(&trace);
    entry.parameters(trace.into());
    let TurnRequest { items, images, tools, expectation, .. } = request?.turn;
    if items.iter().any(Item::has_image) {
        let param = images.first().map_or("previous_response_id", |image| image.param.as_str());
        let message = format!("`{param}`: the gateway can't count the tokens of an image.");
        return Err(ApiError::unsupported(param, message));
    }
    let tools = tools.into_iter().map(|tool| {
        json!({"name": tool.name, "description": tool.description, "parameters": tool.parameters}).to_string()
    });
    let schema = expectation.upstream_schema().map(Value::to_string);
    let beside: Vec<String> = tools.chain(schema).collect();
    let counted = spawn_blocking(move || -> usize {
        let texts = items.iter().flat_map(Item::texts);
        texts.chain(beside.iter().map(String::as_str)).map(tokens::count).sum()
    });
    let counted = counted.await.map_err(|_| {
        ApiError::new(500, "server_error", "not_counted", "The tokens of the input could not be counted.")
    })?;
    let counted = Json(json!({"object": "response.input_tokens", "input_tokens": counted}));
    let mut response = ([ESTIMATE], counted).into_response();
    ignored.tell(&mut response);
    Ok(response)
}
