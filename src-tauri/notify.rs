//! Notifications. Whoever shows them may be slow or stuck, and nothing here waits for it.

use std::{thread, time::Duration};

use desktop::{Desktop, Notification};
use tauri::async_runtime;
use tokio::{
    sync::{
        broadcast::{Receiver, error::RecvError},
        oneshot,
    },
    time::timeout,
};

/// How long a notification may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Shows what the desktop wants to be shown.
pub(crate) fn follow(desktop: &Desktop) {
    async_runtime::spawn(show_all(desktop.notifications()));
}

async fn show_all(mut notifications: Receiver<Notification>) {
    // The one that nobody has answered for in time.
    let mut stuck: Option<oneshot::Receiver<()>> = None;
    loop {
        let notification = match notifications.recv().await {
            Ok(notification) => notification,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        if stuck.as_mut().is_some_and(|shown| shown.try_recv() == Err(oneshot::error::TryRecvError::Empty)) {
            continue;
        }
        let mut shown = show(notification);
        stuck = timeout(PATIENCE, &mut shown).await.is_err().then_some(shown);
        if stuck.is_some() {
            tracing::warn!("notifications are not answered, and left out until they are");
        }
    }
}

/// Shows it from a thread of its own, because the call blocks for as long as the other side likes.
fn show(notification: Notification) -> oneshot::Receiver<()> {
    let (done, shown) = oneshot::channel();
    let Notification { title, body, .. } = notification;
    let call = move || {
        let called = notify_rust::Notification::new()
            .appname("Codex Gateway")
            .icon("codex-gateway-desktop")
            .summary(&title)
            .body(&body)
            .show();
        if let Err(error) = called {
            tracing::info!(%error, "a notification can't be shown");
        }
        // It may have taken too long.
        let _ = done.send(());
    };
    if let Err(error) = thread::Builder::new().name("notification".to_owned()).spawn(call) {
        tracing::warn!(%error, "a notification can't be shown");
    }
    shown
}
