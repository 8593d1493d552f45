//! A Codex that was greeted, and then does what it should not.

use std::time::{Duration, Instant};

use app_server::{
    AppServer, Error, Lost, ThreadEvent,
    protocol::{AccountRead, ThreadUnsubscribe},
};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::timeout;

use crate::child::{Child, GREET, PATIENCE};

/// More than the two pauses that a child gets to end by itself and by SIGTERM.
const STOP: Duration = Duration::from_secs(8);

async fn start(child: &Child) -> AppServer {
    child.start().await.unwrap()
}

#[tokio::test]
async fn a_child_that_ends_with_its_input_is_not_signalled() {
    let child = Child::new(&format!("{GREET} cat > /dev/null; echo bye >&2"));
    let exit = start(&child).await.shutdown().await;
    assert_eq!((exit.status.as_str(), exit.stderr), ("exit status: 0", vec!["bye".to_owned()]));
    child.assert_gone().await;
}

#[tokio::test]
async fn a_child_that_ignores_its_input_is_asked_by_signal() {
    let child =
        Child::new(&format!("trap 'echo asked >&2; exit 7' TERM; {GREET} while :; do sleep 0.05; done"));
    let exit = timeout(STOP, start(&child).await.shutdown()).await.unwrap();
    assert_eq!(
        (exit.status.as_str(), exit.stderr.last().map(String::as_str)),
        ("exit status: 7", Some("asked"))
    );
    child.assert_gone().await;
}

#[tokio::test]
async fn a_child_that_ignores_sigterm_is_killed_with_its_children() {
    let child = Child::new(&format!("trap '' TERM; sleep 1000 & {GREET} while :; do sleep 1; done"));
    let exit = timeout(STOP, start(&child).await.shutdown()).await.unwrap();
    assert_eq!(exit.status, "signal: 9 (SIGKILL)");
    child.assert_gone().await;
}

#[tokio::test]
async fn dropping_a_server_kills_its_child() {
    let child = Child::new(&format!("trap '' TERM; sleep 1000 & {GREET} while :; do sleep 1; done"));
    drop(start(&child).await);
    child.assert_gone().await;
}

#[tokio::test]
async fn what_was_asked_of_a_child_that_dies_fails_at_once() {
    let child = Child::new(&format!("{GREET} read -r initialized; read -r request; echo 'dead' >&2; exit 9"));
    let mut server = start(&child).await;
    let client = server.client().clone();
    let mut events = client.subscribe("t");
    let error = client.request(&AccountRead::default()).await.unwrap_err();
    assert!(matches!(error, Error::Closed { method: "account/read" }), "{error:?}");
    assert_eq!(events.next().await, Err(Lost::Closed));
    let exit = server.ended().await;
    assert_eq!((exit.status.as_str(), exit.stderr), ("exit status: 9", vec!["dead".to_owned()]));
    assert!(client.is_closed());
    child.assert_gone().await;
}

