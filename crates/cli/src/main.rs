//! The command `codex-gateway`.

mod again;
mod args;
mod doctor;
mod fields;
mod generate;
mod help;
mod launch;
mod login;
mod man;
mod out;
mod overview;
mod serve;
mod setup;
mod token;

use std::{io::IsTerminal, process::ExitCode, time::Duration};

use anyhow::anyhow;
use clap::{CommandFactory, FromArgMatches};
use gateway::settings::{Settings, config_path};
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

use args::{Cli, Command, Options, Serve};

/// How long work that can't be cancelled, such as the decoding of an image, may hold up the end.
const END_PATIENCE: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let Cli { command, options } =
        Cli::from_arg_matches(&overview::command().get_matches()).unwrap_or_else(|error| error.exit());
    let command = command.unwrap_or(Command::Serve(Serve::default()));
    let done = Runtime::new().map_err(anyhow::Error::from).and_then(|runtime| {
        let done = runtime.block_on(run(command, &options));
        runtime.shutdown_timeout(END_PATIENCE);
        done
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out::failure(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, options: &Options) -> anyhow::Result<()> {
    let path = config_path(options.config.as_deref());
    let load = || -> anyhow::Result<Settings> { Ok(Settings::load(&options.overrides(), Some(&path))?) };
    match command {
        Command::Serve(serve) => {
            start_log()?;
            let settings = token::settings(&path, options).await?;
            let history_key = token::history_key(&path, options, &settings).await;
            serve::serve(settings, history_key, &serve, &path, options).await
        }
        Command::Demo => {
            start_log()?;
            serve::demo(token::settings(&path, options).await?, &path, options).await
        }
        Command::Init { force, keep } => setup::init(&path, options, force, &keep).await,
        Command::Show => setup::show(&token::settings(&path, options).await?, options.json),
        Command::Token { rotate, keep } => {
            token::change(&path, options, rotate, keep.place()).await?;
            setup::token(&token::settings(&path, options).await?, options.json)
        }
        Command::Env => setup::env(&token::settings(&path, options).await?, options.json),
        Command::Doctor => doctor::run(&path, options).await,
        Command::GenerateJsonSchema { to, used_only: true } => generate::used(&load()?, &to.out).await,
        Command::GenerateJsonSchema { to, .. } => {
            generate::run(&load()?, "generate-json-schema", &to.out).await
        }
        Command::GenerateTs(to) => generate::run(&load()?, "generate-ts", &to.out).await,
        Command::Login { device } => login::login(load()?, device, options.json).await,
        Command::Fields => fields::print(options.json),
        Command::Completions { shell } => {
            // Written to memory first: the generator panics where it can't write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "codex-gateway", &mut script);
            out::line(String::from_utf8(script)?.trim_end())
        }
        Command::Man { out } => man::man(out.as_deref()),
    }
}

/// The log goes to standard error. `CODEX_GATEWAY_LOG` chooses what is in it, such as `warn` or `gateway=debug`.
fn start_log() -> anyhow::Result<()> {
    let filter = match std::env::var("CODEX_GATEWAY_LOG") {
        Ok(filter) => EnvFilter::try_new(filter).map_err(|error| {
            anyhow!(
                "CODEX_GATEWAY_LOG can't be used: {error}. Use a level such as `warn`, or `gateway=debug`"
            )
        })?,
        Err(_) => EnvFilter::new("info"),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        // They would be printed to a standard error that can't be written to.
        .log_internal_errors(false)
        .init();
    Ok(())
}
