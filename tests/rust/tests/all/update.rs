//! A Codex that is updated while it works.

use std::time::Duration;

use scripted_model::{EventStream, Message, Script};
use tokio::time::{sleep, timeout};

use crate::{
    chat_stream::Rest,
    processes::processes,
    stack::{PATIENCE, Stack},
};

/// Longer than a gateway takes to notice that there is another Codex.
const LONG: Duration = Duration::from_secs(45);

#[tokio::test(flavor = "multi_thread")]
async fn the_new_one_takes_over_and_the_old_one_finishes_what_it_began() {
    const WORDS: u32 = 450;
    let stack = Stack::start().await;
    let words: Vec<String> = (0..WORDS).map(|number| format!("{number} ")).collect();
    stack
        .model
        .set_default(EventStream::default().message(Message::deltas(words.clone()).pause(LONG / WORDS)));
    let mut long = stack.stream("Count").await;
    assert_eq!(long.delta().await, words[0]);
    let old = stack.codex_process();
    stack.update_codex();
    let long = tokio::spawn(long.rest());

    // At no moment is a request refused.
    stack.model.set_default(Script::text("pong"));
    let taken_over = async {
        loop {
            assert_eq!(stack.say_pong().await, "pong");
            if processes().iter().filter(|it| it.serves(&stack.codex())).count() == 2 {
                return;
            }
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(PATIENCE, taken_over).await.expect("the new Codex was not noticed");
    assert!(!long.is_finished(), "the old one was still at work");
    assert_eq!(stack.say_pong().await, "pong");
    assert_eq!(long.await.unwrap(), Rest::finished(&words[1..].concat()));

    // Then it goes.
    let gone = async {
        while processes().iter().any(|it| it.group == old.group) {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("the old Codex stays");
    assert_eq!(stack.say_pong().await, "pong");
    stack.stop().await;
}
