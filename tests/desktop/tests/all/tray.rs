//! The icon and its menu, over the protocols by which a panel shows them.

use serde_json::json;

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
    let lines = async || item.line("Clients").await.unwrap().lines;
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
