//! A Codex that is looked after while it runs, and replaced when it should not go on.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use app_server::{Checks, Phase, protocol::AccountRead};
use rustix::process::Pid;
use tokio::{sync::watch, time::timeout};

use crate::{
    child::{GREET, PATIENCE},
    supervisor::{SOON, Session, look_after, reach, up},
};

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

#[tokio::test]
async fn a_codex_that_fills_a_line_without_end_is_replaced() {
    let script = format!("{GREET} yes | tr -d '\\n'");
    let (child, supervisor) = look_after(&script, checks(), Duration::from_millis(500));
    let mut phase = supervisor.phase();
    let first = reach(&mut phase, up).await;
    let waiting = first.client.send(&AccountRead::default()).unwrap();
    child.replace(&of_size(SMALL));
    assert!(waiting.wait().await.is_err());
    let second = reach_another(&mut phase, first.pid).await;
    assert!(second.client.request(&AccountRead::default()).await.unwrap().requires_openai_auth);
    supervisor.shutdown().await;
    child.assert_gone().await;
}

#[tokio::test]
async fn a_codex_that_only_speaks_garbage_is_replaced() {
    for garbage in ["garbage", r#"{"id":99,"result":{}}"#, r#"{"method":"x","params":[[[]]]}"#] {
        let script = format!("{GREET} trap '' TERM; yes '{garbage}'");
        let (child, supervisor) = look_after(&script, checks(), Duration::from_millis(500));
        let mut phase = supervisor.phase();
        let first = reach(&mut phase, up).await.pid;
        child.replace(&of_size(SMALL));
        reach_another(&mut phase, first).await;
        supervisor.shutdown().await;
        child.assert_gone().await;
    }
}
