//! The window: when it is there, and what it costs.

use std::time::Duration;

use rustix::process::Signal;
use scripted_model::Script;
use serde_json::json;
use tokio::time::sleep;

use crate::support::{App, Session, Tray, command, eventually, signal};

#[tokio::test]
async fn it_opens_only_when_asked_for_and_takes_its_process_along() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;
    assert!(!session.has_window() && app.web_processes().is_empty(), "it starts without a window");

    item.click("Open window").await;
    eventually("the window is there", async || session.has_window() && !app.web_processes().is_empty()).await;
    session.close_window();
    eventually("its process is gone", async || !session.has_window() && app.web_processes().is_empty()).await;
    assert_eq!(app.health().await, Some(200), "the gateway runs on");

    item.click("Open window").await;
    eventually("it opens again", async || session.has_window()).await;
}

#[tokio::test]
async fn a_second_launch_opens_the_window_of_the_first() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let app = App::start(&session).await;
    let _item = tray.item().await;
    app.until_ready().await;
    let quiet = command(&session, app.model()).arg("--no-window").status().unwrap();
    assert!(quiet.success(), "{quiet}");
    sleep(Duration::from_secs(1)).await;
    assert!(!session.has_window());
    let second = command(&session, app.model()).status().unwrap();
    assert!(second.success(), "{second}");
    eventually("the window is there", async || session.has_window()).await;
    assert_eq!(app.health().await, Some(200));
}

#[tokio::test]
async fn the_first_run_opens_it() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let _app = App::start_with(&session, json!({})).await;
    let _item = tray.item().await;
    eventually("the window is there", async || session.has_window()).await;
}

#[tokio::test]
async fn a_crash_of_its_page_does_not_reach_the_gateway() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;
    item.click("Open window").await;
    eventually("the window is there", async || session.has_window() && !app.web_processes().is_empty()).await;
    // It is a matter of its launch before.
    sleep(Duration::from_secs(3)).await;
    app.web_processes().into_iter().for_each(|process| signal(process, Signal::KILL));
    eventually("the empty window is gone", async || !session.has_window()).await;
    assert!(app.ask("Say pong").await["choices"].is_array());
    item.click("Open window").await;
    eventually("another opens", async || session.has_window() && !app.web_processes().is_empty()).await;
}

/// WebKit then ends the whole process, in which the gateway is.
#[tokio::test]
async fn a_page_that_dies_at_its_launch_costs_no_request() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;
    app.model().scripts.push(Script::text("pong").pause(Duration::from_secs(3)));
    let fall = async {
        item.until_status("what runs", |status| status.ends_with("(1 request running)")).await;
        item.click("Open window").await;
        app.kill_web_process_at_launch().await;
    };
    let (answer, ()) = tokio::join!(app.ask("Say pong"), fall);
    assert_eq!(answer["choices"][0]["message"]["content"], "pong", "the request that ran");

    let item = tray.item().await;
    app.until_ready().await;
    assert!(app.ask("Say pong").await["choices"].is_array());
    assert!(!session.has_window(), "it opens no window that would do the same");
    item.click("Open window").await;
    eventually("when asked, it opens one", async || session.has_window() && !app.web_processes().is_empty())
        .await;
}
