//! The icon and its menu, over the protocols by which a panel shows them.

use std::fs;

use serde_json::{Value, json};

use crate::support::{App, Session, TOKEN, Tray, eventually};

#[tokio::test]
async fn the_menu_starts_and_stops_the_gateway() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;
    let on = format!("On: http://127.0.0.1:{}/v1", app.port);
    item.until_status("on, and where", |status| status == on).await;
    let icon_on = item.icon().await;

    item.click("Stop").await;
    eventually("nothing listens", async || app.health().await.is_none()).await;
    item.until_status("off", |status| status == "Off").await;
    eventually("the icon is another", async || {
        let icon = item.icon().await;
        !icon.is_empty() && icon != icon_on
    })
    .await;

    item.click("Start").await;
    app.until_ready().await;
    item.until_status("on again", |status| status == on).await;
    eventually("the icon is the first again", async || item.icon().await == icon_on).await;
}

#[tokio::test]
async fn the_menu_copies_the_token_and_a_snippet_that_runs() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;

    item.click("Copy token").await;
    eventually("the token is on the clipboard", async || session.clipboard() == TOKEN).await;
    item.click("Copy Python snippet").await;
    let base_url = format!("http://127.0.0.1:{}/v1", app.port);
    eventually("the snippet is on the clipboard", async || {
        let snippet = session.clipboard();
        snippet.contains("from openai import OpenAI")
            && snippet.contains(&base_url)
            && snippet.contains(TOKEN)
    })
    .await;
    assert!(!app.said().contains(TOKEN), "the token is not in the log");
}

#[tokio::test]
async fn the_menu_counts_the_programs_that_asked() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;
    let lines = async || item.line("Recent clients").await.unwrap().lines;
    for _ in 0..2 {
        assert!(app.ask("Say pong").await["choices"].is_array());
    }
    eventually("two requests are counted", async || {
        lines().await.iter().any(|line| line.label == "desktop-tests/1.0: 2 requests" && !line.enabled)
    })
    .await;
}

#[tokio::test]
async fn the_menu_says_what_is_in_the_way() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let settings = json!({ "desktop": { "first_run_done": true }, "codex": "/nowhere/codex" });
    let app = App::start_with(&session, settings).await;
    let item = tray.item().await;
    item.until_status("that there is no Codex", |status| status.starts_with("Codex isn't installed")).await;
    assert!(!item.menu().await[0].enabled, "the first line is only read");
    // Nothing works without a Codex, and all else does.
    assert_eq!(app.health().await, Some(503));
}

#[tokio::test]
async fn starting_at_login_is_registered_and_taken_back() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;
    let folder = session.home.path().join(".config/autostart");
    let entry =
        || fs::read_dir(&folder).ok()?.next()?.ok().and_then(|entry| fs::read_to_string(entry.path()).ok());
    assert_eq!(entry(), None);

    item.click("Start at login").await;
    eventually("an entry for the login is written", async || entry().is_some()).await;
    let written = entry().unwrap();
    assert!(written.contains("codex-gateway-desktop") && written.contains("--no-window"), "{written}");
    eventually("the menu has its tick", async || item.line("Start at login").await.unwrap().checked).await;
    let config: Value =
        serde_json::from_slice(&fs::read(session.home.path().join("config.json")).unwrap()).unwrap();
    assert_eq!(config["desktop"]["start_at_login"], json!(true));

    item.click("Start at login").await;
    eventually("the entry is gone", async || entry().is_none()).await;
    eventually("the tick is gone", async || !item.line("Start at login").await.unwrap().checked).await;
}
