//! This gateway with nothing behind it but a program that answers Codex's protocol at once, beside a bare HTTP server
//! that sends the same bytes, and beside a client of that program with no HTTP.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use tokio::time::sleep;

use crate::{
    floor::Floor,
    load::{self, Callee, Load},
    machine::say,
    process,
    programs::{Paths, Running, codex_env},
    stats::Samples,
};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub rounds: usize,
    pub window: Duration,
    /// Streams that are open at a time.
    pub streams: usize,
}

/// Connections at a time.
pub const CONNECTIONS: [usize; 3] = [1, 8, 64];

/// Pieces of a long answer.
pub const DELTAS: usize = 1000;

/// Who answers, in the order of the tables.
pub const SERVERS: [&str; 3] = ["bare HTTP server", "this gateway", "client without HTTP"];

/// What was measured of one server.
#[derive(Debug, Default)]
pub struct Cell {
    /// One sample a round.
    pub per_second: Samples,
    /// Microseconds of processor time for one answer, of the server's own process; one sample a round.
    pub processor_us: Samples,
    /// In milliseconds, of all rounds.
    pub first_token: Samples,
    pub total: Samples,
    pub failed: usize,
}

#[derive(Debug, Default)]
pub struct Results {
    /// By connections, then by server: answers of one word.
    pub short: [[Cell; 3]; 3],
    /// By server: answers of [`DELTAS`] pieces, over one connection.
    pub long: [Cell; 3],
    pub streams: Streams,
}

/// What open streams cost the gateway.
#[derive(Debug, Default)]
pub struct Streams {
    pub open: usize,
    pub idle_mb: f64,
    pub open_mb: f64,
    /// A while after all callers have hung up.
    pub closed_mb: f64,
}

struct Alone {
    gateway: Running,
    bare_short: Running,
    bare_long: Running,
    client: Arc<Floor>,
}

/// Runs the rounds.
pub async fn run(paths: &Paths, plan: Plan, folder: &Path) -> anyhow::Result<Results> {
    let alone = Alone::start(paths, folder).await?;
    let mut results = Results::default();
    for round in 0..plan.rounds {
        say(&format!("the gateway alone, round {} of {}", round + 1, plan.rounds));
        for (row, connections) in CONNECTIONS.into_iter().enumerate() {
            for step in 0..SERVERS.len() {
                let server = (round + step) % SERVERS.len();
                let load =
                    Load { callers: connections, ramp: Duration::from_millis(50), window: plan.window };
                results.short[row][server].add(alone.server(server, false)?, load, "Say pong").await?;
            }
        }
        for step in 0..SERVERS.len() {
            let server = (round + step) % SERVERS.len();
            let load = Load { callers: 1, ramp: Duration::from_millis(50), window: plan.window };
            let prompt = format!("deltas {DELTAS}");
            results.long[server].add(alone.server(server, true)?, load, &prompt).await?;
        }
    }
    alone.gateway.stop().await?;
    results.streams = streams(paths, plan.streams, &home(folder, "streams")?).await?;
    Ok(results)
}

impl Alone {
    async fn start(paths: &Paths, folder: &Path) -> anyhow::Result<Self> {
        let gateway = Running::gateway(&paths.gateway, &paths.stub, &home(folder, "alone")?, 64).await?;
        let home = home(folder, "bare")?;
        let mut bare = Vec::new();
        for prompt in ["Say pong".to_owned(), format!("deltas {DELTAS}")] {
            let answer = folder.join(format!("answer-{}", bare.len()));
            fs::write(&answer, answer_bytes(&gateway.callee(), &prompt).await?)?;
            bare.push(Running::bare_server(&paths.bare_server, &home, &answer).await?);
        }
        let client = Floor::start(&paths.stub, Vec::new(), &home, codex_env(&home)).await?;
        let (Some(bare_long), Some(bare_short)) = (bare.pop(), bare.pop()) else {
            anyhow::bail!("no bare server")
        };
        Ok(Self { gateway, bare_short, bare_long, client })
    }

    /// A server, and its process where it is one of its own.
    fn server(&self, index: usize, long: bool) -> anyhow::Result<(Callee, Option<u32>)> {
        let running = match index {
            0 if long => &self.bare_long,
            0 => &self.bare_short,
            1 => &self.gateway,
            _ => return Ok((Callee::Codex(Arc::clone(&self.client)), None)),
        };
        Ok((running.callee(), Some(running.pid()?)))
    }
}

impl Cell {
    async fn add(
        &mut self,
        (callee, pid): (Callee, Option<u32>),
        load: Load,
        prompt: &str,
    ) -> anyhow::Result<()> {
        let used = || pid.and_then(process::processor_seconds);
        let before = used();
        let outcome = load::run(&callee, load, prompt).await?;
        if let (Some(before), Some(after)) = (before, used()) {
            self.processor_us.push((after - before) * 1e6 / outcome.all_answers as f64);
        }
        self.per_second.push(outcome.per_second);
        self.first_token.merge(outcome.first_token);
        self.total.merge(outcome.total);
        self.failed += outcome.failed;
        Ok(())
    }
}

/// Opens so many streams that do not end, and looks at the gateway's memory.
pub async fn streams(paths: &Paths, count: usize, home: &Path) -> anyhow::Result<Streams> {
    say(&format!("{count} open streams"));
    let gateway = Running::gateway(&paths.gateway, &paths.stub, home, count).await?;
    let (callee, pid) = (gateway.callee(), gateway.pid()?);
    crate::start::ask_once(&callee).await?;
    let idle_mb = process::resident_mb(pid)?;
    let mut open = Vec::with_capacity(count);
    for _ in 0..count {
        let mut caller = callee.caller().await?;
        let mut stream = caller.send("hold").await?;
        while !stream.has_begun() {
            stream.read().await?;
        }
        open.push((caller, stream));
    }
    let open_mb = process::resident_mb(pid)?;
    let streams = open.len();
    drop(open);
    sleep(Duration::from_secs(2)).await;
    let closed_mb = process::resident_mb(pid)?;
    gateway.stop().await?;
    Ok(Streams { open: streams, idle_mb, open_mb, closed_mb })
}

/// The whole body of one answer.
async fn answer_bytes(callee: &Callee, prompt: &str) -> anyhow::Result<Vec<u8>> {
    let mut caller = callee.caller().await?;
    let mut stream = caller.send(prompt).await?;
    while !stream.read().await? {}
    Ok(stream.bytes)
}

fn home(folder: &Path, name: &str) -> anyhow::Result<std::path::PathBuf> {
    let home = folder.join(name);
    fs::create_dir_all(&home).with_context(|| format!("{} can't be made", home.display()))?;
    Ok(home)
}
