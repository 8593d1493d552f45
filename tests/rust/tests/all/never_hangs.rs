//! Whatever Codex, the model and the callers do or leave undone, every turn ends.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rustix::process::{Pid, Signal, kill_process_group};
use scripted_model::{EventStream, How, Message, Script};
use serde_json::json;

use crate::{
    chat_stream::{ChatStream, Rest},
    stack::{MODEL, Options, PATIENCE, Stack, streamed, user_message},
};

/// With room for a busy machine.
const SOON: Duration = Duration::from_secs(1);

/// The real Codex, of whose words those with this in them never arrive.
fn without(word: &'static str) -> Options {
    Options { codex_is_muted: Some(word), ..Options::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_whose_end_codex_forgets_to_tell_ends_with_its_whole_answer() {
    let stack = Stack::start_with(without("\"turn/completed\"")).await;
    stack.model.set_default(Script::deltas(["po", "ng"]));
    let since = Instant::now();
    let (whole, stream) =
        tokio::join!(stack.say_pong(), async { stack.stream("Say pong").await.rest().await });
    println!("an end that was not told was noticed after {:?}", since.elapsed());
    assert_eq!((whole.as_str(), stream), ("pong", Rest::finished("pong")));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_of_which_nothing_is_heard_ends_with_an_error() {
    let stack = Stack::start_with_settings(|settings| settings.idle_timeout = Duration::from_secs(2)).await;
    // Each word begins the time anew, so that this takes longer than the limit.
    let lively = Message::deltas(["a", "b", "c", "d", "e"]).pause(Duration::from_millis(700));
    stack.model.set_default(EventStream::default().message(lively));
    assert_eq!(stack.say_pong().await, "abcde");

    stack.model.set_default(EventStream::default().message(Message::deltas(["po"]).unfinished()).hang());
    let rest = stack.stream("Say pong").await.rest().await;
    assert_eq!((rest.text.as_str(), rest.error_code()), ("po", "turn_timeout"));
    let error = rest.error.unwrap();
    assert!(error["message"].as_str().unwrap().contains("`idle_timeout_seconds`"), "{error}");
    let ended = stack.model.wait_for_ended(2, PATIENCE).await.unwrap();
    assert_eq!(ended[1].ended.unwrap().how, How::ClosedByClient);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codex_that_is_frozen_costs_an_error_and_no_request_for_ever() {
    let stack =
        Stack::start_with_settings(|settings| settings.request_timeout = Duration::from_secs(2)).await;
    let codex = stack.codex_process().group;
    signal(codex, Signal::STOP);
    let since = Instant::now();
    let answer = stack.chat("Say pong").await;
    assert!((500..600).contains(&answer.status), "{answer:?}");
    println!("a frozen Codex was told of after {:?}", since.elapsed());
    signal(codex, Signal::CONT);
    stack.model.set_default(Script::text("pong"));
    assert_eq!(stack.say_pong().await, "pong");

    signal(codex, Signal::STOP);
    let took = stack.stop().await;
    println!("stopped with a frozen Codex: {took:?}");
    assert!(took < Duration::from_secs(4), "{took:?}");
}

fn signal(group: u32, signal: Signal) {
    let group = Pid::from_raw(i32::try_from(group).unwrap()).unwrap();
    kill_process_group(group, signal).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_stops_the_model_at_once_and_is_logged_with_what_it_cost() {
    let stack = Stack::start().await;
    let mut feed = stack.gateway.log().subscribe();
    let words =
        Message::deltas((0..1_000).map(|number| format!("{number} "))).pause(Duration::from_millis(5));
    stack.model.set_default(EventStream::default().message(words));
    let mut took = Vec::new();
    for count in [1, 3, 10] {
        stack.model.clear();
        let mut stream = stack.stream("Count to a thousand, please").await;
        for _ in 0..count {
            stream.delta().await;
        }
        let since = Instant::now();
        drop(stream);
        let ended = stack.model.wait_for_ended(1, PATIENCE).await.unwrap();
        took.push(since.elapsed());
        assert_eq!(ended[0].ended.unwrap().how, How::ClosedByClient);
        let record = feed.recv().await.unwrap();
        assert_eq!((record.status, record.error.is_none()), (499, true));
        let tokens = record.tokens.unwrap();
        assert!(tokens.estimated, "{tokens:?}");
        assert!((5..20).contains(&tokens.input) && tokens.output >= count / 2, "{tokens:?}");
    }
    println!("after a hang-up the model was stopped within {took:?}");
    assert!(took.iter().all(|took| *took < SOON), "{took:?}");
    stack.stop().await;
}

/// Callers that stay connected and read nothing do not hold up a stop.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_callers_that_do_not_read() {
    let stack = Stack::start().await;
    let long = Message::deltas((0..40).map(|_| "x".repeat(256 * 1024)));
    stack.model.set_default(EventStream::default().message(long.unfinished()).hang());
    let body = streamed(user_message("Tell me everything"));
    let unread = join_all((0..4).map(|_| stack.post(&body))).await;
    let took = stack.stop().await;
    println!("stopped with four callers that do not read: {took:?}");
    assert!(took < Duration::from_secs(4), "{took:?}");
    for response in unread {
        // What had been sent is whole, and the connection ends.
        let _ = tokio::time::timeout(PATIENCE, response.bytes()).await.expect("the connection stays open");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_has_signs_of_life() {
    let stack = Stack::start().await;
    stack.model.set_default(EventStream::default().pause(Duration::from_secs(25)).text("pong"));
    let responses = json!({"model": MODEL, "input": "Say pong", "stream": true});
    let asked = [
        ("/chat/completions", streamed(user_message("Say pong")), "data: [DONE]\n\n"),
        ("/responses", responses, "}\n\n"),
    ];
    join_all(asked.map(async |(path, body, end)| {
        let since = Instant::now();
        let response = stack.post_to(path, &body).await;
        assert!(since.elapsed() < Duration::from_secs(15), "the head came after {:?}", since.elapsed());
        let text = response.text().await.unwrap();
        let comments = text.matches(": keep-alive\n\n").count();
        assert!((1..=2).contains(&comments), "{comments} comments in 25 s");
        assert!(text.ends_with(end), "{text}");
    }))
    .await;
    stack.model.set_default(Script::text("pong"));
    assert_eq!(
        ChatStream::new(stack.post(&streamed(json!(user_message("Say pong")))).await).rest().await.text,
        "pong"
    );
    stack.stop().await;
}
