//! Each way in which an answer ends, for the client and in the log.

use reqwest::Response;
use scripted_model::{End, EventStream, How, Message, RecordedRequest, Script, ScriptedModel, Usage};
use serde_json::{Value, json};

use crate::client::{PATIENCE, ask, events, post, request_text, start, types};

async fn only_request(model: &ScriptedModel) -> RecordedRequest {
    let mut requests = model.wait_for_ended(1, PATIENCE).await.unwrap();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

async fn how_it_ended(model: &ScriptedModel) -> How {
    only_request(model).await.ended.unwrap().how
}

/// Reads until the body ends or breaks; says which.
async fn read_on(mut response: Response) -> (String, Result<(), reqwest::Error>) {
    let mut received = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => received.extend_from_slice(&chunk),
            Ok(None) => return (String::from_utf8(received).unwrap(), Ok(())),
            Err(error) => return (String::from_utf8(received).unwrap(), Err(error)),
        }
    }
}

#[tokio::test]
async fn completed_carries_the_given_usage() {
    let model = start().await;
    model.set_default(Script::text("pong").usage(Usage {
        input_tokens: 11,
        cached_tokens: 3,
        output_tokens: 7,
        reasoning_tokens: 2,
    }));
    let events = ask(&model).await;
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.completed");
    assert_eq!(
        last["response"]["usage"],
        json!({
            "input_tokens": 11, "input_tokens_details": {"cached_tokens": 3},
            "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 2},
            "total_tokens": 18,
        })
    );
    assert_eq!(how_it_ended(&model).await, How::Completed);
}

#[tokio::test]
async fn incomplete_says_why_and_what_it_used() {
    let model = start().await;
    model.set_default(Script::text("pong").incomplete("max_output_tokens"));
    let events = ask(&model).await;
    let last = events.last().unwrap();
    assert_eq!(last["type"], "response.incomplete");
    assert_eq!(last["response"]["status"], "incomplete");
    assert_eq!(last["response"]["incomplete_details"], json!({"reason": "max_output_tokens"}));
    assert_eq!(last["response"]["usage"]["output_tokens"], 1);
    assert_eq!(how_it_ended(&model).await, How::Completed);
}

#[tokio::test]
async fn failed_carries_the_error_and_no_usage() {
    let model = start().await;
    model.set_default(EventStream::default().failed("context_length_exceeded", "Too long."));
    let events = ask(&model).await;
    assert_eq!(types(&events), ["response.created", "response.failed"]);
    let response = &events[1]["response"];
    assert_eq!(response["status"], "failed");
    assert_eq!(response["error"], json!({"code": "context_length_exceeded", "message": "Too long."}));
    assert_eq!(response["usage"], Value::Null);
    assert_eq!(how_it_ended(&model).await, How::Completed);
}

#[tokio::test]
async fn a_cut_is_an_error_after_everything_that_was_sent() {
    let model = start().await;
    model.set_default(EventStream::default().message(Message::deltas(["po"]).unfinished()).cut());
    let (received, end) = read_on(post(&model, &request_text("ping")).await).await;
    end.expect_err("the body must be truncated");
    let events = events(&received);
    assert_eq!(types(&events).last(), Some(&"response.output_text.delta"));
    assert_eq!(how_it_ended(&model).await, How::Cut);
}

#[tokio::test]
async fn a_cut_at_once_still_sends_the_head() {
    let model = start().await;
    model.set_default(EventStream::default().without_created().cut());
    let response = post(&model, &request_text("ping")).await;
    assert_eq!(response.status(), 200);
    let (received, end) = read_on(response).await;
    end.expect_err("the body must be truncated");
    assert_eq!(received, "");
}

#[tokio::test]
async fn eof_is_a_whole_body_without_a_final_event() {
    let model = start().await;
    model.set_default(Script::text("pong").end(End::Eof));
    let (received, end) = read_on(post(&model, &request_text("ping")).await).await;
    end.unwrap();
    assert_eq!(types(&events(&received)).last(), Some(&"response.output_item.done"));
    assert_eq!(how_it_ended(&model).await, How::Completed);
}

#[tokio::test]
async fn a_hang_lasts_until_the_client_hangs_up() {
    let model = start().await;
    model.set_default(EventStream::default().hang());
    let mut response = post(&model, &request_text("ping")).await;
    assert!(response.chunk().await.unwrap().unwrap().starts_with(b"event: response.created\n"));
    let waited = tokio::time::timeout(std::time::Duration::from_millis(100), response.chunk()).await;
    assert!(waited.is_err(), "nothing more may come");
    assert_eq!(model.requests()[0].ended, None);

    drop(response);
    assert_eq!(how_it_ended(&model).await, How::ClosedByClient);
}

#[tokio::test]
async fn hanging_up_in_a_pause_is_recorded_too() {
    let model = start().await;
    model.set_default(Script::text("a").pause(10 * PATIENCE).text("b"));
    let mut response = post(&model, &request_text("ping")).await;
    response.chunk().await.unwrap();
    drop(response);
    let ended = only_request(&model).await.ended.unwrap();
    assert_eq!(ended.how, How::ClosedByClient);
    assert!(ended.after < PATIENCE);
}

#[tokio::test]
async fn an_http_error_has_its_status_headers_and_body() {
    let model = start().await;
    model.push(Script::rate_limited(7));
    model.push(Script::usage_limit_reached(1_900_000_000).header("x-codex-plan-type", "plus"));
    model.push(Script::error(502, "<h1>Bad gateway</h1>".into()).header("content-type", "text/html"));
    model.push(Script::error(401, Value::Null));

    let response = post(&model, &request_text("ping")).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(response.headers()["content-type"], "application/json");
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(body["error"]["code"], "rate_limit_exceeded");

    let response = post(&model, &request_text("ping")).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["x-codex-plan-type"], "plus");
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(body["error"]["type"], "usage_limit_reached");
    assert_eq!(body["error"]["resets_at"], 1_900_000_000);

    let response = post(&model, &request_text("ping")).await;
    assert_eq!(response.status(), 502);
    assert_eq!(response.headers()["content-type"], "text/html");
    assert_eq!(response.text().await.unwrap(), "<h1>Bad gateway</h1>");

    let response = post(&model, &request_text("ping")).await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.bytes().await.unwrap(), "");

    let ends: Vec<_> = model.requests().iter().map(|request| request.ended.unwrap().how).collect();
    assert_eq!(ends, [How::Completed; 4]);
}

#[tokio::test]
async fn a_stream_has_the_headers_that_it_was_given() {
    let model = start().await;
    model.set_default(Script::text("pong").header("x-codex-primary-used-percent", "42"));
    let response = post(&model, &request_text("ping")).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["x-codex-primary-used-percent"], "42");
}

#[tokio::test]
async fn a_script_that_is_not_http_says_so() {
    let model = start().await;
    for (script, message) in [
        (Script::error(42, Value::Null).into(), "`status` is 42"),
        (Script::error(400, Value::Null).header("bad name", "x").into(), "\"bad name\""),
        (Script::from(Script::text("pong").header("x-a", "line\nbreak")), "\"x-a\""),
    ] {
        model.set_default(script);
        let response = post(&model, &request_text("ping")).await;
        assert_eq!(response.status(), 500);
        let body = response.text().await.unwrap();
        assert!(body.contains(message.replace('"', "\\\"").as_str()), "{body}");
    }
    assert_eq!(model.wait_for_ended(3, PATIENCE).await.unwrap()[2].ended.unwrap().how, How::Completed);
}
