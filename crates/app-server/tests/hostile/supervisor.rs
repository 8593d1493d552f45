//! A Codex that is kept running, whatever it does.

use std::{
    fmt::Debug,
    sync::Arc,
    time::{Duration, Instant},
};

use app_server::{
    AppServer, Checks, Client, Error, Launch, LaunchError, Phase, Supervisor, protocol::AccountRead,
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{sync::watch, time::timeout};

use crate::child::{Child, GREET, PATIENCE, command, start};

/// Well below the longest pause between two starts.
pub(crate) const SOON: Duration = Duration::from_secs(4);

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) pid: Pid,
}

struct ChildLaunch {
    child: Arc<Child>,
    checks: Checks,
    request_timeout: Duration,
}

impl Launch for ChildLaunch {
    type Session = Session;

    async fn launch(&self) -> Result<(AppServer, Session), LaunchError> {
        let server = start(&self.child.command(), self.request_timeout).await?;
        let pid = Pid::from_raw(i32::try_from(server.pid()).unwrap()).unwrap();
        let session = Session { client: server.client().clone(), pid };
        Ok((server, session))
    }

    /// As soon as there is a file of that name.
    fn is_outdated(&self, session: &Session) -> bool {
        self.child.path("outdated").exists() && self.child.groups().len() == 1 && !session.client.is_closed()
    }

    fn checks(&self) -> Checks {
        self.checks
    }
}

fn supervise(script: &str) -> (Arc<Child>, Supervisor<Session>) {
    look_after(script, Checks::default(), PATIENCE)
}

pub(crate) fn look_after(
    script: &str,
    checks: Checks,
    request_timeout: Duration,
) -> (Arc<Child>, Supervisor<Session>) {
    let child = Arc::new(Child::new(script));
    let supervisor = Supervisor::start(ChildLaunch { child: Arc::clone(&child), checks, request_timeout });
    (child, supervisor)
}

/// Waits for a phase of which `pick` makes something.
pub(crate) async fn reach<S: Debug, T>(
    phase: &mut watch::Receiver<Phase<S>>,
    pick: impl Fn(&Phase<S>) -> Option<T>,
) -> T {
    let reached = timeout(PATIENCE, phase.wait_for(|phase| pick(phase).is_some())).await;
    let reached = reached.expect("the phase was not reached").unwrap();
    pick(&reached).unwrap()
}

pub(crate) fn up(phase: &Phase<Session>) -> Option<Arc<Session>> {
    match phase {
        Phase::Up(session) => Some(Arc::clone(session)),
        _ => None,
    }
}

fn down<S>(phase: &Phase<S>) -> Option<(Arc<LaunchError>, Duration)> {
    match phase {
        Phase::Down { error, retry_after, .. } => Some((Arc::clone(error), *retry_after)),
        _ => None,
    }
}

/// Collects the pauses of the next `count` times that Codex is down.
async fn pauses(phase: &mut watch::Receiver<Phase<Session>>, count: usize) -> Vec<Duration> {
    let mut pauses = Vec::new();
    while pauses.len() < count {
        pauses.push(reach(phase, down).await.1);
        reach(phase, |phase| (!matches!(phase, Phase::Down { .. })).then_some(())).await;
    }
    pauses
}

fn assert_growing(pauses: &[Duration]) {
    assert!(pauses.is_sorted_by(|one, next| one < next), "{pauses:?}");
}

const HEALTHY: &str = "cat > /dev/null";

#[tokio::test]
async fn a_codex_is_started_and_shut_down() {
    let (child, supervisor) = supervise(&format!("{GREET} {HEALTHY}"));
    let mut phase = supervisor.phase();
    assert!(matches!(&*phase.borrow(), Phase::Starting { attempt: 1 }));
    let session = reach(&mut phase, up).await;
    timeout(SOON, supervisor.shutdown()).await.unwrap();
    assert!(matches!(&*phase.borrow(), Phase::Stopped));
    assert!(session.client.is_closed());
    child.assert_gone().await;
    assert_eq!(child.groups().len(), 1);
}

#[tokio::test]
async fn a_codex_that_does_not_start_is_tried_again_with_growing_pauses_until_it_is_mended() {
    let (child, supervisor) = supervise("echo 'config.toml is broken' >&2; exit 1");
    let mut phase = supervisor.phase();
    let (error, _) = reach(&mut phase, down).await;
    assert_eq!(error.to_string(), "Codex ended at its start (exit status: 1): config.toml is broken");
    assert_growing(&pauses(&mut phase, 3).await);
    child.replace(&format!("{GREET} {HEALTHY}"));
    reach(&mut phase, up).await;
    supervisor.shutdown().await;
    child.assert_gone().await;
}

#[tokio::test]
async fn a_single_failure_is_mended_without_being_shown() {
    let once = format!("[ -e marker ] || {{ touch marker; exit 1; }}; {GREET} {HEALTHY}");
    let (child, supervisor) = supervise(&once);
    let mut phase = supervisor.phase();
    let settled =
        reach(&mut phase, |phase| (!matches!(phase, Phase::Starting { .. })).then(|| phase.clone()));
    assert!(up(&settled.await).is_some());
    assert_eq!(child.groups().len(), 2);
    supervisor.shutdown().await;
    child.assert_gone().await;
}

