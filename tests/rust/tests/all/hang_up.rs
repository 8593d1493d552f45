//! Callers that hang up: their turn is ended, and their place is free.

use std::time::{Duration, Instant};

use reqwest::Response;
use scripted_model::{EventStream, How, Message, Script};
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::stack::{Answer, PATIENCE, Stack, streamed, user_message};

/// A gateway with one place, so that the next request tells whether it is free.
async fn start() -> Stack {
    Stack::start_with_settings(|settings| settings.max_active_turns = 1).await
}

/// How the only answer of the model ended.
async fn how_it_ended(stack: &Stack) -> How {
    let requests = stack.model.wait_for_ended(1, PATIENCE).await.unwrap();
    requests[0].ended.unwrap().how
}

async fn assert_free(stack: &Stack) {
    stack.model.set_default(Script::text("pong"));
    let since = Instant::now();
    assert_eq!(stack.say_pong().await, "pong");
    assert!(since.elapsed() < Duration::from_secs(10), "the place was free after {:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_first_byte() {
    let stack = start().await;
    for body in [user_message("Say pong"), streamed(user_message("Say pong"))] {
        stack.model.clear();
        stack.model.set_default(EventStream::default().hang());
        let waiting = tokio::spawn(stack.post(&body));
        stack.model.wait_for_requests(1, PATIENCE).await.unwrap();
        waiting.abort();
        assert_eq!(how_it_ended(&stack).await, How::ClosedByClient);
        assert_free(&stack).await;
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_soon_as_the_request_is_sent() {
    let stack = start().await;
    stack.model.set_default(EventStream::default().hang());
    // At no particular moment: while the thread is taken, the turn started, the model asked.
    for microseconds in (0..20).map(|step| step * 1_500) {
        let waiting = tokio::spawn(stack.post(&user_message("Say pong")));
        sleep(Duration::from_micros(microseconds)).await;
        waiting.abort();
    }
    assert_free(&stack).await;
    let requests = stack.model.requests();
    stack.model.wait_for_ended(requests.len() as u64, PATIENCE).await.unwrap();
    let completed =
        stack.model.requests().iter().filter(|it| it.ended.unwrap().how == How::Completed).count();
    assert_eq!(completed, 1, "every answer but the last was for nobody");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_some_deltas() {
    let stack = start().await;
    let endless =
        Message::deltas((0..10_000).map(|number| format!("{number} "))).pause(Duration::from_millis(20));
    for deltas in [1, 5] {
        stack.model.clear();
        stack.model.set_default(EventStream::default().message(endless.clone()));
        let mut stream = stack.stream("Count").await;
        for number in 0..deltas {
            assert_eq!(stream.delta().await, format!("{number} "));
        }
        drop(stream);
        assert_eq!(how_it_ended(&stack).await, How::ClosedByClient);
        assert_free(&stack).await;
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_queue() {
    let stack = Stack::start_with_settings(|settings| {
        settings.max_active_turns = 1;
        settings.max_queued_turns = 1;
    })
    .await;
    stack.model.set_default(EventStream::default().text("working").hang());
    let mut running = stack.stream("Wait").await;
    assert_eq!(running.delta().await, "working");
    stack.model.set_default(Script::text("pong"));

    let gone = queued(&stack).await;
    assert_eq!(stack.chat("One too many").await.error(429).0, "too_many_requests");
    gone.abort();
    // The next caller takes the place in the queue, and then the turn.
    let next = queued(&stack).await;
    drop(running);
    assert_eq!(Answer::read(timeout(PATIENCE, next).await.unwrap().unwrap()).await.text(), "pong");

    let requests = stack.model.wait_for_ended(2, PATIENCE).await.unwrap();
    assert_eq!(requests.len(), 2, "who hung up in the queue never reached the model");
    stack.stop().await;
}

/// A request that waits in the queue, as soon as there is room for it.
async fn queued(stack: &Stack) -> JoinHandle<Response> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let waiting = tokio::spawn(stack.post(&user_message("Say pong")));
        // A request that finds no room is refused at once.
        sleep(Duration::from_secs(1)).await;
        if !waiting.is_finished() {
            return waiting;
        }
    }
    panic!("there is no room in the queue");
}
