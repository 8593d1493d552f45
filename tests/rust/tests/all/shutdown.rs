//! A gateway that is stopped while it works: everybody is told, and nothing is left.

use std::time::Duration;

use futures_util::future::join_all;
use scripted_model::{EventStream, How};
use tokio::time::sleep;

use crate::{
    chat_stream::ChatStream,
    stack::{Answer, Options, PATIENCE, Stack, streamed, user_message},
};

/// What a stop may take, with room for a busy machine.
const PROMPT: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_an_error_event() {
    let stack = Stack::start().await;
    stack.model.set_default(EventStream::default().text("Hello").hang());
    let mut streams = join_all((0..4).map(|_| stack.stream("Greet"))).await;
    for stream in &mut streams {
        assert_eq!(stream.delta().await, "Hello");
    }
    let rests = tokio::spawn(join_all(streams.into_iter().map(ChatStream::rest)));
    let took = stack.stop().await;
    println!("stopped with four streams under way: {took:?}");
    assert!(took < PROMPT, "{took:?}");
    for rest in rests.await.unwrap() {
        assert_eq!((rest.text.as_str(), rest.error_code()), ("", "codex_stopped"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_an_answer_yet_get_an_error() {
    let stack = Stack::start_with_settings(|settings| settings.max_active_turns = 2).await;
    stack.model.set_default(EventStream::default().hang());
    let running =
        [user_message("Wait"), streamed(user_message("Wait"))].map(|body| tokio::spawn(stack.post(&body)));
    stack.model.wait_for_requests(2, PATIENCE).await.unwrap();
    let queued = tokio::spawn(stack.post(&user_message("Wait for a place")));
    // Nothing tells from outside that a request is in the queue.
    sleep(Duration::from_secs(1)).await;
    let took = stack.stop().await;
    assert!(took < PROMPT, "{took:?}");
    for running in running {
        let answer = Answer::read(running.await.unwrap()).await;
        assert_eq!(answer.error(502).0, "codex_stopped");
    }
    let answer = Answer::read(queued.await.unwrap()).await;
    assert_eq!(answer.error(503).0, "codex_unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_is_hung_up_on() {
    let stack = Stack::start().await;
    stack.model.set_default(EventStream::default().text("Hello").hang());
    let mut stream = stack.stream("Greet").await;
    stream.delta().await;
    let Stack { model, gateway, .. } = stack;
    gateway.shutdown().await;
    let requests = model.wait_for_ended(1, PATIENCE).await.unwrap();
    assert_eq!(requests[0].ended.unwrap().how, How::ClosedByClient);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_gateway_stops_at_once() {
    let stack = Stack::start().await;
    stack.say_pong().await;
    let took = stack.stop().await;
    println!("stopped when idle: {took:?}");
    assert!(took < PROMPT, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_still_starting_stops_too() {
    let stack = Stack::start_with(Options { codex_is_installed: false, ..Options::default() }).await;
    stack.install_codex();
    let took = stack.stop().await;
    assert!(took < PROMPT, "{took:?}");
}
