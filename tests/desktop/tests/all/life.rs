//! How the application comes up and ends.

use std::{net::TcpListener, time::Duration};

use rustix::process::Signal;
use tokio::time::sleep;

use crate::support::{App, Session, Tray, eventually, program};

#[tokio::test]
async fn quitting_from_the_menu_leaves_nothing_behind() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let mut app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;
    ends_in_order(&mut app, async |_| item.click("Quit").await).await;
}

#[tokio::test]
async fn a_signal_ends_it_in_order() {
    let Some(session) = Session::start() else { return };
    for signal in [Signal::TERM, Signal::INT] {
        let mut app = App::start(&session).await;
        app.until_ready().await;
        ends_in_order(&mut app, async |app| app.signal(signal)).await;
    }
}

/// The process of its Codex.
fn codex_of(app: &App) -> Option<u32> {
    app.descendants().iter().find(|process| process.args.contains("app-server")).map(|process| process.pid)
}

#[tokio::test]
async fn a_sleep_of_the_machine_changes_nothing() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;
    item.until_on().await;
    let codex = codex_of(&app);
    app.signal_all(Signal::STOP);
    // Longer than the application looks around, and than a port may take to answer it.
    sleep(Duration::from_secs(4)).await;
    app.signal_all(Signal::CONT);
    assert!(app.ask("Say pong").await["choices"].is_array());
    sleep(Duration::from_secs(2)).await;
    assert_eq!(codex_of(&app), codex, "Codex was not started anew");
    assert!(item.status().await.starts_with("On: "));
}

#[tokio::test]
async fn a_codex_that_did_not_survive_the_sleep_is_started_anew() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;
    item.until_on().await;
    let codex = codex_of(&app);
    app.signal_all(Signal::STOP);
    app.signal_codex(Signal::KILL);
    app.signal_all(Signal::CONT);
    eventually("another Codex runs", async || codex_of(&app).is_some_and(|another| Some(another) != codex))
        .await;
    app.until_ready().await;
    item.until_on().await;
    assert!(app.ask("Say pong").await["choices"].is_array());
}

async fn ends_in_order(app: &mut App, end: impl AsyncFnOnce(&App)) {
    // A process has the arguments of its parent until it has become what it is to be.
    eventually("Codex runs", async || codex_of(app).is_some()).await;
    let port = app.port;
    end(app).await;
    let status = app.ended().await;
    assert!(status.success(), "{status}: {}", app.said());
    assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "the port is free");
    assert_eq!(app.left_behind(), Vec::<String>::new());
}

#[tokio::test]
async fn without_a_display_it_says_how_to_run_headless() {
    let Some(session) = Session::start() else { return };
    let without = || {
        let mut command = session.command(program());
        command.env_remove("DISPLAY");
        command
    };
    let unreachable = || {
        let mut command = session.command(program());
        command.env("DISPLAY", ":4711");
        command
    };
    for mut command in [without(), unreachable()] {
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("display") && said.contains("codex-gateway serve"), "{said}");
    }
}

#[tokio::test]
async fn without_a_tray_it_says_so_and_shows_its_window() {
    let Some(session) = Session::start() else { return };
    let app = App::start(&session).await;
    eventually("it says so", async || app.said().contains("codex-gateway serve")).await;
    eventually("its window is there", async || session.has_window()).await;
    app.until_ready().await;
}
