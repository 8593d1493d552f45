//! The command line.

use std::path::PathBuf;

use clap::Parser;
use desktop::Options;
use gateway::settings::{Overrides, config_path};

/// The argument with which a login starts the application.
pub(crate) const NO_WINDOW: &str = "--no-window";

/// The argument with which it takes its own place after the window's libraries gave up.
#[cfg(target_os = "linux")]
pub(crate) const WINDOW_FAILED: &str = "--window-failed";

/// A tray application that starts and stops an OpenAI-compatible gateway to your own Codex, on this machine only.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// The config file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Listen on this port, whatever the settings say.
    #[arg(long)]
    port: Option<u16>,
    /// Never open the window by itself.
    #[arg(long)]
    no_window: bool,
    /// Say that the window could not be opened, and open none by itself.
    #[arg(long, hide = true)]
    pub(crate) window_failed: bool,
}

impl Args {
    /// Whether the window may open by itself.
    pub(crate) fn may_open_window(&self) -> bool {
        !self.no_window && !self.window_failed
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            config: config_path(self.config.as_deref()),
            overrides: Overrides { port: self.port, ..Overrides::default() },
            ..Options::default()
        }
    }
}
