//! The control requests, as tests in other languages use them.

use reqwest::{Client, Method, StatusCode};
use scripted_model::{
    Echo, End, EventStream, FunctionCall, Message, Phase, Reasoning, Script, ScriptedModel, Step, Usage,
};
use serde_json::{Value, json};

use crate::client::{ask, post, request_text, start};

async fn control(
    model: &ScriptedModel,
    method: Method,
    path: &str,
    body: impl ToString,
) -> (StatusCode, Value) {
    let url = format!("{}{path}", model.control_url());
    let response = Client::new().request(method, url).body(body.to_string()).send().await.unwrap();
    let status = response.status();
    let body = response.text().await.unwrap();
    (status, if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() })
}

fn pong(text: &str) -> Value {
    json!({"steps": [{"text": text}]})
}

#[tokio::test]
async fn scripts_are_set_queued_and_forgotten() {
    let model = start().await;
    let done = (StatusCode::NO_CONTENT, Value::Null);
    assert_eq!(control(&model, Method::PUT, "/default", pong("default")).await, done);
    assert_eq!(control(&model, Method::POST, "/push", pong("pushed")).await, done);
    assert_eq!(ask(&model).await[3]["delta"], "pushed");
    assert_eq!(ask(&model).await[3]["delta"], "default");

    control(&model, Method::POST, "/push", json!({"status": 503})).await;
    assert_eq!(control(&model, Method::DELETE, "/queue", "").await, done);
    assert_eq!(ask(&model).await[3]["delta"], "default");
}

#[tokio::test]
async fn every_script_survives_json() {
    let full = json!({
        "steps": [
            {"reasoning": {"summary": [["Think", "ing"], ["More"]], "encrypted_content": "opaque",
                           "pause_ms": 1, "unfinished": false}},
            {"pause_ms": 20},
            {"message": {"deltas": ["po", "ng"], "pause_ms": 5, "phase": "final_answer", "unfinished": true}},
            {"text": "plain"},
            {"echo": {"prefix": "> ", "pause_ms": 2}},
            {"function_call": {"name": "f", "arguments": "{}", "call_id": "call_1", "unfinished": false}},
            {"event": {"type": "response.anything", "field": [1]}},
            {"garbage": "text"},
            {"garbage": [255, 0]},
        ],
        "end": {"failed": {"code": "server_error", "message": "Oh."}},
        "usage": {"input_tokens": 11, "cached_tokens": 3, "output_tokens": 7, "reasoning_tokens": 2},
        "headers": {"x-a": "b"},
        "created": false,
    });
    let script = Script::from_json(full.to_string().as_bytes()).unwrap();
    let mut reasoning = Reasoning::deltas(["Think", "ing"]).encrypted("opaque");
    reasoning.summary.push(vec!["More".to_owned()]);
    reasoning.pause_ms = 1;
    let message = Message {
        deltas: vec!["po".to_owned(), "ng".to_owned()],
        pause_ms: 5,
        phase: Some(Phase::FinalAnswer),
        unfinished: true,
    };
    let built = EventStream::default()
        .reasoning(reasoning)
        .pause(std::time::Duration::from_millis(20))
        .message(message)
        .text("plain")
        .echo(Echo { prefix: "> ".to_owned(), pause_ms: 2 })
        .function_call("f", "{}", "call_1")
        .event("response.anything", json!({"field": [1]}))
        .garbage("text")
        .garbage([255, 0])
        .failed("server_error", "Oh.")
        .usage(Usage { input_tokens: 11, cached_tokens: 3, output_tokens: 7, reasoning_tokens: 2 })
        .header("x-a", "b")
        .without_created();
    assert_eq!(script, built.into());
    assert_eq!(serde_json::to_value(&script).unwrap(), full);

    let error = json!({"status": 429, "headers": {"retry-after": "7"}, "body": {"error": {}}});
    let script = Script::from_json(error.to_string().as_bytes()).unwrap();
    assert_eq!(script, Script::error(429, json!({"error": {}})).header("retry-after", "7").into());
    assert_eq!(serde_json::to_value(&script).unwrap(), error);
}

