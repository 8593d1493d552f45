//! Starts that fail: the error says why, and nothing is left running.

use std::{fs, path::Path, time::Duration};

use app_server::{Error, LaunchError};

use crate::child::{Child, GREET, PATIENCE, command, start};

/// How long the children that never answer are waited for.
const SOON: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_child_that_ends_at_once_is_quoted() {
    let child = Child::new("echo starting >&2; echo 'cannot go on: key sk-12345678' >&2; exit 3");
    let error = child.start().await.unwrap_err();
    assert_eq!(error.to_string(), "Codex ended at its start (exit status: 3): cannot go on: key [redacted]");
    let LaunchError::Ended { stderr, .. } = error else { panic!("{error:?}") };
    assert_eq!(stderr, ["starting", "cannot go on: key [redacted]"]);
    child.assert_gone().await;
}

#[tokio::test]
async fn a_backtrace_does_not_hide_what_went_wrong() {
    let said = "Error: database or disk is full";
    let child =
        Child::new(&format!("printf '{said}\\n\\nStack backtrace:\\n   0: <unknown>\\n' >&2; exit 1"));
    let error = child.start().await.unwrap_err();
    assert_eq!(error.to_string(), format!("Codex ended at its start (exit status: 1): {said}"));
    child.assert_gone().await;
}

#[tokio::test]
async fn a_child_that_is_killed_at_once_says_so() {
    let child = Child::new("kill -9 $$");
    let error = child.start().await.unwrap_err();
    assert_eq!(error.to_string(), "Codex ended at its start (signal: 9 (SIGKILL))");
    child.assert_gone().await;
}

#[tokio::test]
async fn a_child_that_ends_at_once_is_not_waited_for_because_of_its_children() {
    // The `sleep` holds the pipes open.
    let child = Child::new("sleep 1000 & echo 'no more' >&2; exit 3");
    let error = child.start_within(PATIENCE / 2).await.unwrap_err();
    assert_eq!(error.to_string(), "Codex ended at its start (exit status: 3): no more");
    child.assert_gone().await;
}

#[tokio::test]
async fn a_child_that_never_answers_is_given_up() {
    for script in
        ["cat > /dev/null", "exec sleep 1000", "trap '' TERM INT HUP; sleep 1000 & while :; do sleep 1; done"]
    {
        let child = Child::new(script);
        let error = child.start_within(SOON).await.unwrap_err();
        let timed_out = matches!(
            error,
            LaunchError::Handshake(Error::TimedOut { method: "initialize", after }) if after == SOON
        );
        assert!(timed_out, "{error:?}");
        child.assert_gone().await;
    }
}

#[tokio::test]
async fn a_child_that_only_speaks_garbage_is_given_up() {
    for script in ["yes garbage", "yes '{\"id\": 99, \"result\": {}}'", "yes | tr -d '\\n'", "cat /dev/zero"]
    {
        let child = Child::new(script);
        let error = child.start_within(SOON).await.unwrap_err();
        assert!(matches!(error, LaunchError::Handshake(Error::TimedOut { .. })), "{script}: {error:?}");
        child.assert_gone().await;
    }
}

#[tokio::test]
async fn garbage_before_the_greeting_is_passed_over() {
    let child = Child::new(&format!("echo Welcome; echo; echo '{{'; {GREET} cat > /dev/null"));
    let server = child.start().await.unwrap();
    assert_eq!(server.server().user_agent, "codex-gateway/1.2.3 (fake)");
    server.shutdown().await;
    child.assert_gone().await;
}

#[tokio::test]
async fn a_child_that_closes_its_output_and_lives_on_is_given_up() {
    let child = Child::new("echo 'my output is closed' >&2; exec >&-; exec sleep 1000");
    let error = child.start().await.unwrap_err();
    assert!(error.to_string().ends_with("my output is closed"), "{error}");
    child.assert_gone().await;
}

#[tokio::test]
async fn a_child_that_refuses_the_greeting_is_quoted() {
    let child = Child::new(
        r#"read -r request; echo '{"id":1,"error":{"code":-32600,"message":"too old"}}'; cat > /dev/null"#,
    );
    let error = child.start().await.unwrap_err();
    assert_eq!(error.to_string(), "Codex started, but Codex refused `initialize`: too old (code -32600)");
    child.assert_gone().await;
}

#[tokio::test]
async fn a_greeting_in_an_unknown_form_is_an_error() {
    let child = Child::new(r#"read -r request; echo '{"id":1,"result":[]}'; cat > /dev/null"#);
    let error = child.start().await.unwrap_err();
    assert!(matches!(error, LaunchError::Handshake(Error::Answer { method: "initialize", .. })), "{error:?}");
    child.assert_gone().await;
}

#[tokio::test]
async fn what_cannot_be_executed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("codex");
    fs::write(&file, "not executable").unwrap();
    for program in [Path::new("/nowhere/codex"), &file, folder.path()] {
        let error = start(&command(program), PATIENCE).await.unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("the Codex at {} can't be started: ", program.display())),
            "{error}"
        );
        assert!(matches!(error, LaunchError::Spawn { path, .. } if path == program));
    }
}

#[tokio::test]
async fn a_start_that_is_cancelled_leaves_nothing() {
    for script in ["trap '' TERM; sleep 1000 & wait", "sleep 1000 & exit 0"] {
        let child = Child::new(script);
        let started = tokio::time::timeout(SOON, child.start()).await;
        assert!(!matches!(started, Ok(Ok(_))), "{script}");
        child.assert_gone().await;
    }
}
