//! The state of the gateway and its Codex, for scripts: no token, and nothing that is private.

use app_server::Phase;
use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use serde::Serialize;

use super::App;
use crate::codex::Account;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    codex: Option<CodexHealth>,
}

#[derive(Serialize)]
struct CodexHealth {
    version: String,
    account: &'static str,
}

pub(super) async fn show(State(app): State<App>) -> impl IntoResponse {
    let (code, status, codex) = match app.codex.phase() {
        Phase::Up(session) => {
            let account = match session.account().current() {
                Account::SignedIn { .. } => "signed_in",
                Account::SignedOut => "signed_out",
                Account::NotNeeded => "not_needed",
            };
            (StatusCode::OK, "ok", Some(CodexHealth { version: session.version().to_owned(), account }))
        }
        Phase::Starting { .. } => (StatusCode::OK, "starting", None),
        Phase::Down { .. } | Phase::Stopped => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", None),
    };
    (code, Json(Health { status, version: env!("CARGO_PKG_VERSION"), codex }))
}
