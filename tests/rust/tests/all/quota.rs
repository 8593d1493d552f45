//! What is known of the account's limits, as the tray sees it and as the callers do.

use std::time::Duration;

use gateway::{Quota, QuotaWindow, Status, StatusWatch};
use scripted_model::Script;
use tokio::time::timeout;

use crate::stack::{Answer, PATIENCE, Stack, streamed, user_message};

fn pong(used_percent: u32, resets_in: u64) -> Script {
    Script::text("pong").five_hour_limit(used_percent, Duration::from_secs(resets_in)).into()
}

/// Waits until the limits are as they should be.
async fn reach(status: &mut StatusWatch, wanted: impl Fn(&Quota) -> bool) -> Quota {
    let reached = async {
        let mut now = status.current();
        loop {
            match now {
                Status::Ready { quota, .. } if wanted(&quota) => return quota,
                _ => now = status.changed().await,
            }
        }
    };
    timeout(PATIENCE, reached).await.expect("the limits are not as they should be")
}

/// What an answer tells of the limits.
fn told(answer: &Answer) -> [Option<&str>; 3] {
    ["limit", "remaining", "reset"].map(|what| answer.header(&format!("x-ratelimit-{what}-requests")))
}

#[tokio::test(flavor = "multi_thread")]
async fn without_limits_nothing_is_said() {
    let stack = Stack::start().await;
    stack.model.set_default(Script::text("pong"));
    let answer = stack.chat("Say pong").await;
    assert_eq!((answer.text().as_str(), told(&answer)), ("pong", [None; 3]));
    let Status::Ready { quota, .. } = stack.gateway.status().current() else { panic!("Codex is not ready") };
    assert_eq!(quota, Quota::default());
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_came_with_an_answer_are_shown_and_told_with_every_answer() {
    let stack = Stack::start().await;
    let mut status = stack.gateway.status();
    stack.model.set_default(pong(42, 7_830));
    let answer = stack.chat("Say pong").await;
    assert_eq!(answer.text(), "pong");
    let quota = reach(&mut status, |quota| !quota.windows.is_empty()).await;
    let [QuotaWindow { limit: None, used_percent, window: Some(window), resets_at: Some(_) }] =
        quota.windows.as_slice()
    else {
        panic!("{quota:?}")
    };
    assert_eq!((*used_percent, *window), (42.0, Duration::from_secs(5 * 3600)));

    stack.model.set_default(pong(43, 7_830));
    let streamed = stack.post(&streamed(user_message("Say pong"))).await;
    assert_eq!(streamed.headers()["x-ratelimit-limit-requests"], "100");
    drop(streamed);
    for answer in [stack.chat("Say pong").await, stack.get("/v1/models").await] {
        let [limit, remaining, reset] = told(&answer);
        assert_eq!((limit, remaining), (Some("100"), Some("57")));
        assert!(reset.unwrap().starts_with("2h10m") || reset.unwrap().starts_with("2h9m"), "{reset:?}");
    }
    // Nobody without the token learns of it, not even by an error.
    let refused = Answer::read(stack.post_with("wrong", &user_message("x")).await).await;
    assert_eq!((refused.error(401).0, told(&refused)), ("invalid_api_key", [None; 3]));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_meets_a_limit_is_told_how_long_it_lasts() {
    let stack = Stack::start().await;
    let used_up = Script::usage_limit_reached(4_000_000_000);
    stack.model.set_default(used_up.five_hour_limit(100, Duration::from_secs(7_830)));
    for body in [user_message("Say pong"), streamed(user_message("Say pong"))] {
        let answer = Answer::read(stack.post(&body).await).await;
        let (code, message) = answer.error(429);
        assert_eq!(code, "insufficient_quota");
        assert!(message.contains("The limit resets in 2 h "), "{message}");
        let wait = answer.retry_after.unwrap().as_secs();
        assert!((7_700..=7_830).contains(&wait), "{wait}");
        assert_eq!(answer.header("x-should-retry"), Some("false"));
        assert_eq!(told(&answer)[..2], [Some("100"), Some("0")]);
    }
    // The limit is known by now, and a rate limit is met because of it.
    stack.model.set_default(Script::error(429, serde_json::json!({"error": {"message": "Slow down."}})));
    let answer = stack.chat("Say pong").await;
    assert_eq!(answer.error(429).0, "rate_limit_exceeded");
    assert!(answer.retry_after.unwrap() > Duration::from_secs(7_000));
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_is_over_is_forgotten() {
    let stack = Stack::start().await;
    let mut status = stack.gateway.status();
    stack.model.set_default(pong(100, 3));
    stack.say_pong().await;
    reach(&mut status, |quota| quota.used_up().is_some()).await;
    // Those who watch are told, though nobody asks for anything.
    reach(&mut status, |quota| quota.windows.is_empty()).await;
    stack.stop().await;
}