#[tokio::test]
async fn what_is_left_out_has_a_default() {
    let short = json!({"steps": [
        {"message": {"deltas": ["a"]}},
        {"reasoning": {}},
        {"function_call": {"name": "f", "arguments": ""}},
        {"echo": {}},
    ]});
    let call = FunctionCall { name: "f".to_owned(), ..FunctionCall::default() };
    let built = Script::deltas(["a"])
        .reasoning(Reasoning::default())
        .step(Step::FunctionCall(call))
        .echo(Echo::default())
        .end(End::Completed);
    assert_eq!(Script::from_json(short.to_string().as_bytes()).unwrap(), built.into());

    for (end, expected) in [
        (json!("cut"), End::Cut),
        (json!("hang"), End::Hang),
        (json!("eof"), End::Eof),
        (json!({"incomplete": {"reason": "r"}}), End::Incomplete { reason: "r".to_owned() }),
    ] {
        let script = json!({"steps": [], "end": end}).to_string();
        let built = EventStream::default().end(expected);
        assert_eq!(Script::from_json(script.as_bytes()).unwrap(), built.into());
    }
}

#[tokio::test]
async fn a_bad_script_is_refused_by_name() {
    let model = start().await;
    for (script, complaint) in [
        (json!({"steps": [{"text": "a"}, {"mesage": {}}]}), "steps[1]"),
        (json!({"steps": [{"mesage": {}}]}), "unknown variant `mesage`"),
        (json!({"steps": [{"message": {"delta": []}}]}), "unknown field `delta`"),
        (json!({"steps": [{"message": {"deltas": "a"}}]}), "steps[0].message.deltas"),
        (json!({"steps": [{"event": {"a": 1}}]}), "missing field `type`"),
        (json!({"steps": [{"garbage": [256]}]}), "256"),
        (json!({"steps": [], "end": "never"}), "unknown variant `never`"),
        (json!({"steps": [], "end": {"incomplete": {"reason": "r", "why": 1}}}), "unknown field `why`"),
        (json!({"steps": [], "usage": {"input_tokens": -1, "output_tokens": 1}}), "usage.input_tokens"),
        (json!({"step": []}), "unknown field `step`"),
        (json!({}), "`steps` (a stream of events) or `status` (an answer without one) is missing"),
        (json!({"status": 400, "steps": []}), "`steps` belongs to a stream of events"),
        (json!({"status": 400, "usage": {"input_tokens": 1, "output_tokens": 1}}), "`usage` belongs"),
        (json!({"steps": [], "body": {}}), "`body` belongs to an answer with a `status`"),
        (json!({"status": 99}), "`status` is 99, not from 200 to 599"),
        (json!({"status": 101}), "`status` is 101"),
        (json!({"steps": [], "headers": {"a b": "c"}}), "\"a b\""),
        (json!("pong"), "invalid type: string \"pong\""),
    ] {
        for (method, path) in [(Method::PUT, "/default"), (Method::POST, "/push")] {
            let (status, answer) = control(&model, method, path, &script).await;
            let message = answer["error"]["message"].as_str().unwrap();
            assert_eq!(status, StatusCode::BAD_REQUEST, "{script}: {message}");
            assert!(message.contains(complaint), "{script}: {message}");
        }
    }
    let (status, answer) = control(&model, Method::PUT, "/default", "{\"steps\": [").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer["error"]["message"].as_str().unwrap().contains("line 1 column 11"), "{answer}");
    assert_eq!(ask(&model).await[3]["delta"], "You ", "a refused script must change nothing");
}

