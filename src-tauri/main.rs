//! The tray application. Everything that it does is in `crates/desktop`; here are its icon, its menu and its window.

mod actions;
mod args;
mod commands;
mod desk;
mod events;
mod failure;
mod lifecycle;
mod login;
mod notify;
mod tray;
mod window;

use std::{
    io::{IsTerminal, Write, stderr},
    process::ExitCode,
};

use clap::Parser;
use tracing_subscriber::EnvFilter;

use args::Args;

fn main() -> ExitCode {
    let args = Args::parse();
    start_log();
    // GTK, and all that belongs to it, stays on this thread.
    let done = desk::open_display().and_then(|()| lifecycle::run(args).map_err(|error| format!("{error:#}")));
    match done {
        Ok(code) => code,
        Err(why) => {
            say(&format!("{why}.\nWithout a desktop, run the gateway alone: codex-gateway serve"));
            ExitCode::FAILURE
        }
    }
}

/// Says something to whoever started this from a terminal.
fn say(text: &str) {
    // Nobody may be there.
    let _ = writeln!(stderr(), "codex-gateway-desktop: {text}");
}

/// The log goes to standard error. `CODEX_GATEWAY_LOG` chooses what is in it, such as `warn` or `gateway=debug`.
fn start_log() {
    let filter = std::env::var("CODEX_GATEWAY_LOG").ok().and_then(|filter| EnvFilter::try_new(filter).ok());
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|| EnvFilter::new("warn,zbus=error")))
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .with_target(false)
        // They would be printed to a standard error that can't be written to.
        .log_internal_errors(false)
        .init();
}