#[tokio::test]
async fn a_codex_that_dies_is_known_at_once_and_replaced() {
    let (child, supervisor) = supervise(&format!("{GREET} {HEALTHY}"));
    let mut phase = supervisor.phase();
    let first = reach(&mut phase, up).await;
    let waiting = first.client.send(&AccountRead::default()).unwrap();
    let since = Instant::now();
    kill_process(first.pid, Signal::KILL).unwrap();
    reach(&mut phase, |phase| up(phase).is_none().then_some(())).await;
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    assert!(matches!(waiting.wait().await, Err(Error::Closed { method: "account/read" })));

    let second = reach(&mut phase, up).await;
    assert_ne!(first.pid, second.pid);
    assert!(first.client.is_closed() && !second.client.is_closed());
    supervisor.shutdown().await;
    child.assert_gone().await;
}

#[tokio::test]
async fn a_codex_that_closes_its_output_is_replaced() {
    let once = format!("{GREET} [ -e marker ] || {{ touch marker; exec >&-; exec sleep 1000; }}; {HEALTHY}");
    let (child, supervisor) = supervise(&once);
    let mut phase = supervisor.phase();
    let started = reach(&mut phase, |phase| up(phase).filter(|_| child.groups().len() == 2));
    assert!(!started.await.client.is_closed());
    supervisor.shutdown().await;
    child.assert_gone().await;
}

#[tokio::test]
async fn a_codex_that_dies_again_and_again_is_not_started_in_a_hot_loop() {
    let (child, supervisor) = supervise(&format!("{GREET} echo 'out of memory' >&2; exit 1"));
    let mut phase = supervisor.phase();
    let (error, _) = reach(&mut phase, down).await;
    assert!(error.to_string().ends_with("out of memory"), "{error}");
    assert_growing(&pauses(&mut phase, 3).await);
    assert!(child.groups().len() <= 6, "{} starts", child.groups().len());
    supervisor.shutdown().await;
    child.assert_gone().await;
}

#[tokio::test]
async fn a_start_under_way_is_given_up_by_a_shutdown() {
    for script in ["trap '' TERM; sleep 1000", "yes garbage"] {
        let (child, supervisor) = supervise(script);
        let phase = supervisor.phase();
        while child.groups().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        timeout(SOON, supervisor.shutdown()).await.unwrap();
        assert!(matches!(&*phase.borrow(), Phase::Stopped));
        child.assert_gone().await;
    }
}

#[tokio::test]
async fn a_pause_is_cut_short_by_a_shutdown() {
    let (child, supervisor) = supervise("exit 1");
    let mut phase = supervisor.phase();
    let long = |phase: &Phase<Session>| down(phase).filter(|(_, pause)| *pause > Duration::from_secs(1));
    let (_, pause) = reach(&mut phase, long).await;
    let since = Instant::now();
    supervisor.shutdown().await;
    assert!(since.elapsed() < pause, "{:?}", since.elapsed());
    assert!(matches!(&*phase.borrow(), Phase::Stopped));
    child.assert_gone().await;
}

#[tokio::test]
async fn dropping_a_supervisor_kills_its_codex() {
    let (child, supervisor) =
        supervise(&format!("trap '' TERM; {GREET} sleep 1000 & while :; do sleep 1; done"));
    let mut phase = supervisor.phase();
    let session = reach(&mut phase, up).await;
    drop(supervisor);
    child.assert_gone().await;
    assert!(matches!(session.client.request(&AccountRead::default()).await, Err(Error::Closed { .. })));
}

struct Nowhere;

impl Launch for Nowhere {
    type Session = ();

    async fn launch(&self) -> Result<(AppServer, ()), LaunchError> {
        Ok((start(&command("/nowhere/codex".as_ref()), PATIENCE).await?, ()))
    }
}

#[tokio::test]
async fn a_codex_that_is_not_there_is_looked_for_again() {
    let supervisor = Supervisor::start(Nowhere);
    let mut phase = supervisor.phase();
    let (error, _) = reach(&mut phase, down).await;
    assert!(error.to_string().contains("/nowhere/codex"), "{error}");
    // A later attempt failed too: the pause has grown.
    reach(&mut phase, |phase| down(phase).filter(|(_, pause)| *pause > Duration::from_secs(1))).await;
    timeout(SOON, supervisor.shutdown()).await.unwrap();
    assert!(matches!(&*phase.borrow(), Phase::Stopped));
}

#[tokio::test]
async fn a_codex_is_started_anew_when_it_is_asked_for() {
    let (child, supervisor) = supervise(&format!("{GREET} {HEALTHY}"));
    let mut phase = supervisor.phase();
    let first = reach(&mut phase, up).await;
    supervisor.restart().now();
    let pid = first.pid;
    let second = reach(&mut phase, |phase| up(phase).filter(|session| session.pid != pid)).await;
    assert!(first.client.is_closed() && !second.client.is_closed());
    supervisor.shutdown().await;
    // Nothing is left of either.
    child.assert_gone().await;
    assert_eq!(child.groups().len(), 2);
}
