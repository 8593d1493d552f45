//! What the tests share.

mod app;
mod model;
mod session;
mod tray;

use std::time::Duration;

pub(crate) use app::{App, TOKEN, codex, command, config, configure, health, program, signal};
pub(crate) use model::Model;
pub(crate) use session::{Daemon, Session};
pub(crate) use tray::{Item, Tray};

/// Waits until it holds, for as long as a busy machine may take.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not within 20 s: {what}");
}
