//! What goes wrong shows in the icon and the menu at once.

use std::{
    fs,
    os::unix::fs::symlink,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use scripted_model::Script;
use serde_json::json;

use crate::support::{App, Session, Tray, codex, eventually};

#[tokio::test]
async fn the_limits_that_the_provider_tells_are_in_the_menu_until_they_are_over() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;
    let limit = async || {
        item.menu()
            .await
            .into_iter()
            .find(|line| line.label.contains(" left") || line.label.contains("Limits"))
            .unwrap()
    };
    assert_eq!(limit().await.label, "Limits: not known yet");
    item.until_on().await;
    let icon_on = item.icon().await;

    app.model().scripts.push(Script::text("pong").five_hour_limit(62, Duration::from_secs(3600)));
    app.ask("Say pong").await;
    eventually("what is left is in the menu", async || {
        // The time of day, and the day where it is another one.
        let line = limit().await.label;
        let is_time = line.get(line.len() - 3..).is_some_and(|end| end.starts_with(':'));
        line.starts_with("5 h limit: 38 % left, resets ") && is_time
    })
    .await;
    assert!(!limit().await.enabled, "it is only read");
    eventually("that is no trouble", async || item.icon().await == icon_on).await;

    app.model().scripts.push(Script::text("pong").five_hour_limit(100, Duration::from_secs(8)));
    app.ask("Say pong").await;
    let used_up = |status: &str| status.starts_with("The 5 h limit is used up, resets ");
    item.until_status("that the limit is used up", used_up).await;
    eventually("the icon tells of trouble", async || item.icon().await != icon_on).await;
    item.until_status("that all is well again", |status| status.starts_with("On: ")).await;
    eventually("so does the icon", async || item.icon().await == icon_on).await;
    eventually("nothing is left of the limit", async || limit().await.label == "Limits: not known yet").await;
}

#[tokio::test]
async fn the_icon_tells_of_a_request_that_runs() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;
    item.until_on().await;
    let icon_on = item.icon().await;
    app.model().scripts.push(Script::text("pong").pause(Duration::from_secs(3)));
    let watch = async {
        item.until_status("what runs", |status| status.ends_with("(1 request running)")).await;
        eventually("the icon tells of it", async || item.icon().await != icon_on).await;
    };
    tokio::join!(app.ask("Say pong"), watch);
    eventually("the icon is as before", async || item.icon().await == icon_on).await;
}

#[tokio::test]
async fn a_codex_that_dies_shows_at_once_and_so_does_its_return() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    // It can be taken away, so that it can't be started again.
    let program = session.home.path().join("codex");
    symlink(codex(), &program).unwrap();
    let settings = json!({ "desktop": { "first_run_done": true }, "codex": program });
    let app = App::start_with(&session, settings).await;
    let item = tray.item().await;
    app.until_ready().await;
    item.until_on().await;
    fs::remove_file(&program).unwrap();
    let since = Instant::now();
    app.signal_codex(Signal::KILL);
    item.until_status("what is wrong", |status| status.starts_with("Codex ")).await;
    println!("it showed after {:?}", since.elapsed());
    symlink(codex(), &program).unwrap();
    item.until_on().await;
    assert!(app.ask("Say pong").await["choices"].is_array());
}
