//! Errors for which GLib ends the process.
//!
//! WebKit has some: that a process of the window dies while it is being launched is one. The window is no reason to end the
//! gateway: so the application takes its own place then, under the same process id and without a window.

use std::{convert::Infallible, env, io, os::unix::process::CommandExt, process::Command, time::Duration};

use desktop::Desktop;
use gtk::glib::{LogField, LogLevel, log_set_writer_func, log_writer_default};
use tauri::{AppHandle, Manager, async_runtime};
use tokio::time::timeout;

use crate::args::WINDOW_FAILED;

/// How long the requests that run may take to end. Nothing of the icon answers meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

/// Outlives such errors from now on. May be called once.
pub(crate) fn outlive_fatal_errors(app: &AppHandle) {
    let app = app.clone();
    log_set_writer_func(move |level, fields| {
        let written = log_writer_default(level, fields);
        if level == LogLevel::Error {
            let message = fields.iter().find(|field| field.key() == "MESSAGE").and_then(LogField::value_str);
            tracing::error!(reason = message, "the desktop's libraries gave up; the application starts anew");
            let Err(error) = start_anew(&app);
            tracing::error!(%error, "the application can't be started anew");
        }
        // Where this returns, GLib ends the process.
        written
    });
}

/// Ends the gateway in order, and becomes a new application in this process.
fn start_anew(app: &AppHandle) -> io::Result<Infallible> {
    let desktop = app.state::<Desktop>();
    async_runtime::block_on(async {
        let mut states = desktop.state();
        let idle = states.wait_for(|state| state.running == 0);
        if timeout(PATIENCE, idle).await.is_err() {
            tracing::warn!("some requests still ran");
        }
        desktop.shutdown().await;
    });
    // Or the new one would take this one for the first of two.
    tauri_plugin_single_instance::destroy(app);
    let arguments = env::args_os().skip(1).filter(|argument| argument != WINDOW_FAILED);
    Err(Command::new(env::current_exe()?).args(arguments).arg(WINDOW_FAILED).exec())
}
