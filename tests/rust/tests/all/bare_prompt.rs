//! The model gets the caller's messages and nothing else, whichever model it is.

use std::time::Duration;

use scripted_model::Script;
use serde_json::{Value, json};

use crate::stack::{Answer, Stack};

fn is_absent_or_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The input items, without the ids that Codex makes up.
pub(crate) fn input(request: &Value) -> Vec<Value> {
    let mut items = request["input"].as_array().unwrap().clone();
    for item in &mut items {
        item.as_object_mut().unwrap().remove("id");
    }
    items
}

#[tokio::test(flavor = "multi_thread")]
async fn every_model_gets_the_callers_message_and_nothing_else() {
    let stack = Stack::start().await;
    stack.model.set_default(Script::text("pong"));
    let models = stack.get("/v1/models").await;
    let models: Vec<_> =
        models.body["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(models.len() > 1, "{models:?}");
    for name in models {
        stack.model.clear();
        let body = json!({"model": name, "messages": [{"role": "user", "content": "Say pong"}]});
        assert_eq!(Answer::read(stack.post(&body).await).await.text(), "pong");
        let recorded = stack.model_request().await;
        let request = recorded.json();
        println!("{name}: {} bytes for \"Say pong\"", recorded.body_bytes);
        assert_eq!(request["model"], name);
        assert!(is_absent_or_empty(&request["tools"]), "{name}: {}", request["tools"]);
        assert!(is_absent_or_empty(&request["instructions"]), "{name}: {}", request["instructions"]);
        assert_eq!(request["text"].get("verbosity"), None, "{name}");
        let message = json!({
            "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say pong"}],
        });
        assert_eq!(input(&request), [message], "{name}");
        assert!(recorded.body_bytes < 4_000, "{name}: {request:#}");
    }
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_is_one_request_to_the_model() {
    let stack = Stack::start().await;
    stack.say_pong().await;
    // A hidden one, such as a summary or a title, would come soon after.
    assert!(stack.model.wait_for_requests(2, Duration::from_secs(1)).await.is_err());
    stack.stop().await;
}
