//! The desktop from where its shell stands: the real Codex and a scripted model behind it, programs before it.
//!
//! `CODEX_GATEWAY_CODEX` must name a Codex. Figures are printed: `cargo test -p desktop -- --nocapture`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows tests by #[test], not the functions that they share"
)]

mod app;
mod codex;
mod configuration;
mod demo;
mod lifecycle;
mod notifications;
mod port;
mod requests;
mod secrets;
mod settings;
mod snippets;
mod token;
