//! Notifications, as a daemon for them gets them.

use std::{collections::HashMap, future::pending, time::Duration};

use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use zbus::{interface, zvariant::OwnedValue};

use crate::support::{App, Session, Tray, eventually};

struct Notifications {
    shown: mpsc::UnboundedSender<(String, String, String)>,
    /// It takes what it is to show, and never says that it did.
    is_stuck: bool,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    #[expect(clippy::too_many_arguments, reason = "the protocol has them")]
    async fn notify(
        &self,
        application: String,
        _replaces: u32,
        _icon: String,
        summary: String,
        body: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        self.shown.send((application, summary, body)).unwrap();
        match self.is_stuck {
            true => pending().await,
            false => 1,
        }
    }

    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".to_owned()]
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ["test", "test", "1", "1.2"].map(str::to_owned).into()
    }
}

/// What the daemon was asked to show: the application, the summary and the body.
struct Asked(
    mpsc::UnboundedReceiver<(String, String, String)>,
    #[expect(dead_code, reason = "the daemon lives as long")] zbus::Connection,
);

impl Asked {
    async fn of(session: &Session, is_stuck: bool) -> Self {
        let bus = session.connect().await;
        let (shown, asked) = mpsc::unbounded_channel();
        let daemon = Notifications { shown, is_stuck };
        bus.object_server().at("/org/freedesktop/Notifications", daemon).await.unwrap();
        bus.request_name("org.freedesktop.Notifications").await.unwrap();
        Self(asked, bus)
    }

    async fn next(&mut self, app: &App) -> (String, String, String) {
        let asked = timeout(Duration::from_secs(20), self.0.recv()).await;
        asked.unwrap_or_else(|_| panic!("nothing was told: {}", app.said())).unwrap()
    }
}

fn without_codex() -> serde_json::Value {
    json!({ "desktop": { "first_run_done": true }, "codex": "/nowhere/codex" })
}

#[tokio::test]
async fn trouble_is_told() {
    let Some(session) = Session::start() else { return };
    let mut asked = Asked::of(&session, false).await;
    let _tray = Tray::open(&session).await;
    let app = App::start_with(&session, without_codex()).await;
    let (application, summary, body) = asked.next(&app).await;
    assert_eq!(application, "Codex Gateway");
    assert!(summary.contains("Codex isn't installed"), "{summary}: {body}");
}

#[tokio::test]
async fn a_daemon_that_never_answers_holds_nothing_up() {
    let Some(session) = Session::start() else { return };
    let mut asked = Asked::of(&session, true).await;
    let mut tray = Tray::open(&session).await;
    let mut app = App::start_with(&session, without_codex()).await;
    let item = tray.item().await;
    asked.next(&app).await;
    item.until_status("what is wrong", |status| status.starts_with("Codex isn't installed")).await;
    item.click("Stop").await;
    item.until_status("that it is off", |status| status == "Off").await;
    item.click("Start").await;
    item.until_status("what is wrong again", |status| status.starts_with("Codex isn't installed")).await;
    item.click("Open window").await;
    eventually("the window is there", async || session.has_window()).await;
    // Another thing to tell, and late enough to be told.
    sleep(Duration::from_secs(5)).await;
    assert_eq!(app.ask_with("a wrong token", "Say pong").await["error"]["code"], "invalid_api_key");
    sleep(Duration::from_millis(500)).await;
    item.click("Quit").await;
    assert!(app.ended().await.success());
    assert!(asked.0.try_recv().is_err(), "it gets nothing more while it is stuck");
}
