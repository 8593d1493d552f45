//! The tray application as a person and their desktop see it: a real display, a real bus, real processes.
//!
//! Each test has a display, a bus and a home of its own. `CODEX_GATEWAY_CODEX` must name a Codex; the application must
//! have been built (`cargo build --package codex-gateway-desktop`). Where a program that the tests need is missing they
//! say so and pass, unless `DESKTOP_TESTS=required`.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "clippy knows tests by #[test], not the functions that they share"
)]

mod figures;
mod keyring;
mod life;
mod login;
mod notifications;
mod page;
mod support;
mod tray;
mod trouble;
mod window;
