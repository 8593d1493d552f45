//! Codex tries again by itself when the model's stream breaks off: the caller sees one answer.

use scripted_model::{CodexConfig, EventStream, Message, Script};

use crate::{
    chat_stream::Rest,
    stack::{Options, PATIENCE, Stack},
};

async fn start() -> Stack {
    let codex_config = Some(CodexConfig { stream_max_retries: 1, ..CodexConfig::default() });
    Stack::start_with(Options { codex_config, ..Options::default() }).await
}

/// An answer that breaks off.
fn cut_after<const N: usize>(deltas: [&str; N]) -> EventStream {
    EventStream::default().message(Message::deltas(deltas).unfinished()).cut()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_attempt_that_says_the_same_is_not_told_twice() {
    let stack = start().await;
    for second in [Script::text("Hello world"), Script::deltas(["Hel", "lo", " w", "orld"])] {
        stack.model.push(cut_after(["Hello ", "wor"]));
        stack.model.push(second.clone());
        assert_eq!(stack.stream("Greet").await.rest().await, Rest::finished("Hello world"));

        stack.model.push(cut_after(["Hello ", "wor"]));
        stack.model.push(second);
        assert_eq!(stack.chat("Greet").await.text(), "Hello world");
    }
    assert_eq!(stack.model.wait_for_ended(8, PATIENCE).await.unwrap().len(), 8);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_attempt_that_says_something_else_replaces_a_whole_answer_and_breaks_a_stream() {
    let stack = start().await;
    for second in ["Goodbye world", "Hello", "Hello wars"] {
        stack.model.push(cut_after(["Hello ", "wor"]));
        stack.model.push(Script::text(second));
        assert_eq!(stack.chat("Greet").await.text(), second);

        stack.model.push(cut_after(["Hello ", "wor"]));
        stack.model.push(Script::text(second));
        let rest = stack.stream("Greet").await.rest().await;
        assert_eq!((rest.text.as_str(), rest.error_code()), ("Hello wor", "stream_disconnected"), "{second}");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_attempt_that_said_nothing_leaves_no_trace() {
    let stack = start().await;
    for first in [EventStream::default().cut(), EventStream::default().without_created().cut()] {
        stack.model.push(first);
        stack.model.push(Script::text("Hello world"));
        assert_eq!(stack.stream("Greet").await.rest().await, Rest::finished("Hello world"));
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_no_attempt_is_left_the_caller_learns_it() {
    let stack = start().await;
    stack.model.set_default(cut_after(["Hello ", "wor"]));
    let rest = stack.stream("Greet").await.rest().await;
    assert_eq!((rest.text.as_str(), rest.error_code()), ("Hello wor", "stream_disconnected"));
    let answer = stack.chat("Greet").await;
    assert_eq!(answer.error(502).0, "stream_disconnected");
    assert_eq!(stack.model.wait_for_ended(4, PATIENCE).await.unwrap().len(), 4);
    stack.stop().await;
}
