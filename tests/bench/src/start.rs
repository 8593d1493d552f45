//! Cold starts, and what an idle gateway holds.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use crate::{
    load::Callee,
    process,
    programs::{ACTIVE_TURNS, Paths, Running},
    stats::{Samples, ms},
};

/// What a start leaves to do in the background is done by then.
const IN_THE_BACKGROUND: Duration = Duration::from_secs(1);

/// How a gateway started, in milliseconds from the start of its process.
#[derive(Debug, Default)]
pub struct Starts {
    pub listening: Samples,
    pub first_answer: Samples,
    /// MB that the gateway holds before it was asked for anything.
    pub idle_mb: Samples,
    /// MB that the gateway holds after one answer, and its Codex.
    pub gateway_mb: Samples,
    pub codex_mb: Samples,
}

impl Starts {
    /// Starts this gateway twice more.
    pub async fn gateway(&mut self, paths: &Paths, home: &Path) -> anyhow::Result<()> {
        self.twice(async || Running::gateway(&paths.gateway, &paths.codex, home, ACTIVE_TURNS).await).await
    }

    /// Starts the Python gateway twice more.
    pub async fn peer(&mut self, paths: &Paths, home: &Path) -> anyhow::Result<()> {
        self.twice(async || Running::peer(&paths.python, &paths.codex, home).await).await
    }

    async fn twice(&mut self, start: impl AsyncFn() -> anyhow::Result<Running>) -> anyhow::Result<()> {
        let before = Instant::now();
        self.first(start().await?, before).await?;
        self.idle(start().await?).await
    }

    async fn first(&mut self, running: Running, start: Instant) -> anyhow::Result<()> {
        self.listening.push(ms(running.listening));
        ask_once(&running.callee()).await?;
        self.first_answer.push(ms(start.elapsed()));
        sleep(IN_THE_BACKGROUND).await;
        let pid = running.pid()?;
        self.gateway_mb.push(process::resident_mb(pid)?);
        self.codex_mb.push(process::resident_mb(process::child(pid)?)?);
        running.stop().await
    }

    async fn idle(&mut self, running: Running) -> anyhow::Result<()> {
        sleep(IN_THE_BACKGROUND).await;
        self.idle_mb.push(process::resident_mb(running.pid()?)?);
        running.stop().await
    }
}

/// One answer. A gateway that still starts its Codex takes the request and waits.
pub async fn ask_once(callee: &Callee) -> anyhow::Result<()> {
    callee.caller().await?.ask("Say pong").await?;
    Ok(())
}
