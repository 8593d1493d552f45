//! Keeps a Codex running: started again when it ends, with growing pauses when it does not want to live, and replaced
//! when it hangs, grows too large or is not the one on disk any more.

mod check;

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep, timeout},
};

use crate::{AppServer, Client, Exit, LaunchError};

pub use check::Checks;
use check::Finding;

/// How a Codex is brought up. Called for every start, so that a changed setting or a new version is picked up.
pub trait Launch: Send + Sync + 'static {
    /// What the launch makes of a running Codex, for those who use it.
    type Session: std::fmt::Debug + Send + Sync + 'static;

    fn launch(&self) -> impl Future<Output = Result<(AppServer, Self::Session), LaunchError>> + Send;

    /// Whether a launch would bring up another Codex than that of `session`: a new version was installed, say.
    fn is_outdated(&self, session: &Self::Session) -> bool {
        let _ = session;
        false
    }

    /// How the running Codex is looked after.
    fn checks(&self) -> Checks {
        Checks::default()
    }
}

/// What is going on with Codex now.
#[derive(Debug)]
pub enum Phase<S> {
    /// Being started; `attempt` counts from 1 and starts over once a Codex has lived for a while.
    Starting {
        attempt: u32,
    },
    Up(Arc<S>),
    /// Not running. Another attempt follows after `retry_after`.
    Down {
        error: Arc<LaunchError>,
        /// The number of the attempt that follows.
        attempt: u32,
        retry_after: Duration,
    },
    /// The supervisor was shut down.
    Stopped,
}