#[tokio::test]
async fn a_child_that_is_killed_is_noticed() {
    let child = Child::new(&format!("{GREET} cat > /dev/null"));
    let mut server = start(&child).await;
    assert!(timeout(Duration::from_millis(100), server.ended()).await.is_err(), "it lives");
    let pid = Pid::from_raw(i32::try_from(server.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    assert_eq!(timeout(PATIENCE, server.ended()).await.unwrap().status, "signal: 9 (SIGKILL)");
    child.assert_gone().await;
}

#[tokio::test]
async fn a_child_that_closes_its_output_has_ended_as_far_as_anyone_can_tell() {
    let child = Child::new(&format!("trap '' TERM; {GREET} exec >&-; while :; do sleep 1; done"));
    let mut server = start(&child).await;
    let exit = timeout(STOP, server.ended()).await.unwrap();
    assert_eq!(exit.status, "signal: 9 (SIGKILL)");
    child.assert_gone().await;
}

#[tokio::test]
async fn a_child_that_dies_and_leaves_its_pipes_to_a_grandchild_has_ended() {
    let child = Child::new(&format!("sleep 1000 & {GREET} exit 4"));
    let mut server = start(&child).await;
    let client = server.client().clone();
    assert_eq!(timeout(STOP, server.ended()).await.unwrap().status, "exit status: 4");
    child.assert_gone().await;
    // The grandchild held the output open; its death is the end of the connection.
    let error = timeout(STOP, client.request(&AccountRead::default())).await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error:?}");
}

/// Answers the request after a flood of notifications.
fn flood_then_answer(lines: u32, notification: &str) -> String {
    format!(
        "{GREET} read -r initialized; read -r request
         yes '{notification}' | head -n {lines}
         echo '{{\"id\":2,\"result\":{{\"requiresOpenaiAuth\":false}}}}'
         cat > /dev/null"
    )
}

const DELTA: &str = r#"{"method":"item/agentMessage/delta","params":{"threadId":"t","turnId":"u","itemId":"m","delta":"0123456789"}}"#;

#[tokio::test]
async fn a_flood_that_nobody_subscribed_to_is_passed_over() {
    let child = Child::new(&flood_then_answer(50_000, DELTA));
    let server = start(&child).await;
    assert!(!server.client().request(&AccountRead::default()).await.unwrap().requires_openai_auth);
    server.shutdown().await;
    child.assert_gone().await;
}

#[tokio::test]
async fn a_flood_reaches_its_subscriber_whole() {
    let child = Child::new(&flood_then_answer(50_000, DELTA));
    let server = start(&child).await;
    let mut events = server.client().subscribe("t");
    let response = server.client().send(&AccountRead::default()).unwrap();
    for _ in 0..50_000 {
        let event = timeout(PATIENCE, events.next()).await.unwrap();
        assert!(matches!(event, Ok(ThreadEvent::MessageDelta { .. })), "{event:?}");
    }
    assert!(!response.wait().await.unwrap().requires_openai_auth);
    server.shutdown().await;
    child.assert_gone().await;
}

#[tokio::test]
async fn a_child_that_never_stops_speaking_can_be_stopped() {
    for flood in [DELTA, "garbage"] {
        let child = Child::new(&format!("{GREET} trap '' TERM; yes '{flood}'"));
        let server = start(&child).await;
        let mut events = server.client().subscribe("t");
        drop(server.client().send(&ThreadUnsubscribe { thread_id: "t" }));
        let exit = timeout(STOP, server.shutdown()).await.unwrap();
        assert_eq!(exit.status, "signal: 9 (SIGKILL)");
        child.assert_gone().await;
        while events.next().await.is_ok() {}
    }
}

#[tokio::test]
async fn a_child_that_floods_its_standard_error_still_answers() {
    let child = Child::new(&format!(
        "yes 'a line' >&2 & {GREET} yes | tr -d '\\n' | head -c 3000000 >&2; read -r initialized; read -r request
         echo '{{\"id\":2,\"result\":{{\"requiresOpenaiAuth\":true}}}}'; cat > /dev/null"
    ));
    let server = start(&child).await;
    assert!(server.client().request(&AccountRead::default()).await.unwrap().requires_openai_auth);
    let exit = timeout(STOP, server.shutdown()).await.unwrap();
    assert!(exit.stderr.len() <= 100 && exit.stderr.iter().all(|line| line.len() < 10_000));
    child.assert_gone().await;
}

#[tokio::test]
async fn a_child_that_never_reads_can_be_stopped() {
    let child = Child::new(&format!("{GREET} exec sleep 1000"));
    let server = start(&child).await;
    // More than a pipe holds: the writer waits for ever.
    let thread_id = "t".repeat(1024 * 1024);
    let response = server.client().send(&ThreadUnsubscribe { thread_id: &thread_id }).unwrap();
    let since = Instant::now();
    let exit = timeout(STOP, server.shutdown()).await.unwrap();
    assert_eq!(exit.status, "signal: 15 (SIGTERM)");
    assert!(matches!(response.wait().await, Err(Error::Closed { .. })), "after {:?}", since.elapsed());
    child.assert_gone().await;
}
