//! `scripted-model`: the server as a process of its own, for tests in any language and for the demo.

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{fs, thread};

use clap::Parser;
use scripted_model::{InvalidScript, Limits, Script, ScriptedModel};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// A Responses API provider on 127.0.0.1 that plays a script
///
/// Prints one line of JSON with its `base_url` and `control_url`, then serves until its standard input is
/// closed or SIGINT or SIGTERM comes.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0, value_name = "N")]
    port: u16,

    /// JSON file with the script that answers every request [default: repeats the last user message]
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,

    /// How many of the newest requests keep their body
    #[arg(long, default_value_t = Limits::default().bodies, value_name = "N")]
    keep_bodies: usize,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("cannot read {}: {source}", path.display())]
    ScriptFile { path: PathBuf, source: io::Error },
    #[error("{}: {source}", path.display())]
    Script { path: PathBuf, source: InvalidScript },
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen { port: u16, source: io::Error },
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "scripted-model: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Error> {
    let script = arguments.script.map(read_script).transpose()?;
    let port = arguments.port;
    let limits = Limits { bodies: arguments.keep_bodies, ..Limits::default() };
    let model = ScriptedModel::start_with((Ipv4Addr::LOCALHOST, port).into(), limits)
        .await
        .map_err(|source| Error::Listen { port, source })?;
    if let Some(script) = script {
        model.set_default(script);
    }

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let addresses = json!({ "base_url": model.base_url(), "control_url": model.control_url() });
    writeln!(io::stdout(), "{addresses}")?;
    tokio::select! {
        _ = stdin_closed() => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    model.shutdown().await;
    Ok(())
}

fn read_script(path: PathBuf) -> Result<Script, Error> {
    match fs::read(&path) {
        Ok(text) => Script::from_json(&text).map_err(|source| Error::Script { path, source }),
        Err(source) => Err(Error::ScriptFile { path, source }),
    }
}

/// Reads on a plain thread, since the runtime would wait for its own blocking read before it ends.
fn stdin_closed() -> oneshot::Receiver<()> {
    let (closed, closing) = oneshot::channel();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        drop(closed);
    });
    closing
}
