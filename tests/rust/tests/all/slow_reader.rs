//! A caller that does not read its stream harms nobody but itself.

use std::time::{Duration, Instant};

use scripted_model::{EventStream, How, Message, Script};

use crate::{
    chat_stream::Rest,
    stack::{PATIENCE, Stack},
};

const PART: usize = 256 * 1024;

fn long_answer(parts: usize) -> EventStream {
    EventStream::default().message(Message::deltas((0..parts).map(|_| "x".repeat(PART))))
}

/// Another caller's requests, while the first does not read.
async fn assert_served(stack: &Stack) {
    stack.model.set_default(Script::text("pong"));
    for _ in 0..5 {
        let since = Instant::now();
        assert_eq!(stack.say_pong().await, "pong");
        assert_eq!(stack.stream("Say pong").await.rest().await, Rest::finished("pong"));
        assert!(since.elapsed() < Duration::from_secs(10), "served after {:?}", since.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_served_meanwhile_and_the_slow_one_gets_everything_in_the_end() {
    let stack = Stack::start().await;
    stack.model.set_default(long_answer(20));
    let slow = stack.stream("Tell me everything").await;
    // All of it is with the gateway, or on its way to the caller.
    stack.model.wait_for_ended(1, PATIENCE).await.unwrap();
    assert_served(&stack).await;
    let rest = slow.rest().await;
    assert!(rest.text == "x".repeat(20 * PART), "{} bytes", rest.text.len());
    assert!(rest.done && rest.error.is_none(), "{:?}", rest.error);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_lets_too_much_pile_up_loses_its_turn_and_is_told() {
    let stack = Stack::start().await;
    stack.model.set_default(long_answer(240).hang());
    let slow = stack.stream("Tell me everything").await;
    let requests = stack.model.wait_for_ended(1, PATIENCE).await.unwrap();
    assert_eq!(requests[0].ended.unwrap().how, How::ClosedByClient);
    assert_served(&stack).await;
    let rest = slow.rest().await;
    assert_eq!(rest.error_code(), "stream_overflow");
    assert!(rest.text.len() >= 16 * 1024 * 1024, "{} bytes", rest.text.len());
    stack.stop().await;
}
