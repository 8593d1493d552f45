//! Codex dies, is missing, is signed out: it shows, and mends itself.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use desktop::{
    Problem,
    view::{AccountView, AppState, CopyTarget, SignInState, Switch, Trouble},
};

use crate::app::{App, Ground, TOKEN, processes_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_codex_that_dies_shows_and_comes_back() {
    let app = App::ready().await;
    let [codex] = &processes_of(&app.codex())[..] else { panic!("Codex runs once") };
    // Were it started again, it could not.
    fs::remove_file(app.codex()).unwrap();
    let since = Instant::now();
    assert!(Command::new("kill").args(["-9", codex]).status().unwrap().success());
    app.until(|state| state.trouble.is_some()).await;
    let took = since.elapsed();
    println!("it showed after {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let missing = |trouble: &Trouble| matches!(trouble, Trouble::CodexMissing { .. });
    let trouble = app.until_trouble(missing).await;
    assert_eq!(trouble, Trouble::CodexMissing { searched: vec![app.codex().display().to_string()] });
    assert_ne!(app.state().switch, Switch::Off);

    crate::app::install_codex(&app.codex());
    app.until_ready().await;
    assert_eq!(app.ask(TOKEN).await, Some(200));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codex_that_appears_is_taken() {
    let ground = Ground::new().await;
    fs::remove_file(ground.codex()).unwrap();
    let app = ground.open();
    app.until_trouble(|trouble| matches!(trouble, Trouble::CodexMissing { .. })).await;
    let first_run = app.state().first_run.unwrap();
    assert!(!first_run.codex_found && !first_run.can_answer);
    crate::app::install_codex(&app.codex());
    let state = app.until_ready().await;
    assert!(state.first_run.unwrap().codex_found);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_out_can_sign_in_or_take_the_demo() {
    let ground = Ground::new().await;
    fs::write(ground.folder.path().join("codex-home/config.toml"), "").unwrap();
    let app = ground.open();
    app.until_trouble(|trouble| *trouble == Trouble::SignedOut).await;
    let state = app.state();
    assert_eq!(state.codex.as_ref().unwrap().account, AccountView::SignedOut);
    assert!(!state.first_run.unwrap().can_answer);

    let sign_in = app.desktop.sign_in(desktop::SignInWith::Browser).await.unwrap();
    assert!(sign_in.url.starts_with("https://auth.openai.com/"), "{}", sign_in.url);
    assert_eq!(sign_in.user_code, None);
    assert_eq!(app.desktop.text_to_copy(&CopyTarget::SignInUrl).unwrap(), sign_in.url);
    assert_eq!(app.desktop.sign_in_url().unwrap(), sign_in.url);
    // There is none in this way.
    assert!(matches!(app.desktop.text_to_copy(&CopyTarget::SignInCode), Err(Problem::NoSignIn)));
    assert_eq!(app.state().sign_in, Some(SignInState::Waiting(sign_in)));
    app.desktop.cancel_sign_in().await;
    assert_eq!(app.state().sign_in, None);
    assert!(matches!(app.desktop.sign_in_url(), Err(Problem::NoSignIn)));

    app.desktop.start_demo().await.unwrap();
    let state = app.until(|state| state.demo && state.codex.is_some()).await;
    assert_eq!((&state.trouble, state.first_run.unwrap().can_answer), (&None, true));

    // Somebody signs in from a terminal.
    app.desktop.stop_demo().await.unwrap();
    app.until_trouble(|trouble| *trouble == Trouble::SignedOut).await;
    let failed = |state: &AppState| matches!(state.sign_in, Some(SignInState::Failed { .. }));
    fail_to_sign_in(&app).await;
    let Some(SignInState::Failed { message }) = app.until(failed).await.sign_in.clone() else {
        unreachable!()
    };
    assert!(message.starts_with("The sign-in failed: Codex ended"), "{message}");
    let login = r#"{"OPENAI_API_KEY": "sk-of-the-tests-and-of-nobody", "auth_mode": "apikey"}"#;
    let since = Instant::now();
    fs::write(app.folder.path().join("codex-home/auth.json"), login).unwrap();
    app.until(|state| {
        state.codex.as_ref().is_some_and(|codex| matches!(codex.account, AccountView::SignedIn { .. }))
    })
    .await;
    println!("the sign-in showed after {:?}", since.elapsed());
    let state = app.state();
    assert_eq!((&state.trouble, &state.sign_in), (&None, &None));
    app.close().await;
}

/// Begins to sign in, and kills the Codex that waits for it.
async fn fail_to_sign_in(app: &App) {
    let before = processes_of(&app.codex());
    app.desktop.sign_in(desktop::SignInWith::Browser).await.unwrap();
    let after = processes_of(&app.codex());
    let [new] = &after.iter().filter(|process| !before.contains(process)).collect::<Vec<_>>()[..] else {
        panic!("one Codex more than {before:?}: {after:?}")
    };
    assert!(Command::new("kill").args(["-9", new]).status().unwrap().success());
}
