//! The local token.

use std::{fs, os::unix::fs::PermissionsExt};

use desktop::view::{CopyTarget, TokenPlace};
use serde_json::json;

use crate::app::{App, Ground, TOKEN, free_port, processes_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_token_opens_at_once_and_the_old_one_no_more() {
    let app = App::ready().await;
    let codex = processes_of(&app.codex());
    assert_eq!(app.ask(TOKEN).await, Some(200));
    app.desktop.rotate_token().await.unwrap();
    let token = app.desktop.token().unwrap();
    assert_ne!(token, TOKEN);
    assert_eq!((app.ask(TOKEN).await, app.ask(&token).await), (Some(401), Some(200)));
    assert_eq!(app.written()["token"], token);
    assert_eq!(fs::metadata(app.config()).unwrap().permissions().mode() & 0o777, 0o600);
    // Nothing was started again for it.
    assert_eq!(processes_of(&app.codex()), codex);
    let shown = app.state().token.clone();
    assert_eq!(shown.masked, format!("codex-gateway-local-••••••{}", &token[token.len() - 4..]));
    assert_eq!(shown.place, TokenPlace::File);
    assert_eq!(app.desktop.text_to_copy(&CopyTarget::Token).unwrap(), token);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_makes_a_token_that_lasts() {
    let ground = Ground::new().await;
    ground.configure(json!({"port": free_port(), "token_place": "file"}));
    let app = ground.open();
    app.until_ready().await;
    let token = app.desktop.token().unwrap();
    assert_eq!(app.written()["token"], token);
    assert_eq!(app.ask(&token).await, Some(200));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_changed_by_hand_is_taken_up() {
    let app = App::ready().await;
    let mut config = app.written();
    config["token"] = "another-token-by-hand".into();
    fs::write(app.config(), config.to_string()).unwrap();
    app.until(|state| state.token.masked == "••••••").await;
    assert_eq!(app.desktop.token().unwrap(), "another-token-by-hand");
    assert_eq!((app.ask(TOKEN).await, app.ask("another-token-by-hand").await), (Some(401), Some(200)));
    app.close().await;
}
