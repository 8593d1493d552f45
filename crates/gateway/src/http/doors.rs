//! Who may come in, and the name that each request goes by.

use axum::{
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue,
        header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{App, body::refuse, error::log_error};
use crate::{
    log::Entry,
    openai::{
        error::{ApiError, ErrorBody},
        new_id,
    },
};

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Lets in whoever has the local token.
pub(super) async fn authenticate(State(app): State<App>, request: Request, next: Next) -> Response {
    match check(&app, request.headers().get(AUTHORIZATION)) {
        Ok(()) => next.run(request).await,
        Err(error) => {
            let mut response = refuse(&app, request.into_body(), error).await.into_response();
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            response
        }
    }
}

fn check(app: &App, authorization: Option<&HeaderValue>) -> Result<(), ApiError> {
    const HINT: &str = "`codex-gateway token` prints it.";
    let Some(authorization) = authorization else {
        return Err(ApiError::unauthorized(format!(
            "No local token was sent. Give the gateway's token as the API key; {HINT}"
        )));
    };
    let authorization = authorization.as_bytes();
    let (scheme, token) = authorization.split_at_checked("Bearer ".len()).unwrap_or((authorization, b""));
    if !scheme.eq_ignore_ascii_case(b"Bearer ") {
        return Err(ApiError::unauthorized(format!(
            "The `Authorization` header must be `Bearer` and the gateway's token; {HINT}"
        )));
    }
    if app.token.matches(token) {
        return Ok(());
    }
    let what = if token.starts_with(b"sk-") {
        "An OpenAI API key was sent. The gateway takes only its own token, and passes no key on"
    } else {
        "The local token is wrong"
    };
    Err(ApiError::unauthorized(format!("{what}; {HINT}")))
}

/// Gives each request an id, which its answer carries, and its record in the log.
pub(super) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = new_id("req_");
    let entry = Entry::new(
        app.log.clone(),
        app.settings.log_text,
        id.clone(),
        request.method(),
        request.uri(),
        request.headers(),
    );
    request.extensions_mut().insert(entry.clone());
    let mut response = next.run(request).await;
    entry.status(response.status().as_u16());
    if let Some(error) = response.extensions().get::<ErrorBody>() {
        log_error(&entry, error);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(X_REQUEST_ID.clone(), id);
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
