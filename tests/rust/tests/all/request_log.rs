//! The request log: one record a request, with all that is known of it and no secret.

use std::{sync::Arc, time::Duration};

use gateway::{
    log::{PromptBytes, Record, Tokens},
    settings::Unsupported,
};
use scripted_model::{EventStream, Message, Script, Usage};
use serde_json::json;

use crate::stack::{MODEL, PATIENCE, Stack};

/// A key that somebody sent by mistake.
const KEY: &str = "sk-proj-0123456789abcdef";

/// The records, once there are so many.
async fn records(stack: &Stack, count: usize) -> Vec<Arc<Record>> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while stack.gateway.log().records().len() < count {
        assert!(tokio::time::Instant::now() < deadline, "there are not {count} records");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stack.gateway.log().records()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_tells_all_about_its_request_but_what_was_said() {
    let stack =
        Stack::start_with_settings(|settings| settings.unsupported_parameters = Unsupported::Ignore).await;
    let usage = Usage { input_tokens: 11, cached_tokens: 3, output_tokens: 7, reasoning_tokens: 2 };
    stack.model.set_default(Script::deltas(["po", "ng"]).usage(usage));
    let body = json!({
        "model": MODEL, "messages": [{"role": "user", "content": "Say pöng"}],
        "stream": true, "temperature": 0, "top_p": 1, "user": "me",
    });
    stack.post(&body).await.text().await.unwrap();

    let records = records(&stack, 1).await;
    let record = records.last().unwrap();
    assert!(record.id.starts_with("req_"));
    assert_eq!((record.method.as_str(), record.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!((record.status, record.stream, &record.error), (200, true, &None));
    assert_eq!((record.model_asked.as_deref(), record.model_used.as_deref()), (Some(MODEL), Some(MODEL)));
    assert_eq!(
        record.tokens,
        Some(Tokens { input: 11, cached: 3, output: 7, reasoning: 2, estimated: false })
    );
    assert!(record.first_token_ms.unwrap() <= record.duration_ms);
    // What the model received is what was sent, to the byte.
    let bytes = "Say pöng".len();
    assert_eq!(record.prompt, Some(PromptBytes { sent: bytes, received: bytes }));
    assert_eq!(record.parameters.honoured, ["model", "messages", "stream"]);
    assert_eq!(record.parameters.neutral, ["top_p", "user"]);
    assert_eq!(record.parameters.ignored, ["temperature"]);
    let steps: Vec<String> = record.timeline.iter().map(|step| json!(step.name).to_string()).collect();
    let expected =
        [r#""admitted""#, r#""thread""#, r#""turn_started""#, r#""first_delta""#, r#""turn_completed""#];
    assert_eq!(steps, expected);
    assert_eq!(record.text, None);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agents_file_adds_shows_in_the_bytes() {
    let stack = Stack::start().await;
    stack.add_to_codex_home("AGENTS.md", "Always say moo.");
    // A thread that was started before does not know of it.
    for _ in 0..6 {
        stack.chat("Say pong").await;
    }
    let records = records(&stack, 6).await;
    let prompt = records.last().unwrap().prompt.unwrap();
    assert_eq!(prompt.sent, "Say pong".len());
    assert!(prompt.received > prompt.sent + "Always say moo.".len(), "{prompt:?}");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_kept_only_where_the_person_wants_it_and_without_secrets() {
    let stack = Stack::start_with_settings(|settings| settings.log_text = true).await;
    stack.model.set_default(Script::text(format!("Your key is {KEY}, I see.")));
    stack.chat(format!("My key is {KEY}.")).await;
    let records = records(&stack, 1).await;
    let text = records[0].text.clone().unwrap();
    assert_eq!(text.prompt, "My key is [redacted].");
    assert_eq!(text.answer, "Your key is [redacted], I see.");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_said_at_length_a_part_is_kept() {
    const KEPT: usize = 32 * 1024;
    let stack = Stack::start_with_settings(|settings| settings.log_text = true).await;
    let long = "long ".repeat(20_000);
    stack.model.set_default(Script::text(format!("It begins, {long}and ends.")));
    stack.chat(format!("It begins, {long}and ends.")).await;
    let records = records(&stack, 1).await;
    let text = records[0].text.clone().unwrap();
    assert!(text.prompt.starts_with("It begins, long") && text.prompt.ends_with("long and ends."));
    assert!(text.answer.starts_with("It begins, long") && text.answer.ends_with('…'));
    for part in [&text.prompt, &text.answer] {
        assert!((KEPT - 10..KEPT + 10).contains(&part.len()), "{}", part.len());
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_and_a_hang_up_are_recorded_as_such() {
    let stack = Stack::start().await;
    let mut feed = stack.gateway.log().subscribe();
    let refused = json!({"model": KEY, "messages": [{"role": "user", "content": "x"}]});
    stack.post(&refused).await.text().await.unwrap();
    let record = feed.recv().await.unwrap();
    assert_eq!(record.status, 404);
    let error = record.error.clone().unwrap();
    assert_eq!((error.code.as_deref(), error.param.as_deref()), (Some("model_not_found"), Some("model")));
    assert!(!format!("{record:?}{}", json!(*record)).contains(KEY));

    stack.model.set_default(EventStream::default().message(Message::deltas(["on"]).unfinished()).hang());
    let stream = json!({"model": MODEL, "messages": [{"role": "user", "content": "x"}], "stream": true});
    drop(stack.post(&stream).await);
    assert_eq!(feed.recv().await.unwrap().status, 499);
    stack.stop().await;
}
