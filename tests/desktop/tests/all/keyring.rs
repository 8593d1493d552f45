//! The token in GNOME's keyring: there, silent, and there again.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{App, Session, Tray, config, eventually};

/// A configuration in which nobody has chosen a place for the token, nor made one.
fn settings() -> Value {
    json!({ "desktop": { "first_run_done": true }, "token": null })
}

#[tokio::test]
async fn the_token_is_made_in_the_keyring_and_copied_from_there() {
    let Some(session) = Session::start() else { return };
    let _keyring = session.keyring().await;
    let mut tray = Tray::open(&session).await;
    let app = App::start_with(&session, settings()).await;
    let item = tray.item().await;
    app.until_ready().await;
    let written: Value = serde_json::from_slice(&fs::read(config(&session)).unwrap()).unwrap();
    assert!(written["token"].is_null() && written["token_place"] == "keyring", "{written}");
    item.click("Copy token").await;
    eventually("it is on the clipboard", async || session.clipboard().starts_with("codex-gateway-local-"))
        .await;
}

#[tokio::test]
async fn a_keyring_that_hangs_shows_and_freezes_nothing() {
    let Some(session) = Session::start() else { return };
    let keyring = session.keyring().await;
    let mut tray = Tray::open(&session).await;
    let mut app = App::start_with(&session, settings()).await;
    let item = tray.item().await;
    app.until_ready().await;
    item.click("Quit").await;
    assert!(app.ended().await.success());

    keyring.stop();
    let kept = json!({ "desktop": { "first_run_done": true }, "token_place": "keyring" });
    let app = App::start_with(&session, kept).await;
    let item = tray.item().await;
    // The menu answers all the while, and the window opens.
    item.click("Open window").await;
    eventually("the window is there", async || session.has_window()).await;
    timeout(Duration::from_secs(2), item.menu()).await.expect("the menu answers");
    item.until_status("what is wrong", |status| status.starts_with("The keyring gave no token")).await;
    assert_eq!(app.health().await, None);

    // Nobody has to ask again.
    keyring.go_on();
    app.until_ready().await;
    item.until_on().await;
}
