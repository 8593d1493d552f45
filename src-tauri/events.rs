//! What the page is told without asking.

use std::time::Duration;

use desktop::{Desktop, RequestBatches};
use serde::Serialize;
use tauri::{AppHandle, Emitter, async_runtime};
use tokio::{sync::watch, time::sleep};

/// The page gets the state no more often than this; the last one always arrives.
const PACE: Duration = Duration::from_millis(50);

/// Tells the page of every change, while there is a window.
pub(crate) fn forward(app: &AppHandle, desktop: &Desktop) {
    async_runtime::spawn(forward_latest(app.clone(), "state", desktop.state()));
    async_runtime::spawn(forward_latest(app.clone(), "settings", desktop.follow_settings()));
    async_runtime::spawn(forward_requests(app.clone(), desktop.follow_requests()));
}

async fn forward_latest<T: Serialize + Clone>(app: AppHandle, event: &str, mut latest: watch::Receiver<T>) {
    while latest.changed().await.is_ok() {
        let now = latest.borrow_and_update().clone();
        emit(&app, event, &now);
        sleep(PACE).await;
    }
}

async fn forward_requests(app: AppHandle, mut batches: RequestBatches) {
    while let Some(batch) = batches.next().await {
        emit(&app, "requests", &batch);
    }
}

fn emit<T: Serialize>(app: &AppHandle, event: &str, payload: &T) {
    if let Err(error) = app.emit(event, payload) {
        tracing::warn!(%error, event, "the page can't be told");
    }
}
