//! A Codex that can't answer: not installed, or not signed in.

use std::time::{Duration, Instant};

use gateway::{Account, Status};
use scripted_model::Script;
use tokio::time::sleep;

use crate::stack::{Answer, MODEL, Options, Stack};

/// What the official SDKs do with an answer that asks to be tried again: twice, after the time that it says.
async fn chat_as_an_sdk_does(stack: &Stack) -> Answer {
    let mut answer = stack.chat("Say pong").await;
    for _ in 0..2 {
        if answer.status < 500 {
            break;
        }
        sleep(answer.retry_after.expect("when to try again")).await;
        answer = stack.chat("Say pong").await;
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codex_that_is_missing_is_looked_for_until_it_is_there() {
    let stack = Stack::start_with(Options { codex_is_installed: false, ..Options::default() }).await;
    stack.model.set_default(Script::text("pong"));
    let since = Instant::now();
    let answer = stack.chat("Say pong").await;
    println!("without Codex, the answer came after {:?}", since.elapsed());
    let (code, message) = answer.error(503);
    assert_eq!(code, "codex_unavailable");
    assert!(message.contains(stack.codex().to_str().unwrap()), "{message}");
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert_eq!(stack.get("/v1/models").await.error(503).0, "codex_unavailable");
    let health = stack.get("/healthz").await;
    assert_eq!((health.status, health.body["status"].as_str()), (503, Some("unavailable")));

    stack.install_codex();
    let since = Instant::now();
    assert_eq!(chat_as_an_sdk_does(&stack).await.text(), "pong");
    println!("with Codex, the answer came after {:?}", since.elapsed());
    assert_eq!(stack.get("/healthz").await.status, 200);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codex_that_is_not_signed_in_says_so_at_once() {
    let stack = Stack::start_with(Options { codex_config: None, ..Options::default() }).await;
    let status = stack.gateway.status().current();
    assert!(matches!(status, Status::Ready { account: Account::SignedOut, .. }), "{status:?}");

    let since = Instant::now();
    let answer = stack.chat("Say pong").await;
    let (code, message) = answer.error(503);
    assert_eq!(code, "codex_signed_out");
    assert!(message.contains("codex login"), "{message}");
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());

    let health = stack.get("/healthz").await;
    assert_eq!(health.body["codex"]["account"], "signed_out", "{}", health.body);
    let models = stack.get("/v1/models").await;
    let models = models.body["data"].as_array().unwrap();
    assert!(models.iter().any(|model| model["id"] == MODEL), "{models:?}");
    stack.stop().await;
}
