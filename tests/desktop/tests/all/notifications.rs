//! Notifications, as a daemon for them gets them.

use std::{collections::HashMap, time::Duration};

use serde_json::json;
use tokio::{sync::mpsc, time::timeout};
use zbus::{interface, zvariant::OwnedValue};

use crate::support::{App, Session, Tray};

struct Notifications(mpsc::UnboundedSender<(String, String, String)>);

#[interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    #[expect(clippy::too_many_arguments, reason = "the protocol has them")]
    fn notify(
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
        self.0.send((application, summary, body)).unwrap();
        1
    }

    fn get_capabilities(&self) -> Vec<String> {
        vec!["body".to_owned()]
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ["test", "test", "1", "1.2"].map(str::to_owned).into()
    }
}

#[tokio::test]
async fn trouble_is_told() {
    let Some(session) = Session::start() else { return };
    let bus = session.connect().await;
    let (shown, mut notifications) = mpsc::unbounded_channel();
    bus.object_server().at("/org/freedesktop/Notifications", Notifications(shown)).await.unwrap();
    bus.request_name("org.freedesktop.Notifications").await.unwrap();
    let _tray = Tray::open(&session).await;
    let settings = json!({ "desktop": { "first_run_done": true }, "codex": "/nowhere/codex" });
    let app = App::start_with(&session, settings).await;
    let told = timeout(Duration::from_secs(20), notifications.recv()).await;
    let (application, summary, body) =
        told.unwrap_or_else(|_| panic!("nothing was told: {}", app.said())).unwrap();
    assert_eq!(application, "Codex Gateway");
    assert!(summary.contains("Codex isn't installed"), "{summary}: {body}");
}
