//! How the application comes up and ends.

use std::net::TcpListener;

use rustix::process::Signal;

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

async fn ends_in_order(app: &mut App, end: impl AsyncFnOnce(&App)) {
    let codex = |process: &String| process.contains("app-server");
    // A process has the arguments of its parent until it has become what it is to be.
    eventually("Codex runs", async || app.descendants().iter().any(codex)).await;
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
