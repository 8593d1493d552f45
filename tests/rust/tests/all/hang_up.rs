//! Callers that hang up: their turn is ended, and their place is free.

use std::time::{Duration, Instant};

use reqwest::Response;
use scripted_model::{EventStream, How, Message, Script};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::stack::{Answer, MODEL, PATIENCE, Stack, streamed, user_message};

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

/// Of the request as well as of the answer, whatever the API. A stream that is cut is noticed as soon as it is.
#[tokio::test(flavor = "multi_thread")]
async fn at_any_byte() {
    let stack = start().await;
    let endless =
        Message::deltas((0..10_000).map(|number| format!("{number} "))).pause(Duration::from_millis(1));
    let responses = json!({"model": MODEL, "input": "Count", "stream": true});
    let mut took = Vec::new();
    for (path, body) in [("/chat/completions", streamed(user_message("Count"))), ("/responses", responses)] {
        let request = stack.raw_request(path, &body);
        // What is cut before its end reaches nobody.
        stack.model.clear();
        for length in (0..request.len()).step_by(23).chain([request.len() - 1]) {
            let mut caller = TcpStream::connect(stack.gateway.address()).await.unwrap();
            caller.write_all(&request[..length]).await.unwrap();
        }
        assert_free(&stack).await;
        assert_eq!(stack.model.requests().len(), 1, "only that which was whole");

        for length in (1..400).step_by(57).chain([1_000, 5_000]) {
            stack.model.clear();
            stack.model.set_default(EventStream::default().message(endless.clone()));
            let mut caller = TcpStream::connect(stack.gateway.address()).await.unwrap();
            caller.write_all(&request).await.unwrap();
            let mut answer = vec![0; length];
            timeout(PATIENCE, caller.read_exact(&mut answer)).await.unwrap().unwrap();
            let since = Instant::now();
            drop(caller);
            assert_eq!(how_it_ended(&stack).await, How::ClosedByClient);
            took.push(since.elapsed());
        }
        assert_free(&stack).await;
    }
    took.sort_unstable();
    println!("after a hang-up the model was stopped within {took:?}");
    // A busy machine is late now and then, but not mostly.
    assert!(took[took.len() / 2] < Duration::from_millis(100), "{took:?}");
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
