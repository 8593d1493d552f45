//! What the person is told.

use std::time::Duration;

use desktop::{
    NotificationKind,
    view::{NotificationKinds, SettingChange},
};
use tokio::time::{sleep, timeout};

use crate::app::{App, Ground, PATIENCE};

#[tokio::test(flavor = "multi_thread")]
async fn a_program_with_a_wrong_token_is_told_of_once_and_without_the_token() {
    let app = App::ready().await;
    let mut told = app.desktop.notifications();
    for _ in 0..3 {
        assert_eq!(app.ask("hunter2").await, Some(401));
    }
    let notification = timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
    assert_eq!(notification.kind, NotificationKind::RefusedClient);
    assert!(!format!("{notification:?}").contains("hunter2"));
    sleep(Duration::from_millis(200)).await;
    assert!(told.try_recv().is_err());
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_is_switched_off_is_not_told() {
    let app = App::ready().await;
    let kinds = NotificationKinds { trouble: true, quota: true, refused_clients: false, sign_in: true };
    app.desktop.change_setting(SettingChange::Notifications(kinds)).await.unwrap();
    let mut told = app.desktop.notifications();
    assert_eq!(app.ask("hunter2").await, Some(401));
    app.until_request(|request| request.record.status == 401).await;
    assert!(told.try_recv().is_err());
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_is_told() {
    let ground = Ground::new().await;
    std::fs::remove_file(ground.codex()).unwrap();
    let app = ground.open();
    let mut told = app.desktop.notifications();
    let notification = timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
    assert_eq!(notification.kind, NotificationKind::Trouble);
    assert!(notification.title.contains("isn't installed"), "{notification:?}");
    app.close().await;
}
