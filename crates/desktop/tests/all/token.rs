//! The local token.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use desktop::{
    Keyring, Problem,
    view::{CopyTarget, Switch, TokenPlace, Trouble},
};
use keyring_core::{Entry, Error, api::CredentialStoreApi, mock};
use serde_json::json;

use crate::app::{App, Ground, TOKEN, free_port, processes_of};

/// An application whose token is in this keyring, as the configuration file says.
async fn with_keyring(keyring: Keyring) -> App {
    let ground = Ground::new().await;
    ground.configure(json!({"port": free_port(), "token_place": "keyring"}));
    let mut options = ground.options();
    options.keyring = keyring;
    ground.open_with(options)
}

/// Makes the entry that holds the token, whoever asks.
fn entry_with_token(user: &str) -> keyring_core::Result<Entry> {
    let entry = mock::Store::new()?.build("codex-gateway", user, None)?;
    entry.set_password(TOKEN)?;
    Ok(entry)
}

/// A keyring that asks for its password, which is typed when the sender is dropped.
fn asking_for_its_password() -> (Keyring, mpsc::Sender<()>) {
    let (typed, password) = mpsc::channel::<()>();
    let password = Mutex::new(password);
    let keyring = Keyring::new(move |user| {
        let _ = password.lock().unwrap().recv();
        entry_with_token(user)
    });
    (keyring.with_patience(Duration::from_millis(50)), typed)
}

fn is_keyring(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Keyring { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_token_opens_at_once_and_the_old_one_no_more() {
    let app = App::ready().await;
    let codex = processes_of(&app.codex());
    assert_eq!(app.ask(TOKEN).await, Some(200));
    app.desktop.rotate_token().await.unwrap();
    let token = app.desktop.token().unwrap();
    assert_ne!(token, TOKEN);
    assert_eq!((app.ask(TOKEN).await, app.ask(&token).await), (Some(401), Some(200)));
    assert_eq!(app.written()["token"], token);
    assert_eq!(fs::metadata(app.config()).unwrap().permissions().mode() & 0o777, 0o600);
    // Nothing was started again for it.
    assert_eq!(processes_of(&app.codex()), codex);
    let shown = app.state().token.clone();
    assert_eq!(shown.masked, format!("codex-gateway-local-••••••{}", &token[token.len() - 4..]));
    assert_eq!(shown.place, TokenPlace::File);
    assert_eq!(app.desktop.text_to_copy(&CopyTarget::Token).unwrap(), token);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_makes_a_token_that_lasts() {
    let ground = Ground::new().await;
    ground.configure(json!({"port": free_port(), "token_place": "file"}));
    let app = ground.open();
    app.until_ready().await;
    let token = app.desktop.token().unwrap();
    assert_eq!(app.written()["token"], token);
    assert_eq!(app.ask(&token).await, Some(200));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_changed_by_hand_is_taken_up() {
    let app = App::ready().await;
    let mut config = app.written();
    config["token"] = "another-token-by-hand".into();
    fs::write(app.config(), config.to_string()).unwrap();
    app.until(|state| state.token.masked == "••••••").await;
    assert_eq!(app.desktop.token().unwrap(), "another-token-by-hand");
    assert_eq!((app.ask(TOKEN).await, app.ask("another-token-by-hand").await), (Some(401), Some(200)));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_gives_no_token_shows_and_the_file_takes_its_place() {
    let app = with_keyring(Keyring::new(|_| Err(Error::NoStorageAccess("hunter2".into())))).await;
    app.until_trouble(is_keyring).await;
    assert_eq!((app.state().switch, app.state().token.place), (Switch::Off, TokenPlace::Keyring));
    for problem in [
        app.desktop.start().await.unwrap_err(),
        app.desktop.retry_keyring().await.unwrap_err(),
        app.desktop.rotate_token().await.unwrap_err(),
        app.desktop.text_to_copy(&CopyTarget::Token).unwrap_err(),
    ] {
        assert!(matches!(problem, Problem::Token(_)), "{problem}");
        assert!(problem.to_string().starts_with("The local token: "), "{problem}");
    }
    app.desktop.keep_token_in_file().await.unwrap();
    app.until_ready().await;
    let token = app.desktop.token().unwrap();
    assert_eq!(app.ask(&token).await, Some(200));
    assert_eq!((&app.written()["token"], &app.written()["token_place"]), (&json!(token), &json!("file")));
    assert_eq!(app.state().token.place, TokenPlace::File);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_whose_password_is_typed_late_has_the_gateway_start_by_itself() {
    let (keyring, typed) = asking_for_its_password();
    let app = with_keyring(keyring).await;
    app.until_trouble(is_keyring).await;
    drop(typed);
    app.until_ready().await;
    assert_eq!((app.ask(TOKEN).await, app.state().token.place), (Some(200), TokenPlace::Keyring));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_the_keyring_again_has_the_time_to_type_its_password() {
    let (keyring, typed) = asking_for_its_password();
    let app = with_keyring(keyring).await;
    app.until_trouble(is_keyring).await;
    let desktop = app.desktop.clone();
    let asked = tokio::spawn(async move { desktop.retry_keyring().await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!asked.is_finished());
    drop(typed);
    asked.await.unwrap().unwrap();
    app.until_ready().await;
    app.close().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_comes_up_later_is_found() {
    let is_there = Arc::new(AtomicBool::new(false));
    let comes = Arc::clone(&is_there);
    let keyring = Keyring::new(move |user| match comes.load(Ordering::Relaxed) {
        true => entry_with_token(user),
        false => Err(Error::PlatformFailure(Box::new(secret_service::Error::Unavailable))),
    });
    let app = with_keyring(keyring).await;
    app.until_trouble(is_keyring).await;
    is_there.store(true, Ordering::Relaxed);
    app.until_ready().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_keyring_has_lost_is_made_anew() {
    let keyring = mock::Store::new().unwrap();
    let app = with_keyring(Keyring::new(move |user| keyring.build("codex-gateway", user, None))).await;
    app.until_trouble(|trouble| *trouble == Trouble::TokenLost).await;
    assert_eq!((app.state().switch, app.state().token.place), (Switch::Off, TokenPlace::Keyring));
    let problem = app.desktop.start().await.unwrap_err();
    assert!(problem.to_string().contains("no longer has it; make a new one"), "{problem}");
    app.desktop.rotate_token().await.unwrap();
    app.until_ready().await;
    assert_eq!(app.state().token.place, TokenPlace::Keyring);
    assert_eq!(app.ask(&app.desktop.token().unwrap()).await, Some(200));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_be_written_a_token_is_made_for_the_run() {
    let ground = Ground::new().await;
    let mut options = ground.options();
    options.config = "/proc/codex-gateway/config.json".into();
    options.overrides.port = Some(free_port());
    options.keyring = Keyring::new(|_| Err(Error::NoStorageAccess("none".into())));
    let app = ground.open_with(options);
    let state = app.until_ready().await;
    assert_eq!(state.token.place, TokenPlace::Memory);
    let token = app.desktop.token().unwrap();
    assert_eq!(app.ask(&token).await, Some(200));
    app.close().await;
}
