//! What went through.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use desktop::{
    Problem,
    view::{CopyTarget, SettingChange},
};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::app::{App, MODEL, PATIENCE, TOKEN, client, question};

#[tokio::test(flavor = "multi_thread")]
async fn requests_come_in_batches_and_can_be_cleared() {
    let app = App::ready().await;
    let mut batches = app.desktop.follow_requests();
    let since = Instant::now();
    for _ in 0..30 {
        assert_eq!(app.ask("wrong").await, Some(401));
    }
    let mut got = Vec::new();
    let mut count = 0;
    while got.len() < 30 {
        got.extend(timeout(PATIENCE, batches.next()).await.unwrap().unwrap());
        count += 1;
    }
    let most = since.elapsed().as_millis() / 100 + 1;
    assert!(count <= most, "{count} batches in {:?}", since.elapsed());
    let ids = |requests: &[std::sync::Arc<desktop::view::RequestView>]| -> Vec<String> {
        requests.iter().map(|request| request.record.id.clone()).collect()
    };
    assert_eq!(ids(&got), ids(&app.desktop.requests()));
    app.until(|state| state.clients.first().is_some_and(|client| client.requests == 30)).await;
    app.desktop.clear_requests();
    assert!(app.desktop.requests().is_empty());
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_counted() {
    let app = App::ready().await;
    app.desktop.start_demo().await.unwrap();
    app.until(|state| state.demo && state.codex.is_some()).await;
    let desktop = app.desktop.clone();
    let long = "word ".repeat(1000);
    let tried = tokio::spawn(async move { desktop.try_it(&long, None, |_| {}).await });
    app.until(|state| state.running == 1).await;
    app.desktop.cancel_try();
    assert!(matches!(tried.await.unwrap(), Err(Problem::Cancelled)));
    app.until(|state| state.running == 0).await;
    app.close().await;
}

/// Copies the latest request as curl, runs it, and returns the answer.
async fn again(app: &App, path: &str) -> Value {
    let request = app.until_request(|request| request.record.path == path).await;
    let target = CopyTarget::Curl { request_id: request.record.id.clone() };
    let curl = app.desktop.text_to_copy(&target).unwrap();
    assert!(!curl.contains(TOKEN), "{curl}");
    tokio::task::block_in_place(|| {
        let mut shell = Command::new("sh");
        let shell = shell.args(["-c", &format!("{curl} -s")]).env("CODEX_GATEWAY_TOKEN", TOKEN);
        let output = shell.env("NO_PROXY", "127.0.0.1").output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{curl}: {output:?}"))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_copied_as_curl_that_runs() {
    let app = App::ready().await;
    app.desktop.change_setting(SettingChange::LogText(true)).await.unwrap();
    let responses = json!({"model": MODEL, "input": "Say pong"});
    for (path, body) in [("/v1/chat/completions", question()), ("/v1/responses", responses.clone())] {
        let asked = app.post_to(path, TOKEN, &body).await.unwrap();
        assert_eq!(asked.0, 200, "{path}: {}", asked.1);
        let answer = again(&app, path).await;
        assert_eq!(answer["model"], MODEL, "{path}: {answer}");
    }
    let sent = app.model.requests();
    let prompts: Vec<_> = sent.iter().map(|request| request.json()["input"][0]["content"].clone()).collect();
    assert_eq!((&prompts[0], &prompts[2]), (&prompts[1], &prompts[3]));

    let counted = "/v1/responses/input_tokens";
    let count = app.post_to(counted, TOKEN, &responses).await.unwrap().1;
    assert_eq!(count["object"], "response.input_tokens", "{count}");
    // The words are not kept where no model is asked, so that the count is another.
    assert_eq!(again(&app, counted).await["object"], count["object"]);
    app.post_to("/v1/responses/resp_none/cancel", TOKEN, &Value::Null).await;
    let answer = again(&app, "/v1/responses/resp_none/cancel").await;
    assert!(answer["error"]["message"].as_str().unwrap().contains("resp_none"), "{answer}");

    let request = app.until_request(|request| request.record.status == 200).await;
    let record = app.desktop.text_to_copy(&CopyTarget::Record { request_id: request.record.id.clone() });
    assert_eq!(serde_json::from_str::<Value>(&record.unwrap()).unwrap()["status"], 200);
    let gone = CopyTarget::Record { request_id: "req_none".to_owned() };
    assert!(matches!(app.desktop.text_to_copy(&gone), Err(Problem::NoRequest)));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_exported_for_their_owner_only() {
    let app = App::ready().await;
    for _ in 0..3 {
        app.ask(TOKEN).await;
    }
    app.until(|state| state.clients.iter().map(|client| client.requests).sum::<u64>() == 3).await;
    let ids: Vec<_> = app.desktop.requests().iter().map(|request| request.record.id.clone()).collect();
    let one = app.desktop.export_requests(&ids[..2]).unwrap();
    let two = app.desktop.export_requests(&ids).unwrap();
    assert_ne!(one.path, two.path);
    assert_eq!((one.requests, two.requests), (2, 3));
    assert_eq!(fs::metadata(&two.path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&two.path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["id"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    // One that is no longer kept is not counted.
    let gone = [ids[0].clone(), "req_none".to_owned()];
    assert_eq!(app.desktop.export_requests(&gone).unwrap().requests, 1);
    assert!(matches!(app.desktop.export_requests(&[]), Err(Problem::NoRequest)));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_looks_at_the_health_is_no_client() {
    let app = App::ready().await;
    let health = app.state().base_url.replace("/v1", "/healthz");
    for _ in 0..3 {
        assert_eq!(client().get(&health).send().await.unwrap().status().as_u16(), 200);
    }
    assert_eq!(app.ask(TOKEN).await, Some(200));
    // In order: what was asked before is known by now.
    app.until_request(|request| request.record.status == 200).await;
    assert_eq!(app.desktop.requests().len(), 1);
    let clients: Vec<_> = app.state().clients.iter().map(|client| client.requests).collect();
    assert_eq!(clients, [1]);
    app.close().await;
}
