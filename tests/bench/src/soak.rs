//! Many requests, one after the other, over the real Codex: what the gateway and its Codex hold meanwhile, and whether
//! anything stays behind.

use std::{fmt, fs, net::Ipv4Addr, path::Path, time::Duration};

use scripted_model::{CodexConfig, EventStream, ScriptedModel};
use tokio::time::{Instant, sleep};

use crate::{
    machine::say,
    process,
    programs::{Paths, Running, stderr_of},
    stats::Number,
};

/// As many threads wait ready in the gateway, and as many are kept for callers who go on.
const READY: usize = 4;
const KEPT: usize = 16;

/// Within this time the gateway looks after its Codex once.
const UNTIL_LOOKED: Duration = Duration::from_secs(35);

/// How much is asked.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub requests: usize,
    /// Requests between two looks.
    pub between: usize,
}

/// What was held after so many requests, in MB.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub requests: usize,
    pub gateway_mb: f64,
    pub codex_mb: f64,
    /// Which process Codex was.
    pub codex: u32,
}

#[derive(Debug)]
pub struct Results {
    pub looks: Vec<Look>,
    pub took: Duration,
    /// Threads that Codex has loaded at the end, where it tells that.
    pub loaded: Option<usize>,
}

/// Asks, and looks.
pub async fn run(paths: &Paths, plan: Plan, folder: &Path) -> anyhow::Result<Results> {
    let model = ScriptedModel::start((Ipv4Addr::LOCALHOST, 0).into()).await?;
    model.set_default(EventStream::default().deltas(["po", "ng"]));
    let home = folder.join("soak");
    model.codex_home(&home.join(".codex"), &CodexConfig::default())?;
    let gateway = Running::watchful_gateway(&paths.gateway, &paths.codex, &home).await?;
    let mut caller = gateway.callee().caller().await?;
    let mut looks = Vec::new();
    let start = Instant::now();
    for requests in 1..=plan.requests {
        caller.ask("Say pong").await?;
        if requests % plan.between == 0 {
            model.clear();
            looks.push(look(gateway.pid()?, requests)?);
            say(&format!("{requests} of {} requests", plan.requests));
        }
    }
    let took = start.elapsed();
    sleep(UNTIL_LOOKED).await;
    let loaded = loaded_threads(&fs::read_to_string(stderr_of(&home))?);
    gateway.stop().await?;
    Ok(Results { looks, took, loaded })
}

fn look(gateway: u32, requests: usize) -> anyhow::Result<Look> {
    let codex = process::child(gateway)?;
    Ok(Look {
        requests,
        gateway_mb: process::resident_mb(gateway)?,
        codex_mb: process::resident_mb(codex)?,
        codex,
    })
}

/// The number of loaded threads that the gateway's log has last.
fn loaded_threads(log: &str) -> Option<usize> {
    log.lines().rev().find_map(|line| line.split_once("threads=")?.1.split(' ').next()?.parse().ok())
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| requests | this gateway, MB | its Codex, MB | Codex process |")?;
        writeln!(f, "|--:|--:|--:|--:|")?;
        let mut codexes: Vec<u32> = Vec::new();
        for Look { requests, gateway_mb, codex_mb, codex } in &self.looks {
            if !codexes.contains(codex) {
                codexes.push(*codex);
            }
            let (gateway_mb, codex_mb) = (Number(*gateway_mb), Number(*codex_mb));
            writeln!(f, "| {requests} | {gateway_mb} | {codex_mb} | {} |", codexes.len())?;
        }
        let growth = |of: fn(&Look) -> f64| {
            let first = self.looks.first().map_or(f64::NAN, of);
            Number((self.looks.last().map_or(f64::NAN, of) / first - 1.0) * 100.0)
        };
        writeln!(
            f,
            "\nFrom the first line to the last, in {:.0} s, the gateway's memory changes by {} % and that of its Codex by \
             {} %. {} threads are loaded at the end: {READY} that wait ready, and up to {KEPT} that are kept for callers \
             who go on.",
            self.took.as_secs_f64(),
            growth(|look| look.gateway_mb),
            growth(|look| look.codex_mb),
            self.loaded.map_or("An unknown number of".to_owned(), |loaded| loaded.to_string()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_number_of_threads_counts() {
        let log = "DEBUG a Codex is well threads=7 resident_bytes=1\nINFO b\nDEBUG a Codex is well threads=20 resident_bytes=1\nINFO c";
        assert_eq!(loaded_threads(log), Some(20));
        assert_eq!(loaded_threads("INFO c"), None);
    }
}
