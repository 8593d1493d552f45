//! Secrets reach the page, the notifications and the files of the application nowhere. The token goes to the clipboard.

use std::{fs, os::unix::fs::PermissionsExt};

use desktop::view::{CopyTarget, RequestView, Trouble};
use scripted_model::Script;
use serde_json::{Value, json};

use crate::app::{App, Ground, MODEL, TOKEN, client, free_port};

/// A secret of every kind that is known by its looks.
const SECRETS: &[&str] = &[
    "sk-proj-CANARY0aB1cD2eF3gH4iJ5kL6mN7oP8qR9",
    "sk-ant-api03-CANARY0aB1cD2eF3gH4iJ5kL6",
    "codex-gateway-local-CANARY0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1",
    "eyJhbGciOiJDQU5BUlkifQ.eyJzdWIiOiJDQU5BUlkifQ.Q0FOQVJZLXNpZ25hdHVyZQ",
    "AKIACANARY0123456789",
    "ghp_CANARY0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0",
    "github_pat_11CANARY0aB1cD2eF3gH4_iJ5kL6mN7oP8qR9sT0uV1wX2yZ3",
    "glpat-CANARY0aB1cD2eF3gH4",
    "AIzaCANARY0aB1cD2eF3gH4iJ5kL6mN7oP8qR9s",
    "xoxb-123456789012-CANARY0aB1cD2eF3gH4",
    "hf_CANARYaBcDeFgHiJkLmNoPqRsTuVwXyZaB",
    "Bearer CANARY.0aB1cD2eF3gH4",
    "Basic Q0FOQVJZOkNBTkFSWTpDQU5BUlk=",
    "aws_secret_access_key=CANARY/aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0u",
    "https://me:CANARY0aB1cD2@host.example/",
    "-----BEGIN PRIVATE KEY----- CANARYaBcDeFgHiJkLmNo -----END PRIVATE KEY-----",
];

/// The word that is in each of them, plain and as it looks in base64.
const TELLTALES: &[&str] = &["CANARY", "Q0FOQVJZ", "DQU5BUlk"];

/// All that the page is given, and what else leaves the application.
fn everything(app: &App) -> String {
    let requests = app.desktop.requests();
    let copied = |request: &RequestView| {
        let request_id = request.record.id.clone();
        let curl = CopyTarget::Curl { request_id: request_id.clone() };
        [curl, CopyTarget::Record { request_id }].map(|target| app.desktop.text_to_copy(&target).unwrap())
    };
    let copies: Vec<_> = requests.iter().flat_map(|request| copied(request)).collect();
    let shown = json!([
        &*app.state(),
        requests.iter().map(|request| json!(&**request)).collect::<Vec<_>>(),
        &*app.desktop.settings(),
        app.desktop.snippets(),
        copies,
    ]);
    format!("{shown:#}\n{:?}", app.desktop)
}

fn leaks(text: &str) -> Vec<&str> {
    text.lines().filter(|line| TELLTALES.iter().any(|telltale| line.contains(telltale))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_kind_of_secret_reaches_the_page_or_a_notification() {
    let ground = Ground::new().await;
    ground.configure(json!({"port": free_port(), "token": TOKEN, "token_place": "file", "log_text": true}));
    let app = ground.open();
    app.until_ready().await;
    for secret in SECRETS {
        // Some are in a notification: there are few of them, in any time.
        let mut told = app.desktop.notifications();
        let messages = json!([{"role": "user", "content": format!("My key is {secret}.")}]);
        let asked = [
            json!({"model": secret, "messages": messages}),
            json!({"model": MODEL, "messages": messages, *secret: secret}),
            json!({"model": MODEL, "messages": [{"role": secret, "content": secret}]}),
            json!({"model": MODEL, "messages": messages}),
        ];
        let refused =
            json!({"error": {"message": format!("{secret} is wrong"), "code": secret, "param": secret}});
        app.model.set_default(Script::error(400, refused));
        for (body, token) in asked.iter().map(|body| (body, TOKEN)).chain([(&asked[3], *secret)]) {
            send(&app, body, token, secret).await;
        }
        while let Ok(notification) = told.try_recv() {
            assert_eq!(leaks(&format!("{notification:?}")), [""; 0], "{secret}");
        }
    }
    assert_eq!(leaks(&everything(&app)), [""; 0]);
    let ids: Vec<_> = app.desktop.requests().iter().map(|request| request.record.id.clone()).collect();
    let exported = app.desktop.export_requests(&ids).unwrap();
    assert_eq!(leaks(&fs::read_to_string(exported.path).unwrap()), [""; 0]);
    app.close().await;
}

/// Sends a request of a program that has the secret in its name as well.
async fn send(app: &App, body: &Value, token: &str, name: &str) {
    let before = app.desktop.requests().len();
    let request = client().post(format!("{}/chat/completions", app.state().base_url)).bearer_auth(token);
    let request = request.header("content-type", "application/json").header("user-agent", name);
    let answer = request.body(body.to_string()).send().await.unwrap();
    assert!(answer.status().is_client_error());
    answer.bytes().await.unwrap();
    while app.desktop.requests().len() == before {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_codex_says_of_a_secret_when_it_ends_is_not_shown() {
    let ground = Ground::new().await;
    fs::remove_file(ground.codex()).unwrap();
    let said: String = SECRETS.iter().map(|secret| format!("Error: {secret}\n")).collect();
    fs::write(ground.folder.path().join("said"), said).unwrap();
    let script = format!("#!/bin/sh\ncat {} >&2\nexit 1\n", ground.folder.path().join("said").display());
    fs::write(ground.codex(), script).unwrap();
    fs::set_permissions(ground.codex(), fs::Permissions::from_mode(0o700)).unwrap();
    let app = ground.open();
    let mut told = app.desktop.notifications();
    app.until_trouble(|trouble| matches!(trouble, Trouble::CodexStopped { .. })).await;
    assert_eq!(leaks(&everything(&app)), [""; 0]);
    while let Ok(notification) = told.try_recv() {
        assert_eq!(leaks(&format!("{notification:?}")), [""; 0]);
    }
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_for_the_page_holds_the_token() {
    let app = App::ready().await;
    let mut told = app.desktop.notifications();
    let asked = json!({
        "model": TOKEN, "messages": [{"role": "user", "content": TOKEN}], TOKEN: TOKEN, "temperature": 0,
    });
    for token in [TOKEN, "wrong"] {
        app.post(token, &asked).await;
    }
    app.ask(TOKEN).await;
    let everything = everything(&app).replace("$CODEX_GATEWAY_TOKEN", "");
    assert!(!everything.contains(TOKEN), "{everything}");
    assert!(!format!("{:?}", told.try_recv()).contains(TOKEN));
    let snippet = CopyTarget::Snippet { id: "python".to_owned() };
    assert!(app.desktop.text_to_copy(&snippet).unwrap().contains(TOKEN));
    app.close().await;
}
