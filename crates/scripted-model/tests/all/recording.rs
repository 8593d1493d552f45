//! What was asked is recorded exactly, and only so much of it.

use std::time::{Duration, SystemTime};

use reqwest::{Client, StatusCode};
use scripted_model::{CodexConfig, EventStream, How, Limits, Script, ScriptedModel, Until};
use serde_json::{Value, json};

use crate::client::{PATIENCE, ask, post, request_text, start};

#[tokio::test]
async fn a_request_is_recorded_exactly() {
    const BODY: &str = "{ \"z\": 1.0,\n  \"a\": [\"é\", 1e3] }";
    let model = start().await;
    let before = SystemTime::now();
    Client::new()
        .post(format!("{}/responses?a=b", model.base_url()))
        .header("X-Custom", "one")
        .header("x-custom", "two")
        .body(BODY)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();

    let requests = model.requests();
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, "/v1/responses?a=b");
    assert_eq!(request.headers["x-custom"], "one, two");
    assert_eq!(request.headers["host"], model.address().to_string());
    assert_eq!(request.body_bytes, BODY.len());
    assert_eq!(request.body.as_deref(), Some(BODY.as_bytes()));
    assert_eq!(request.json(), json!({"z": 1.0, "a": ["é", 1000.0]}));
    assert!((before..SystemTime::now()).contains(&request.arrived));
    assert_eq!(request.ended.unwrap().how, How::Completed);
}

#[tokio::test]
async fn a_large_body_arrives_whole() {
    let model = start().await;
    let body = request_text(&"0123456789abcdef".repeat(512 * 1024));
    post(&model, &body).await.text().await.unwrap();
    assert!(model.requests()[0].json() == body, "8 MB are not equal");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_kept_as_text() {
    let model = start().await;
    let url = format!("{}/responses", model.base_url());
    Client::new().post(url).body(&b"not \xff JSON"[..]).send().await.unwrap();
    assert_eq!(model.requests()[0].json(), "not \u{fffd} JSON");
}

#[tokio::test]
async fn scripts_are_taken_in_order_then_the_default() {
    let model = start().await;
    model.set_default(Script::text("default"));
    model.push(Script::text("first"));
    model.push(Script::error(503, Value::Null));
    model.push(Script::text("third"));

    let delta = async || ask(&model).await[3]["delta"].clone();
    assert_eq!(delta().await, "first");
    assert_eq!(post(&model, &request_text("ping")).await.status(), 503);
    assert_eq!(delta().await, "third");
    assert_eq!(delta().await, "default");
    assert_eq!(delta().await, "default");

    model.push(Script::text("forgotten"));
    model.clear_queue();
    assert_eq!(delta().await, "default");
}

#[tokio::test]
async fn other_requests_are_recorded_but_take_no_script() {
    let model = start().await;
    model.push(Script::text("for the POST"));
    let response = Client::new().get(format!("{}/models", model.base_url())).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(response.text().await.unwrap().contains("GET /v1/models is not scripted"));
    let response = Client::new().get(format!("{}/responses", model.base_url())).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);

    assert_eq!(ask(&model).await[3]["delta"], "for the POST");
    let asked: Vec<_> = model.requests().into_iter().map(|request| (request.method, request.path)).collect();
    let expected = [("GET", "/v1/models"), ("GET", "/v1/responses"), ("POST", "/v1/responses")];
    assert_eq!(asked, expected.map(|(method, path)| (method.to_owned(), path.to_owned())));
}

#[tokio::test]
async fn only_so_much_is_remembered() {
    let limits = Limits { requests: 4, bodies: 2 };
    let model = ScriptedModel::start_with(([127, 0, 0, 1], 0).into(), limits).await.unwrap();
    model.set_default(Script::error(200, Value::Null));
    for number in 0..6 {
        post(&model, &json!({"number": number})).await;
    }
    let requests = model.wait_for_requests(6, PATIENCE).await.unwrap();
    let remembered: Vec<_> = requests
        .iter()
        .map(|request| (request.id, request.body_bytes, request.json()["number"].as_u64()))
        .collect();
    assert_eq!(remembered, [(2, 12, None), (3, 12, None), (4, 12, Some(4)), (5, 12, Some(5))]);
    assert_eq!(requests[0].json(), Value::Null);
    assert_eq!(requests[0].ended.unwrap().how, How::Completed);
}

#[tokio::test]
async fn clearing_forgets_even_what_is_under_way() {
    let model = start().await;
    model.push(EventStream::default().hang());
    let hanging = post(&model, &request_text("ping")).await;
    model.clear();
    assert!(model.requests().is_empty());
    ask(&model).await;
    drop(hanging);

    let timeout = Duration::from_millis(200);
    let timed_out = model.wait_for_ended(2, timeout).await.unwrap_err();
    assert_eq!((timed_out.seen, timed_out.wanted, timed_out.until), (1, 2, Until::Ended));
    assert_eq!(timed_out.to_string(), "only 1 of 2 requests have ended after 200ms");
    assert_eq!(model.requests().len(), 1);
}

#[tokio::test]
async fn waiting_ends_when_the_request_comes() {
    let model = start().await;
    model.set_default(EventStream::default().hang());
    let request = request_text("ping");
    let (requests, response) = tokio::join!(model.wait_for_requests(1, PATIENCE), post(&model, &request));
    assert_eq!(requests.unwrap()[0].ended, None);
    let (requests, ()) = tokio::join!(model.wait_for_ended(1, PATIENCE), async { drop(response) });
    assert_eq!(requests.unwrap()[0].ended.unwrap().how, How::ClosedByClient);
}

#[tokio::test]
async fn codex_home_points_to_the_server() {
    let model = start().await;
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("new/home");
    let config = CodexConfig { request_max_retries: 2, ..CodexConfig::default() };
    model.codex_home(&home, &config).unwrap();
    let text = std::fs::read_to_string(home.join("config.toml")).unwrap();
    assert_eq!(text, model.config_toml(&config));
    assert_eq!(
        text,
        format!(
            r#"model = "gpt-5.5"
model_provider = "scripted"

[model_providers.scripted]
name = "Scripted"
base_url = "{}"
wire_api = "responses"
request_max_retries = 2
stream_max_retries = 0
"#,
            model.base_url()
        )
    );
    let patient = CodexConfig { stream_idle_timeout_ms: Some(500), ..CodexConfig::default() };
    assert!(model.config_toml(&patient).ends_with("stream_idle_timeout_ms = 500\n"));
}
