//! Starting at login: in the settings, in the menu and in the entry by which desktops do it.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::support::{App, Item, Session, Tray, config, eventually};

const LINE: &str = "Start at login";

fn folder(session: &Session) -> PathBuf {
    session.home.path().join(".config/autostart")
}

/// The path of the entry, if there is one.
fn path(session: &Session) -> Option<PathBuf> {
    Some(fs::read_dir(folder(session)).ok()?.next()?.ok()?.path())
}

fn entry(session: &Session) -> Option<String> {
    fs::read_to_string(path(session)?).ok()
}

fn setting(session: &Session) -> Value {
    let config: Value = serde_json::from_slice(&fs::read(config(session)).unwrap()).unwrap();
    config["desktop"]["start_at_login"].clone()
}

async fn has_tick(item: &Item) -> bool {
    item.line(LINE).await.unwrap().checked
}

async fn quit(mut app: App, item: &Item) {
    item.click("Quit").await;
    assert!(app.ended().await.success());
}

/// Starts the application with this setting, as a person may have written it by hand.
async fn start(session: &Session, start_at_login: bool) -> App {
    let settings = json!({ "desktop": { "first_run_done": true, "start_at_login": start_at_login } });
    App::start_with(session, settings).await
}

#[tokio::test]
async fn it_is_registered_and_taken_back() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    let app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;
    assert_eq!(entry(&session), None);

    item.click(LINE).await;
    eventually("an entry for the login is written", async || entry(&session).is_some()).await;
    let written = entry(&session).unwrap();
    assert!(written.contains("codex-gateway-desktop") && written.contains("--no-window"), "{written}");
    eventually("the menu has its tick", async || has_tick(&item).await).await;
    eventually("the setting says so", async || setting(&session) == true).await;

    item.click(LINE).await;
    eventually("the entry is gone", async || entry(&session).is_none()).await;
    eventually("the tick is gone", async || !has_tick(&item).await).await;
}

#[tokio::test]
async fn what_the_system_does_not_take_is_not_set() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    // No folder can be made there.
    fs::create_dir_all(session.home.path().join(".config")).unwrap();
    fs::write(folder(&session), "").unwrap();
    let app = App::start(&session).await;
    let item = tray.item().await;
    app.until_ready().await;
    item.click(LINE).await;
    eventually("it is said", async || app.said().contains("start at login")).await;
    eventually("the tick is gone", async || !has_tick(&item).await).await;
    assert_eq!(setting(&session), json!(null));
}

#[tokio::test]
async fn what_was_changed_while_it_was_closed_counts() {
    let Some(session) = Session::start() else { return };
    let mut tray = Tray::open(&session).await;
    // By hand, before it was ever opened.
    let app = start(&session, true).await;
    let item = tray.item().await;
    eventually("it is registered", async || entry(&session).is_some()).await;
    quit(app, &item).await;

    // By hand, later.
    let app = start(&session, false).await;
    let item = tray.item().await;
    eventually("it is taken back", async || entry(&session).is_none()).await;
    item.click(LINE).await;
    eventually("it is registered again", async || entry(&session).is_some() && setting(&session) == true)
        .await;
    quit(app, &item).await;

    // In the settings of the desktop, which leave the entry and say that it isn't meant.
    let off = format!("{}\nHidden=true\n", entry(&session).unwrap());
    fs::write(path(&session).unwrap(), off).unwrap();
    let app = start(&session, true).await;
    let item = tray.item().await;
    eventually("that counts", async || setting(&session) == false).await;
    eventually("the menu has no tick", async || !has_tick(&item).await).await;
    item.click(LINE).await;
    eventually("it is on anew", async || entry(&session).is_some_and(|entry| !entry.contains("Hidden")))
        .await;
    quit(app, &item).await;

    // In settings that remove it.
    fs::remove_file(path(&session).unwrap()).unwrap();
    let _app = start(&session, true).await;
    eventually("that counts, too", async || setting(&session) == false).await;
    assert_eq!(entry(&session), None);
}
