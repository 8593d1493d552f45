//! Keeps a Codex running: started again when it ends, with growing pauses when it does not want to live.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::Instant,
};

use crate::{AppServer, LaunchError};

/// How a Codex is brought up. Called for every start, so that a changed setting or a new version is picked up.
pub trait Launch: Send + Sync + 'static {
    /// What the launch makes of a running Codex, for those who use it.
    type Session: std::fmt::Debug + Send + Sync + 'static;

    fn launch(&self) -> impl Future<Output = Result<(AppServer, Self::Session), LaunchError>> + Send;
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
    loop {
        phase.send_replace(Phase::Starting { attempt });
        let launched = tokio::select! {
            launched = launch.launch() => launched,
            () = stopped(&mut stop) => break,
        };
        let error = match launched {
            Ok((mut server, session)) => {
                tracing::info!(pid = server.pid(), user_agent = server.server().user_agent, "Codex is up");
                let since = Instant::now();
                let mut restarted = pin!(restart.0.notified());
                // From before anybody can know that Codex is up.
                restarted.as_mut().enable();
                phase.send_replace(Phase::Up(Arc::new(session)));
                let exit = tokio::select! {
                    exit = server.ended() => exit,
                    () = restarted => {
                        attempt = 1;
                        phase.send_replace(Phase::Starting { attempt });
                        let exit = server.shutdown().await;
                        tracing::info!(status = exit.status, "Codex has ended, to be started anew");
                        continue;
                    }
                    () = stopped(&mut stop) => {
                        phase.send_replace(Phase::Stopped);
                        let exit = server.shutdown().await;
                        tracing::info!(status = exit.status, "Codex has ended");
                        return;
                    }
                };
                tracing::error!(status = exit.status, stderr = ?exit.stderr, "Codex ended unexpectedly");
                if since.elapsed() >= HEALTHY {
                    attempt = 0;
                }
                LaunchError::Stopped { status: exit.status, stderr: exit.stderr }
            }
            Err(error) => {
                tracing::error!(%error, "Codex could not be started");
                error
            }
        };
        attempt += 1;
        let pause = pause_before(attempt);
        // A first failure is mended at once, and requests wait that out; after that the trouble is shown.
        phase.send_replace(match attempt {
            ..=2 => Phase::Starting { attempt },
            _ => Phase::Down { error: Arc::new(error), attempt, retry_after: pause },
        });
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stopped(&mut stop) => break,
        }
    }
    phase.send_replace(Phase::Stopped);
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the supervisor's handle is gone, which is as good as its word.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// The pause before an attempt, doubling from one to the next.
fn pause_before(attempt: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(2).min(10)).min(LONGEST_PAUSE)
}
