//! Somebody signs in, or out, or in anew, in another terminal, while the gateway runs.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use gateway::{Account, LaunchError, Status, StatusWatch};
use scripted_model::{CodexConfig, Script};
use serde_json::json;
use tokio::time::timeout;

use crate::stack::{Options, PATIENCE, Stack};

const LOGIN: &[&str] = &["login", "--with-api-key"];

/// A model that wants Codex to be signed in.
async fn start() -> Stack {
    let codex_config = Some(CodexConfig { requires_openai_auth: true, ..CodexConfig::default() });
    let stack = Stack::start_with(Options { codex_config, ..Options::default() }).await;
    stack.model.set_default(Script::text("pong"));
    stack
}

async fn reach(status: &mut StatusWatch, wanted: impl Fn(&Status) -> bool) -> Status {
    let reached = async {
        let mut now = status.current();
        while !wanted(&now) {
            now = status.changed().await;
        }
        now
    };
    timeout(PATIENCE, reached).await.expect("the status is not as it should be")
}

fn is_signed_in(status: &Status) -> bool {
    matches!(status, Status::Ready { account: Account::SignedIn { .. }, .. })
}

fn is_signed_out(status: &Status) -> bool {
    matches!(status, Status::Ready { account: Account::SignedOut, .. })
}

/// With which key the model was last asked.
fn last_key(stack: &Stack) -> String {
    stack.model.requests().last().unwrap().headers["authorization"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_elsewhere_is_seen_without_a_restart() {
    let stack = start().await;
    let mut status = stack.gateway.status();
    assert!(is_signed_out(&status.current()));
    assert_eq!(stack.chat("Say pong").await.error(503).0, "codex_signed_out");

    stack.codex_command(LOGIN, "sk-fake-one").await;
    let since = Instant::now();
    let ready = reach(&mut status, is_signed_in).await;
    println!("a sign-in in another terminal was seen after {:?}", since.elapsed());
    assert!(
        matches!(ready, Status::Ready { account: Account::SignedIn { kind, .. }, .. } if kind == "apiKey")
    );
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert_eq!(stack.get("/healthz").await.body["codex"]["account"], "signed_in");
    assert_eq!(stack.say_pong().await, "pong");
    assert_eq!(last_key(&stack), "Bearer sk-fake-one");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_no_longer_accepted_is_read_again() {
    let stack = start().await;
    let mut status = stack.gateway.status();
    stack.codex_command(LOGIN, "sk-fake-one").await;
    reach(&mut status, is_signed_in).await;
    stack.say_pong().await;

    stack.codex_command(&["logout"], "").await;
    stack.codex_command(LOGIN, "sk-fake-two").await;
    let refusal = Script::error(401, json!({"error": {"message": "This key was revoked."}}));
    stack.model.push(refusal);
    let answer = stack.chat("Say pong").await;
    assert_eq!(answer.error(503).0, "codex_signed_out");
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    reach(&mut status, |status| matches!(status, Status::Starting { .. })).await;
    reach(&mut status, is_signed_in).await;
    assert_eq!(stack.say_pong().await, "pong");
    assert_eq!(last_key(&stack), "Bearer sk-fake-two");

    stack.codex_command(&["logout"], "").await;
    stack.gateway.read_sign_in_again();
    reach(&mut status, is_signed_out).await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codex_that_is_too_old_is_named_until_it_is_updated() {
    let stack = Stack::start_with(Options { codex_is_installed: false, ..Options::default() }).await;
    // The real Codex with one method less.
    let codex = std::env::var("CODEX_GATEWAY_CODEX").unwrap();
    let old = format!(
        "#!/bin/sh\ncase \"$*\" in\n*app-server*) sed -u s,thread/inject_items,thread/inject_none, | {codex} \"$@\" \
         | sed -u s,thread/inject_none,thread/inject_items, ;;\n*) exec {codex} \"$@\" ;;\nesac\n"
    );
    fs::write(stack.codex(), old).unwrap();
    fs::set_permissions(stack.codex(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut status = stack.gateway.status();
    let too_old = |status: &Status| {
        matches!(status, Status::Trouble { error, .. }
            if matches!(&**error, LaunchError::TooOld { version, lacks: "thread/inject_items" } if version.starts_with("0.")))
    };
    reach(&mut status, too_old).await;
    let answer = stack.chat("Say pong").await;
    let (code, message) = answer.error(503);
    assert_eq!(code, "codex_unavailable");
    assert!(message.contains("is too old: it lacks thread/inject_items"), "{message}");

    fs::remove_file(stack.codex()).unwrap();
    stack.install_codex();
    reach(&mut status, |status| matches!(status, Status::Ready { .. })).await;
    stack.model.set_default(Script::text("pong"));
    assert_eq!(stack.say_pong().await, "pong");
    stack.stop().await;
}
