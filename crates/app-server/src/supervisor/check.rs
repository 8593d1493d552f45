//! What can be wrong with a Codex that runs: it hangs, it has grown, or it is not the one on disk any more.

use std::time::Duration;

use tokio::time::sleep;

use crate::{Client, Error, Launch, protocol::ServerDiagnostics};

/// How a running Codex is looked after.
#[derive(Debug, Clone, Copy)]
pub struct Checks {
    /// The time between two looks.
    pub interval: Duration,
    /// The memory, in bytes, beyond which Codex is replaced.
    pub resident_limit: u64,
    /// How long a Codex that was replaced may go on with what it had begun.
    pub drain: Duration,
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(30),
            // Five times what it keeps after a thousand requests.
            resident_limit: 1024 * 1024 * 1024,
            drain: Duration::from_secs(15 * 60),
        }
    }
}

/// Why a Codex should not go on.
#[derive(Debug)]
pub(super) enum Finding {
    /// It does not answer, so nothing is lost with it.
    Hangs(Error),
    Overgrown,
    /// Another one would be started now.
    Outdated,
}

/// Codex's name for the number of threads that it has loaded.
const LIVE_THREADS: &str = "core.threads.live";

/// A Codex may be slow to answer once: the machine may have been.
const UNANSWERED: u32 = 2;

/// Looks after a Codex until there is something to find. May be cancelled.
pub(super) async fn find<L: Launch>(launch: &L, client: &Client, session: &L::Session) -> Finding {
    let checks = launch.checks();
    let mut unanswered = 0;
    loop {
        sleep(checks.interval).await;
        if launch.is_outdated(session) {
            return Finding::Outdated;
        }
        match client.request(&ServerDiagnostics {}).await {
            Ok(diagnostics) => {
                unanswered = 0;
                let resident_bytes = diagnostics.process.resident_memory_bytes.unwrap_or_default();
                let threads = diagnostics.gauges.iter().find(|gauge| gauge.name == LIVE_THREADS);
                let threads = threads.map(|gauge| gauge.value);
                tracing::debug!(threads, resident_bytes, "Codex is well");
                if resident_bytes > checks.resident_limit {
                    tracing::warn!(resident_bytes, "Codex has grown too large");
                    return Finding::Overgrown;
                }
            }
            Err(error @ Error::TimedOut { .. }) => {
                unanswered += 1;
                tracing::warn!(%error, unanswered, "Codex seems to hang");
                if unanswered == UNANSWERED {
                    return Finding::Hangs(error);
                }
            }
            // One that has ended is noticed elsewhere; one that does not know the question has answered.
            Err(_) => unanswered = 0,
        }
    }
}
