//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use gateway::settings::{Overrides, TokenPlace};

use crate::help;

/// Use your own Codex from any program that speaks the OpenAI API.
///
/// The gateway listens on this machine only, and talks to your installed Codex (`codex app-server`). Give a program the
/// base URL http://127.0.0.1:8000/v1 and the gateway's local token as its API key.
///
/// Without a command, the gateway is started (`serve`).
#[derive(Debug, Parser)]
#[command(name = "codex-gateway", version, max_term_width = 100, after_help = help::AFTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the gateway, and run until Ctrl-C or SIGTERM
    #[command(after_help = help::SERVE)]
    Serve(Serve),
    /// Start the gateway on a scripted model: real Codex, no account
    ///
    /// The answers are not a model's. They show that a program reaches the gateway, and cost nothing.
    Demo,
    /// Write the config file, with a new local token
    ///
    /// The file is readable by you only (mode 0600). Settings of the command line are written to it. A file that exists
    /// keeps its settings, and is given a token if it has none.
    #[command(after_help = help::INIT)]
    Init {
        /// Replace a config file that exists, with its settings and its token
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        keep: Keep,
    },
    /// Print the Python lines that connect to the gateway
    Show,
    /// Print the local token; make a new one, or move it
    #[command(after_help = help::TOKEN)]
    Token {
        /// Make a new token; a running gateway keeps the old one until it is restarted
        #[arg(long)]
        rotate: bool,
        #[command(flatten)]
        keep: Keep,
    },
    /// Print address and token as shell exports
    #[command(after_help = help::ENV)]
    Env,
    /// Check everything that the gateway needs, and say what to do
    ///
    /// Looks at Codex, its protocol, the config file, the token, the port, the sign-in, the models, and what reaches the
    /// model beside the caller's messages. It changes no settings; Codex may write to its own home. The exit status is 1 if a
    /// check fails.
    Doctor,
    /// Sign in to the Codex that the gateway uses
    ///
    /// With `"codex_home": "own"` in the config file, that is a Codex home of the gateway's own. Otherwise it is your own
    /// Codex, as with `codex login`.
    Login {
        /// By a code, where the browser is on another machine
        #[arg(long)]
        device: bool,
    },
    /// Print what becomes of each field of a request
    Fields,
    /// Print the completion script of a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions { shell: Shell },
    /// Print the manual page, or write it and those of all commands
    #[command(hide = true)]
    Man {
        /// The folder to write all pages to
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Write the JSON Schema of the installed Codex's protocol
    GenerateJsonSchema {
        #[command(flatten)]
        to: Generate,
        /// Write only the part that the gateway uses, as `make generate` does
        #[arg(long, hide = true)]
        used_only: bool,
    },
    /// Write the TypeScript types of the installed Codex's protocol
    GenerateTs(Generate),
}

#[derive(Debug, Default, Args)]
pub(crate) struct Serve {
    /// Run on the demo model if Codex isn't signed in
    #[arg(long)]
    pub(crate) demo_if_signed_out: bool,
}

/// Where the token is to be kept from now on.
#[derive(Debug, Default, Args)]
#[group(multiple = false)]
pub(crate) struct Keep {
    /// Keep the token in the keyring of the operating system
    #[arg(long)]
    keyring: bool,
    /// Keep the token in the config file, which only you can read
    #[arg(long)]
    file: bool,
}

impl Keep {
    pub(crate) fn place(&self) -> Option<TokenPlace> {
        match self {
            Self { keyring: true, .. } => Some(TokenPlace::Keyring),
            Self { file: true, .. } => Some(TokenPlace::File),
            Self { .. } => None,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// The folder to write to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

/// Each of these can also be set by a CODEX_GATEWAY_… variable, or in the config file
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Options {
    /// Loopback address to listen on [env: CODEX_GATEWAY_HOST] [default: 127.0.0.1]
    #[arg(long, global = true)]
    host: Option<String>,
    /// Port to listen on; 0 takes a free one [env: CODEX_GATEWAY_PORT] [default: 8000]
    #[arg(long, global = true)]
    port: Option<u16>,
    /// Local token. Other users of this machine can see a command line: prefer `init` or the variable
    /// [env: CODEX_GATEWAY_TOKEN] [default: the config file's, else a new one for the run]
    #[arg(long, global = true, hide_default_value = true)]
    token: Option<String>,
    /// Accepted for older configurations; the model has no access to files
    #[arg(long, global = true, value_name = "DIR", hide = true)]
    cwd: Option<PathBuf>,
    /// Reasoning effort of requests that name none, such as low or high [env: CODEX_GATEWAY_REASONING_EFFORT]
    /// [default: the model's own]
    #[arg(long, global = true, value_name = "EFFORT")]
    reasoning_effort: Option<String>,
    /// Codex's binary [env: CODEX_GATEWAY_CODEX] [default: on PATH, else in the usual places of npm and Homebrew]
    #[arg(long, global = true, value_name = "PATH")]
    codex: Option<PathBuf>,
    /// Config file [env: CODEX_GATEWAY_CONFIG] [default: ~/.config/codex-gateway/config.json]
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON, for scripts
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Options {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            token: self.token.clone(),
            host: self.host.clone(),
            port: self.port,
            cwd: self.cwd.clone(),
            reasoning_effort: self.reasoning_effort.clone(),
            codex: self.codex.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_stand_before_or_after_the_command() {
        for line in [["codex-gateway", "--port", "9000", "show"], ["codex-gateway", "show", "--port", "9000"]]
        {
            assert_eq!(Cli::parse_from(line).options.overrides().port, Some(9000));
        }
        assert!(Cli::parse_from(["codex-gateway"]).command.is_none());
    }
}
