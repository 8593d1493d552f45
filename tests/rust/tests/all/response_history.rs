//! Responses that outlive the gateway.

use std::path::PathBuf;

use gateway::HistoryKey;
use serde_json::{Value, json};

use crate::stack::{Answer, MODEL, Options, Stack};

fn options(file: PathBuf, key: u8) -> Options {
    Options { history: Some((file, HistoryKey::new([key; 32]))), ..Options::default() }
}

async fn say(stack: &Stack, text: &str, previous: Option<&Value>) -> Answer {
    let body = json!({"model": MODEL, "input": text, "previous_response_id": previous});
    Answer::read(stack.post_to("/responses", &body).await).await
}

#[tokio::test]
async fn a_response_outlives_the_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("responses.redb");
    let stack = Stack::start_with(options(file.clone(), 7)).await;
    let first = say(&stack, "My name is Ada.", None).await;
    assert_eq!(first.status, 200, "{}", first.body);
    stack.stop().await;

    let stack = Stack::start_with(options(file.clone(), 7)).await;
    let second = say(&stack, "What is my name?", Some(&first.body["id"])).await;
    assert_eq!(second.status, 200, "{}", second.body);
    let request = stack.model_request().await.json();
    let said: Vec<_> =
        request["input"].as_array().unwrap().iter().map(|item| &item["content"][0]["text"]).collect();
    assert_eq!(said, ["My name is Ada.", "You said: My name is Ada.", "What is my name?"]);
    stack.stop().await;

    // With another key, nothing is found, and everything else works.
    let stack = Stack::start_with(options(file, 8)).await;
    let third = say(&stack, "And now?", Some(&first.body["id"])).await;
    assert_eq!(third.error(400).0, "previous_response_not_found");
    assert_eq!(say(&stack, "And now?", None).await.status, 200);
    stack.stop().await;
}