impl<S> Clone for Phase<S> {
    fn clone(&self) -> Self {
        match self {
            Self::Starting { attempt } => Self::Starting { attempt: *attempt },
            Self::Up(session) => Self::Up(Arc::clone(session)),
            Self::Down { error, attempt, retry_after } => {
                Self::Down { error: Arc::clone(error), attempt: *attempt, retry_after: *retry_after }
            }
            Self::Stopped => Self::Stopped,
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A Codex that failed so often in a row is left alone for [`BREAK`] each time: it costs more than it will give.
const ATTEMPTS: u32 = 10;
const BREAK: Duration = Duration::from_secs(60);
/// A Codex that lived this long was healthy: the next start is a first attempt again.
const HEALTHY: Duration = Duration::from_secs(30);

/// A supervised Codex. Dropping it kills the child; [`Supervisor::shutdown`] ends it in order.
#[derive(Debug)]
pub struct Supervisor<S> {
    phase: watch::Receiver<Phase<S>>,
    stop: watch::Sender<bool>,
    restart: Restart,
    task: JoinHandle<()>,
}

/// Has Codex started anew. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Restart(Arc<Notify>);

impl Restart {
    /// Ends the Codex that is up, in order, and starts the next one. Without one that is up, nothing needs to be done.
    pub fn now(&self) {
        self.0.notify_waiters();
    }
}

impl<S: std::fmt::Debug + Send + Sync + 'static> Supervisor<S> {
    /// Starts Codex in the background; [`Supervisor::phase`] tells how that goes.
    pub fn start<L: Launch<Session = S>>(launch: L) -> Self {
        let (phase, receiver) = watch::channel(Phase::Starting { attempt: 1 });
        let (stop, stopped) = watch::channel(false);
        let restart = Restart::default();
        let task = tokio::spawn(supervise(launch, phase, stopped, restart.clone()));
        Self { phase: receiver, stop, restart, task }
    }

    pub fn phase(&self) -> watch::Receiver<Phase<S>> {
        self.phase.clone()
    }

    pub fn restart(&self) -> Restart {
        self.restart.clone()
    }

    /// Ends Codex and waits until it is gone.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        let _ = (&mut self.task).await;
    }
}

impl<S> Drop for Supervisor<S> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn supervise<L: Launch>(
    launch: L,
    phase: watch::Sender<Phase<L::Session>>,
    mut stop: watch::Receiver<bool>,
    restart: Restart,
) {
    let mut attempt = 1;
    // What is wrong is said once, not at each attempt.
    let mut said = None;
    // Those that were replaced, and still work for somebody.
    let mut retired = JoinSet::new();
    loop {
        phase.send_replace(Phase::Starting { attempt });
        let launched = tokio::select! {
            launched = launch.launch() => launched,
            () = stopped(&mut stop) => break,
        };
        let error = match launched {
            Ok(launched) => {
                said = None;
                let since = Instant::now();
                let over = live(&launch, launched, &phase, &mut retired, stop.clone(), &restart).await;
                let error = match over {
                    Over::Failed(error) => error,
                    Over::Restarted => {
                        attempt = 1;
                        continue;
                    }
                    Over::Stopped => return,
                };
                if since.elapsed() >= HEALTHY {
                    attempt = 0;
                }
                error
            }
            Err(error) => {
                let words = error.to_string();
                if said.as_ref() != Some(&words) {
                    tracing::error!(%error, "Codex could not be started");
                    said = Some(words);
                }
                error
            }
        };
        attempt += 1;
        let pause = pause_before(attempt, &error);
        // A first failure is mended at once, and requests wait that out; after that the trouble is shown.
        phase.send_replace(match attempt {
            ..=2 => Phase::Starting { attempt },
            _ => Phase::Down { error: Arc::new(error), attempt, retry_after: pause },
        });
        tokio::select! {
            () = sleep(pause) => {}
            () = stopped(&mut stop) => break,
        }
    }
    phase.send_replace(Phase::Stopped);
}

/// How the life of a Codex ended.
enum Over {
    Failed(LaunchError),
    /// The next one is wanted at once.
    Restarted,
    Stopped,
}

/// Follows a Codex, and those that take its place, to its end.
async fn live<L: Launch>(
    launch: &L,
    launched: (AppServer, L::Session),
    phase: &watch::Sender<Phase<L::Session>>,
    retired: &mut JoinSet<()>,
    mut stop: watch::Receiver<bool>,
    restart: &Restart,
) -> Over {
    let mut running = Running::new(launched);
    loop {
        let mut restarted = pin!(restart.0.notified());
        // From before anybody can know that Codex is up.
        restarted.as_mut().enable();
        phase.send_replace(Phase::Up(Arc::clone(&running.session)));
        let client = running.server.client().clone();
        let next = tokio::select! {
            exit = running.server.ended() => Next::Ended(exit),
            () = restarted => Next::Restart,
            () = stopped(&mut stop) => Next::Stop,
            next = successor(launch, &client, &running.session) => next,
        };
        while retired.try_join_next().is_some() {}
        match next {
            Next::Ended(Exit { status, stderr }) => {
                tracing::error!(status, ?stderr, "Codex ended unexpectedly");
                return Over::Failed(LaunchError::Stopped { status, stderr });
            }
            Next::Hangs(error) => {
                tracing::error!(%error, "Codex hangs, and is started again");
                phase.send_replace(Phase::Starting { attempt: 1 });
                running.server.shutdown().await;
                return Over::Failed(error);
            }
            Next::Successor(launched) => {
                let old = std::mem::replace(&mut running, Running::new(launched));
                retired.spawn(old.retire(launch.checks().drain));
            }
            Next::Restart => {
                phase.send_replace(Phase::Starting { attempt: 1 });
                let exit = running.server.shutdown().await;
                tracing::info!(status = exit.status, "Codex has ended, to be started anew");
                return Over::Restarted;
            }
            Next::Stop => {
                phase.send_replace(Phase::Stopped);
                retired.abort_all();
                let exit = running.server.shutdown().await;
                tracing::info!(status = exit.status, "Codex has ended");
                retired.shutdown().await;
                return Over::Stopped;
            }
        }
    }
}

enum Next<S> {
    Ended(Exit),
    Hangs(LaunchError),
    /// Another one is up, and takes its place.
    Successor((AppServer, S)),
    Restart,
    Stop,
}

/// Waits until something is wrong with a Codex. Its successor is up before it goes, so that nobody has to wait; where
/// none comes up, what there is goes on. May be cancelled.
async fn successor<L: Launch>(launch: &L, client: &Client, session: &L::Session) -> Next<L::Session> {
    loop {
        match check::find(launch, client, session).await {
            Finding::Hangs(error) => return Next::Hangs(LaunchError::Handshake(error)),
            finding => {
                tracing::info!(?finding, "Codex is being replaced");
                match launch.launch().await {
                    Ok(launched) => return Next::Successor(launched),
                    Err(error) => {
                        tracing::warn!(%error, "no other Codex could be started, so this one goes on");
                    }
                }
            }
        }
    }
}

struct Running<S> {
    server: AppServer,
    session: Arc<S>,
}

impl<S> Running<S> {
    fn new((server, session): (AppServer, S)) -> Self {
        tracing::info!(pid = server.pid(), user_agent = server.server().user_agent, "Codex is up");
        Self { server, session: Arc::new(session) }
    }

    /// Ends this Codex once nobody uses its session any more.
    async fn retire(self, drain: Duration) {
        const LOOK_AGAIN: Duration = Duration::from_millis(100);
        let Self { mut server, session } = self;
        let used = Arc::downgrade(&session);
        drop(session);
        let unused = async {
            while used.strong_count() > 0 {
                sleep(LOOK_AGAIN).await;
            }
        };
        tokio::select! {
            exit = server.ended() => tracing::warn!(status = exit.status, "a replaced Codex ended early"),
            _ = timeout(drain, unused) => {}
        }
        server.shutdown().await;
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the supervisor's handle is gone, which is as good as its word.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The pause before an attempt, doubling from one to the next. Looking for a Codex that isn't there costs nothing.
fn pause_before(attempt: u32, error: &LaunchError) -> Duration {
    if attempt > ATTEMPTS && !matches!(error, LaunchError::NotFound { .. }) {
        return BREAK;
    }
    FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(2).min(10)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codex_that_fails_again_and_again_is_left_alone_for_longer_and_longer() {
        let ended = LaunchError::Ended { status: "1".into(), stderr: vec![] };
        let pauses: Vec<_> = (2..14).map(|attempt| pause_before(attempt, &ended).as_millis()).collect();
        let doubled = [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000, 60_000, 60_000, 60_000];
        assert_eq!(pauses, doubled);
        let missing = LaunchError::NotFound { looked: vec![] };
        assert_eq!(pause_before(100, &missing), LONGEST_PAUSE);
    }
}
