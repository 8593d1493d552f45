//! What the tests need of a Responses API client.

use std::time::Duration;

use reqwest::{Client, Response};
use scripted_model::ScriptedModel;
use serde_json::{Value, json};

/// Long enough for a busy machine; no test waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn start() -> ScriptedModel {
    ScriptedModel::start(([127, 0, 0, 1], 0).into()).await.unwrap()
}

pub(crate) fn request_text(text: &str) -> Value {
    json!({"stream": true, "input": [{"role": "user", "content": [{"type": "input_text", "text": text}]}]})
}

/// Sends a request and returns as soon as the head of the answer is there.
pub(crate) async fn post(model: &ScriptedModel, body: &Value) -> Response {
    let url = format!("{}/responses", model.base_url());
    Client::new().post(url).body(body.to_string()).send().await.unwrap()
}

/// The whole answer to "ping", which must be a finished stream, as events.
pub(crate) async fn ask(model: &ScriptedModel) -> Vec<Value> {
    let response = post(model, &request_text("ping")).await;
    assert_eq!(response.status(), 200);
    events(&response.text().await.unwrap())
}

/// Parses a stream and takes out what every event has: its name and its number, checked, and the clock.
pub(crate) fn events(stream: &str) -> Vec<Value> {
    let events = stream.split_terminator("\n\n").enumerate().map(|(number, event)| {
        let (name, data) = event.split_once('\n').unwrap();
        let mut data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(name.strip_prefix("event: "), data["type"].as_str());
        let fields = data.as_object_mut().unwrap();
        assert_eq!(fields.remove("sequence_number"), Some(number.into()));
        if let Some(response) = fields.get_mut("response").and_then(Value::as_object_mut) {
            assert!(response.remove("created_at").unwrap().as_u64().unwrap() > 1_700_000_000);
        }
        data
    });
    events.collect()
}

pub(crate) fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}
