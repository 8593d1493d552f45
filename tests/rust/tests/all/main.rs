//! The gateway as its callers see it, and as the model sees it:
//!
//! ```text
//! HTTP ──▶ gateway ──▶ real Codex ──▶ scripted model
//! ```
//!
//! Only the model is not real. What the official SDKs can reach is tested with them, in `tests/python` and
//! `tests/node`; here is the rest: remote images, hang-ups, load, memory, and a Codex that is missing or signed out.
//!
//! `CODEX_GATEWAY_CODEX` must name a Codex. Figures are printed: `cargo test -p e2e -- --nocapture`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows tests by #[test], not the functions that they share"
)]

mod account;
mod availability;
mod bare_prompt;
mod burst;
mod chat_stream;
mod hang_up;
mod images;
mod live;
mod load;
mod long;
mod never_hangs;
mod processes;
mod quota;
mod request_log;
mod response_history;
mod responses;
mod retries;
mod shutdown;
mod slow_reader;
mod stack;
mod update;
