//! `make bench`: measures, and writes what came of it into a document.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use bench::{
    alone, contest,
    machine::{self, say},
    programs::Paths,
    report::{Report, write_between_marks},
    soak,
    start::Starts,
};
use clap::{Parser, ValueEnum};

/// Measures this gateway beside the Python one and beside Codex without a gateway
#[derive(Debug, Parser)]
struct Arguments {
    /// The real Codex
    #[arg(long, value_name = "PROGRAM")]
    codex: PathBuf,

    /// This gateway, built for release
    #[arg(long, value_name = "PROGRAM")]
    gateway: PathBuf,

    /// A Python that has the package `codex-gateway`
    #[arg(long, value_name = "PROGRAM")]
    python: PathBuf,

    /// One short round of everything
    #[arg(long)]
    quick: bool,

    /// Measure this and nothing else
    #[arg(long, value_name = "PART")]
    only: Option<Part>,

    /// Markdown document whose marked part is replaced by the results; without it they are only printed
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,

    /// The command to name as the one that was run
    #[arg(long, default_value = "make bench", value_name = "TEXT")]
    said: String,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The gateway with a stub in Codex's place
    Alone,
    /// What ten thousand requests over the real Codex leave behind
    Soak,
}

/// How much is measured.
struct Plan {
    starts: usize,
    contest: contest::Plan,
    alone: alone::Plan,
    soak: soak::Plan,
}

const FULL: Plan = Plan {
    starts: 5,
    contest: contest::Plan {
        rounds: 3,
        instant_turns: 80,
        slow_turns: 3,
        instant_window: Duration::from_secs(4),
        slow_window: Duration::from_secs(6),
    },
    alone: alone::Plan { rounds: 3, window: Duration::from_secs(2), streams: 1000 },
    soak: soak::Plan { requests: 10_000, between: 1000 },
};

const QUICK: Plan = Plan {
    starts: 1,
    contest: contest::Plan {
        rounds: 1,
        instant_turns: 20,
        slow_turns: 1,
        instant_window: Duration::from_millis(1500),
        slow_window: Duration::from_secs(2),
    },
    alone: alone::Plan { rounds: 1, window: Duration::from_millis(500), streams: 1000 },
    soak: soak::Plan { requests: 1000, between: 100 },
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    machine::raise_open_files();
    let plan = if arguments.quick { QUICK } else { FULL };
    let paths = arguments.paths()?;
    let folder = tempfile::Builder::new().prefix("bench-").tempdir()?;
    let text = match arguments.only {
        Some(Part::Alone) => alone::run(&paths, plan.alone, folder.path()).await?.to_string(),
        Some(Part::Soak) => soak::run(&paths, plan.soak, folder.path()).await?.to_string(),
        None => report(&arguments.said, &paths, &plan, folder.path()).await?.to_string(),
    };
    if let Some(document) = arguments.write {
        write_between_marks(&document, &arguments.said, &text)?;
    }
    print(&text);
    Ok(())
}

/// Measures all that belongs into one document.
async fn report(command: &str, paths: &Paths, plan: &Plan, folder: &Path) -> anyhow::Result<Report> {
    let before = machine::load_average();
    let alone = alone::run(paths, plan.alone, folder).await?;
    let contest = contest::run(paths, plan.contest, folder).await?;
    let (gateway_starts, peer_starts) = starts(paths, plan.starts, folder).await?;
    Ok(Report {
        command: command.to_owned(),
        date: machine::date(),
        machine: machine::description(),
        load: [before, machine::load_average()],
        versions: vec![
            machine::version(&paths.gateway),
            machine::version(&paths.codex),
            peer_version(&paths.python),
        ],
        binary_bytes: fs::metadata(&paths.gateway)?.len(),
        gateway_starts,
        peer_starts,
        contest,
        alone,
    })
}

impl Arguments {
    fn paths(&self) -> anyhow::Result<Paths> {
        let here = std::env::current_exe()?;
        let beside = |name: &str| here.with_file_name(name);
        // A symlink of a virtual environment must stay one: the interpreter finds its packages by it.
        let python = std::path::absolute(&self.python)?;
        let paths = Paths {
            codex: self.codex.canonicalize().context("there is no Codex")?,
            gateway: self.gateway.canonicalize().context("the gateway is not built")?,
            python,
            stub: beside("stub-codex"),
            bare_server: beside("bare-server"),
        };
        for program in [&paths.python, &paths.stub, &paths.bare_server] {
            ensure!(program.is_file(), "there is no {}", program.display());
        }
        Ok(paths)
    }
}

/// Starts both gateways, one after the other, on homes that no Codex has seen.
async fn starts(paths: &Paths, count: usize, folder: &Path) -> anyhow::Result<(Starts, Starts)> {
    let model = scripted_model::ScriptedModel::start(([127, 0, 0, 1], 0).into()).await?;
    let (mut gateway, mut peer) = (Starts::default(), Starts::default());
    for start in 0..count {
        say(&format!("start {} of {count}", start + 1));
        let homes = ["start-of-gateway", "start-of-peer"].map(|name| folder.join(format!("{name}-{start}")));
        for home in &homes {
            model.codex_home(&home.join(".codex"), &scripted_model::CodexConfig::default())?;
        }
        let [ours, theirs] = &homes;
        gateway.gateway(paths, ours).await?;
        peer.peer(paths, theirs).await?;
    }
    Ok((gateway, peer))
}

fn peer_version(python: &Path) -> String {
    let code = "import importlib.metadata as m, platform as p; \
                print('Python gateway', m.version('codex-gateway'), 'on Python', p.python_version())";
    let output = std::process::Command::new(python).args(["-c", code]).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "Python gateway".to_owned())
}

#[expect(clippy::print_stdout, reason = "it is this program's own output")]
fn print(text: &str) {
    println!("{text}");
}
