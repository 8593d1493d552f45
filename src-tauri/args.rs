//! The command line.

use std::path::PathBuf;

use clap::Parser;
use desktop::Options;
use gateway::settings::{Overrides, config_path};

/// The argument with which a login starts the application.
pub(crate) const NO_WINDOW: &str = "--no-window";

/// An icon that switches an OpenAI-compatible gateway, on loopback, to your own Codex on and off.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Listen on this port, whatever the settings say.
    #[arg(long)]
    port: Option<u16>,
    /// Never open the window by itself.
    #[arg(long)]
    pub(crate) no_window: bool,
}

impl Args {
    pub(crate) fn options(&self) -> Options {
        Options {
            config: config_path(self.config.as_deref()),
            overrides: Overrides { port: self.port, ..Overrides::default() },
            ..Options::default()
        }
    }
}