#[tokio::test]
async fn requests_are_listed_as_they_were_sent() {
    let model = start().await;
    model.set_default(Script::text("pong"));
    ask(&model).await;

    let (status, list) = control(&model, Method::GET, "/requests?wait=1&until=ended", "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&list["arrived"], &list["ended"]), (&json!(1), &json!(1)));
    let recorded = model.requests().remove(0);
    let request = &list["requests"][0];
    assert_eq!(request["id"], 0);
    assert_eq!(request["method"], "POST");
    assert_eq!(request["path"], "/v1/responses");
    assert_eq!(request["headers"], json!(recorded.headers));
    assert_eq!(request["body_bytes"], recorded.body_bytes);
    assert_eq!(request["body"], request_text("ping"));
    assert_eq!(request["ended"]["how"], "completed");
    assert!(request["ended"]["after_ms"].as_f64().unwrap() > 0.0);
    assert!(request["arrived_unix_ms"].as_f64().unwrap() > 1.7e12);

    let done = (StatusCode::NO_CONTENT, Value::Null);
    assert_eq!(control(&model, Method::DELETE, "/requests", "").await, done);
    let none = json!({"arrived": 0, "ended": 0, "requests": []});
    assert_eq!(control(&model, Method::GET, "/requests", "").await, (StatusCode::OK, none));
}

#[tokio::test]
async fn a_listed_body_keeps_its_order_and_spacing() {
    const BODY: &str = "{\"z\":  1.0,\n\"a\": 1e3}";
    let model = start().await;
    let client = Client::new();
    client.post(format!("{}/responses", model.base_url())).body(BODY).send().await.unwrap();
    let url = format!("{}/requests", model.control_url());
    let list = client.get(url).send().await.unwrap().text().await.unwrap();
    assert!(list.contains(BODY), "{list}");
}

#[tokio::test]
async fn one_can_wait_for_requests_to_arrive_or_to_end() {
    let model = start().await;
    model.set_default(EventStream::default().hang());

    let request = request_text("ping");
    let (list, response) = tokio::join!(
        control(&model, Method::GET, "/requests?wait=1&timeout_ms=20000", ""),
        post(&model, &request)
    );
    assert_eq!(list.1["requests"][0]["ended"], Value::Null);

    let (status, answer) =
        control(&model, Method::GET, "/requests?wait=1&until=ended&timeout_ms=50", "").await;
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(answer["error"]["message"], "only 0 of 1 requests have ended after 50ms");

    let (list, ()) = tokio::join!(
        control(&model, Method::GET, "/requests?wait=1&until=ended&timeout_ms=20000", ""),
        async { drop(response) }
    );
    assert_eq!(list.1["requests"][0]["ended"]["how"], "closed by client");
}

#[tokio::test]
async fn a_bad_question_is_refused_by_name() {
    let model = start().await;
    for (path, complaint) in [
        ("/requests?waitt=1", "unknown field `waitt`"),
        ("/requests?wait=x", "wait: invalid digit"),
        ("/requests?wait=1&until=never", "unknown variant `never`"),
        ("/config.toml?retries=1", "unknown field `retries`"),
    ] {
        let (status, answer) = control(&model, Method::GET, path, "").await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(complaint), "{answer}");
    }
    assert_eq!(control(&model, Method::GET, "/nothing", "").await.0, StatusCode::NOT_FOUND);
    assert!(model.requests().is_empty(), "control requests are not recorded");
}

#[tokio::test]
async fn the_configuration_of_codex_is_served() {
    let model = start().await;
    let url = format!("{}/config.toml?stream_max_retries=3&model=a%22b", model.control_url());
    let text = Client::new().get(url).send().await.unwrap().text().await.unwrap();
    let config = scripted_model::CodexConfig {
        model: "a\"b".to_owned(),
        stream_max_retries: 3,
        ..scripted_model::CodexConfig::default()
    };
    assert_eq!(text, model.config_toml(&config));
    assert!(text.starts_with("model = \"a\\\"b\"\n"), "{text}");
}
