//! Who may come in, and the name that each request goes by.
//!
//! The gateway listens where every program and every web page of this machine can knock. So a request passes three
//! doors, and its body is read behind the last: it must name the gateway as this machine does (`host`), it must not
//! come from a page that the person has not allowed (`origin`), and it must have the local token (`token`).

mod host;
mod origin;
mod token;

use axum::{
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, Method,
        header::{CACHE_CONTROL, ORIGIN, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    App,
    body::refuse,
    error::{log_error, method_not_allowed},
};
use crate::{
    log::Entry,
    openai::{
        error::{ApiError, ErrorBody},
        new_id,
    },
};

pub(super) use origin::cors;
pub(crate) use token::WrongTokens;
pub(super) use token::authenticate;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each request an id, which its answer carries, and its record in the log, before it is looked at.
pub(super) async fn enter(State(app): State<App>, mut request: Request, next: Next) -> Response {
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
    let mut response = guard(app, request, next).await;
    entry.status(response.status().as_u16());
    if let Some(error) = response.extensions().get::<ErrorBody>() {
        log_error(&entry, error);
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(X_REQUEST_ID.clone(), id);
    }
    // What is said here is for one caller, and means what its type says.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Keeps out what no program of this machine sends.
async fn guard(app: App, request: Request, next: Next) -> Response {
    let checked = host::check(&request, app.address)
        .and_then(|()| origin::check(request.headers(), &app.settings.allowed_origins))
        .and_then(|()| token::check_url(request.uri()));
    match checked {
        Err(error) => refuse(&app, request.into_body(), error).await.into_response(),
        // With an origin, this is a page that asks what it may do.
        Ok(()) if request.method() == Method::OPTIONS && !request.headers().contains_key(ORIGIN) => {
            method_not_allowed(State(app), request).await.into_response()
        }
        Ok(()) => next.run(request).await,
    }
}

/// A request that may not come in, whoever sent it.
fn forbidden(code: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(403, "invalid_request_error", code, message)
}
