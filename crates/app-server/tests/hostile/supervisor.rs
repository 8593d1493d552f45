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
const SOON: Duration = Duration::from_secs(4);

#[derive(Debug)]
struct Session {
    client: Client,
    pid: Pid,
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

fn look_after(script: &str, checks: Checks, request_timeout: Duration) -> (Arc<Child>, Supervisor<Session>) {
    let child = Arc::new(Child::new(script));
    let supervisor = Supervisor::start(ChildLaunch { child: Arc::clone(&child), checks, request_timeout });
    (child, supervisor)
}

/// Waits for a phase of which `pick` makes something.
async fn reach<S: Debug, T>(
    phase: &mut watch::Receiver<Phase<S>>,
    pick: impl Fn(&Phase<S>) -> Option<T>,
) -> T {
    let reached = timeout(PATIENCE, phase.wait_for(|phase| pick(phase).is_some())).await;
    let reached = reached.expect("the phase was not reached").unwrap();
    pick(&reached).unwrap()
}

fn up(phase: &Phase<Session>) -> Option<Arc<Session>> {
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

/// Looks again and again.
fn checks() -> Checks {
    Checks { interval: Duration::from_millis(50), ..Checks::default() }
}

/// Answers every request, and says of itself that it takes so many bytes.
fn of_size(resident_bytes: u64) -> String {
    format!(
        r#"{GREET} while read -r line; do
             id=$(echo "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
             case "$line" in
               *server/diagnostics*) result='{{"gauges":[],"process":{{"residentMemoryBytes":{resident_bytes}}}}}' ;;
               *) result='{{"requiresOpenaiAuth":true}}' ;;
             esac
             [ -z "$id" ] || echo "{{\"id\":$id,\"result\":$result}}"
           done"#
    )
}

const SMALL: u64 = 100_000_000;
const LARGE: u64 = 100_000_000_000;

/// Waits for another Codex than that of `first`.
async fn reach_another(phase: &mut watch::Receiver<Phase<Session>>, first: Pid) -> Arc<Session> {
    reach(phase, |phase| up(phase).filter(|session| session.pid != first)).await
}

#[tokio::test]
async fn an_overgrown_codex_is_replaced_and_finishes_what_it_began() {
    let (child, supervisor) = look_after(&of_size(LARGE), checks(), PATIENCE);
    let mut phase = supervisor.phase();
    let first = reach(&mut phase, up).await;
    child.replace(&of_size(SMALL));
    // At no moment is there no Codex.
    let mut seen = supervisor.phase();
    let watching = tokio::spawn(async move {
        while seen.changed().await.is_ok() {
            match &*seen.borrow_and_update() {
                Phase::Stopped => return true,
                Phase::Up(_) => {}
                Phase::Starting { .. } | Phase::Down { .. } => return false,
            }
        }
        true
    });
    let second = reach_another(&mut phase, first.pid).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(first.client.request(&AccountRead::default()).await.unwrap().requires_openai_auth);
    assert!(second.client.request(&AccountRead::default()).await.unwrap().requires_openai_auth);

    // Nobody uses the first one any more.
    let client = first.client.clone();
    drop(first);
    let deadline = Instant::now() + PATIENCE;
    while !client.is_closed() {
        assert!(Instant::now() < deadline, "the old Codex stays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(second.client.request(&AccountRead::default()).await.unwrap().requires_openai_auth);
    supervisor.shutdown().await;
    assert!(watching.await.unwrap());
    assert_eq!(child.groups().len(), 2);
    child.assert_gone().await;
}

#[tokio::test]
async fn a_codex_that_was_replaced_is_not_kept_for_ever() {
    let drain = Checks { drain: Duration::from_millis(200), ..checks() };
    let (child, supervisor) = look_after(&of_size(LARGE), drain, PATIENCE);
    let mut phase = supervisor.phase();
    let first = reach(&mut phase, up).await;
    child.replace(&of_size(SMALL));
    reach_another(&mut phase, first.pid).await;
    let ended = async {
        while !first.client.is_closed() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, ended).await.unwrap();
    supervisor.shutdown().await;
    child.assert_gone().await;
}

#[tokio::test]
async fn a_replaced_codex_in_use_is_ended_by_a_shutdown() {
    let (child, supervisor) = look_after(&of_size(LARGE), checks(), PATIENCE);
    let mut phase = supervisor.phase();
    let first = reach(&mut phase, up).await;
    child.replace(&of_size(SMALL));
    reach_another(&mut phase, first.pid).await;
    timeout(SOON, supervisor.shutdown()).await.unwrap();
    child.assert_gone().await;
}

#[tokio::test]
async fn another_version_on_disk_takes_over() {
    let (child, supervisor) = look_after(&of_size(SMALL), checks(), PATIENCE);
    let mut phase = supervisor.phase();
    let first = reach(&mut phase, up).await.pid;
    std::fs::write(child.path("outdated"), "").unwrap();
    let second = reach_another(&mut phase, first).await;
    assert!(second.client.request(&AccountRead::default()).await.unwrap().requires_openai_auth);
    supervisor.shutdown().await;
    child.assert_gone().await;
}

#[tokio::test]
async fn a_successor_that_does_not_start_leaves_the_old_one_at_work() {
    let (child, supervisor) = look_after(&of_size(LARGE), checks(), PATIENCE);
    let mut phase = supervisor.phase();
    let first = reach(&mut phase, up).await;
    child.replace("exit 1");
    let deadline = Instant::now() + PATIENCE;
    while child.groups().len() < 3 {
        assert!(Instant::now() < deadline, "no successor was tried");
        assert!(first.client.request(&AccountRead::default()).await.unwrap().requires_openai_auth);
        assert!(up(&phase.borrow_and_update()).is_some_and(|session| session.pid == first.pid));
    }
    child.replace(&of_size(SMALL));
    reach_another(&mut phase, first.pid).await;
    supervisor.shutdown().await;
    child.assert_gone().await;
}

#[tokio::test]
async fn a_codex_that_hangs_is_replaced() {
    let (child, supervisor) =
        look_after(&format!("{GREET} exec sleep 1000"), checks(), Duration::from_millis(500));
    let mut phase = supervisor.phase();
    let first = reach(&mut phase, up).await;
    child.replace(&of_size(SMALL));
    let second = reach_another(&mut phase, first.pid).await;
    assert!(first.client.is_closed());
    assert!(second.client.request(&AccountRead::default()).await.unwrap().requires_openai_auth);
    supervisor.shutdown().await;
    child.assert_gone().await;
}

#[tokio::test]
async fn a_codex_that_does_not_know_the_question_is_left_alone() {
    let script = format!(
        r#"{GREET} while read -r line; do
             id=$(echo "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
             [ -z "$id" ] || echo "{{\"id\":$id,\"error\":{{\"code\":-32601,\"message\":\"unknown\"}}}}"
           done"#
    );
    let (child, supervisor) = look_after(&script, checks(), PATIENCE);
    let mut phase = supervisor.phase();
    let first = reach(&mut phase, up).await;
    assert!(timeout(Duration::from_millis(600), phase.changed()).await.is_err(), "{:?}", phase.borrow());
    assert!(!first.client.is_closed());
    supervisor.shutdown().await;
    child.assert_gone().await;
}
