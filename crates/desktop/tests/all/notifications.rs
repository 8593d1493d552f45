//! What the person is told.

use std::time::Duration;

use desktop::{
    Notification, NotificationKind,
    view::{NotificationKinds, SettingChange},
};
use scripted_model::Script;
use tokio::{
    sync::broadcast::Receiver,
    time::{sleep, timeout},
};

use crate::app::{App, Ground, PATIENCE, TOKEN, processes_of, question};

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

async fn next(told: &mut Receiver<Notification>) -> Notification {
    timeout(PATIENCE, told.recv()).await.expect("nothing was told").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_asks_for_too_much_is_told_of_with_what_to_switch_on() {
    let app = App::ready().await;
    let mut told = app.desktop.notifications();
    let mut body = question();
    body["temperature"] = 0.5.into();
    assert_eq!(app.post(TOKEN, &body).await.unwrap().0, 400);
    let Notification { kind, title, body } = next(&mut told).await;
    assert_eq!(kind, NotificationKind::RefusedClient);
    assert!(title.ends_with("was refused"), "{title}");
    assert!(body.contains("temperature") && body.contains("Ignore what can't be honoured"), "{body}");
    assert!(!body.contains("pong"), "nothing of what was said");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_nearly_used_up_is_told() {
    let app = App::ready().await;
    let mut told = app.desktop.notifications();
    app.model.push(Script::text("pong").five_hour_limit(95, Duration::from_secs(600)));
    assert_eq!(app.ask(TOKEN).await, Some(200));
    let Notification { kind, title, body } = next(&mut told).await;
    assert_eq!(kind, NotificationKind::Quota);
    assert_eq!(title, "The 5 h limit is nearly used up");
    assert!(body.starts_with("95 % of it is used."), "{body}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_that_is_needed_is_told() {
    let ground = Ground::new().await;
    std::fs::write(ground.folder.path().join("codex-home/config.toml"), "").unwrap();
    let app = ground.open();
    let mut told = app.desktop.notifications();
    let Notification { kind, title, .. } = next(&mut told).await;
    assert_eq!((kind, title.as_str()), (NotificationKind::SignIn, "Codex isn't signed in"));
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
async fn trouble_that_comes_right_after_something_else_is_told_a_little_later() {
    let app = App::ready().await;
    let mut told = app.desktop.notifications();
    assert_eq!(app.ask("hunter2").await, Some(401));
    assert_eq!(next(&mut told).await.kind, NotificationKind::RefusedClient);
    std::fs::remove_file(app.codex()).unwrap();
    let [codex] = &processes_of(&app.codex())[..] else { panic!("Codex runs once") };
    assert!(std::process::Command::new("kill").args(["-9", codex]).status().unwrap().success());
    let Notification { kind, title, .. } = next(&mut told).await;
    assert_eq!(kind, NotificationKind::Trouble, "{title}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_that_was_there_from_the_start_is_told() {
    let ground = Ground::new().await;
    std::fs::write(ground.config(), "{").unwrap();
    let app = ground.open();
    // As the shell does, which listens a moment later.
    sleep(Duration::from_millis(100)).await;
    let notification = next(&mut app.desktop.notifications()).await;
    assert_eq!(notification.kind, NotificationKind::Trouble);
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
