//! Many requests: one after another, and at once.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use scripted_model::Script;
use tokio::time::sleep;

use crate::stack::{Answer, Stack, user_message};

/// Longer than Codex keeps a thread that nobody needs any more.
const UNLOAD: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_leave_no_memory_behind() {
    let stack = Stack::start().await;
    stack.model.set_default(Script::text("pong"));
    let measure = async || {
        sleep(UNLOAD).await;
        stack.codex_process().resident_kib / 1024
    };
    let fresh = measure().await;
    let mut after = Vec::new();
    for requests in [100, 900] {
        let since = Instant::now();
        for _ in 0..requests {
            assert_eq!(stack.say_pong().await, "pong");
        }
        println!("{requests} requests one after another: {:?} each", since.elapsed() / requests);
        after.push(measure().await);
    }
    println!("Codex's memory: {fresh} MiB before, {} after 100 requests, {} after 1000", after[0], after[1]);
    assert!(after[1] * 10 <= after[0] * 12, "it grew by more than a fifth: {after:?} MiB");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_turns_run_at_once() {
    let stack = Stack::start_with_settings(|settings| settings.max_active_turns = 16).await;
    stack.model.set_default(Script::text("po").pause(Duration::from_secs(1)).text("ng"));
    let since = Instant::now();
    let answers = join_all((0..16).map(|_| stack.chat("Say pong"))).await;
    let took = since.elapsed();
    println!("sixteen turns of one second at once: {took:?}");
    for answer in answers {
        assert_eq!(answer.text(), "po\n\nng");
    }
    assert!(took < Duration::from_secs(8), "{took:?}, and one after another is 16 s");
    stack.stop().await;
}

/// A limit makes the gateway count tokens as the answer grows. Chinese has no blanks at which a count could be settled.
#[tokio::test(flavor = "multi_thread")]
async fn counting_tokens_takes_no_longer_the_longer_the_answer_is() {
    let stack = Stack::start().await;
    let mut body = user_message("Tell me a story");
    body["max_completion_tokens"] = 100_000.into();
    let mut took = Vec::new();
    for deltas in [1_000, 4_000] {
        stack.model.set_default(Script::deltas((0..deltas).map(|_| "漢字")));
        let since = Instant::now();
        let answer = Answer::read(stack.post(&body).await).await;
        assert!(answer.text() == "漢字".repeat(deltas), "the answer was changed");
        println!("an answer of {deltas} deltas with a limit on tokens: {:?}", since.elapsed());
        took.push(since.elapsed());
    }
    // Four times as long in theory; sixteen times where each delta counts the whole answer again.
    assert!(took[1] < 10 * took[0].max(Duration::from_millis(500)), "{took:?}");
    stack.stop().await;
}
