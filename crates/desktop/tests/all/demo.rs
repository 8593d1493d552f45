//! The demo: scripted answers, through the real Codex.

use desktop::Problem;

use crate::app::{App, Ground, TOKEN};

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_answers_without_the_persons_model() {
    let app = App::ready().await;
    app.desktop.start_demo().await.unwrap();
    let state = app.until(|state| state.demo && state.codex.is_some()).await;
    assert_eq!(state.trouble, None);
    let mut pieces = Vec::new();
    let answer = app.desktop.try_it("Say pong", None, |piece| pieces.push(piece.to_owned())).await.unwrap();
    assert!(answer.text.ends_with("You said: Say pong"), "{answer:?}");
    assert!(pieces.len() > 1 && pieces.concat() == answer.text, "{pieces:?}");
    assert!(answer.first_token_ms.unwrap() <= answer.duration_ms && answer.output_tokens > 0);
    assert!(app.model.requests().is_empty());

    app.desktop.stop_demo().await.unwrap();
    app.until(|state| !state.demo && state.codex.is_some()).await;
    assert_eq!(app.ask(TOKEN).await, Some(200));
    assert_eq!(app.model.requests().len(), 1);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_try_can_be_cancelled_and_says_why_it_fails() {
    let app = App::ready().await;
    app.desktop.start_demo().await.unwrap();
    app.until(|state| state.demo && state.codex.is_some()).await;
    let desktop = app.desktop.clone();
    let long = "word ".repeat(10_000);
    let tried = app.desktop.try_it(&long, None, |_| desktop.cancel_try()).await;
    assert!(matches!(tried, Err(Problem::Cancelled)), "{tried:?}");
    let problem = app.desktop.try_it("Say pong", Some("no-such-model"), |_| {}).await.unwrap_err();
    assert!(problem.to_string().contains("`no-such-model` does not exist"), "{problem}");
    app.desktop.stop().await;
    assert!(matches!(app.desktop.try_it("Say pong", None, |_| {}).await, Err(Problem::Off)));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_stays_when_settings_change() {
    let app = Ground::new().await.open();
    app.desktop.start_demo().await.unwrap();
    app.until(|state| state.demo && state.codex.is_some()).await;
    app.desktop.rotate_token().await.unwrap();
    app.desktop.use_port(crate::app::free_port()).await.unwrap();
    let state = app.until(|state| state.codex.is_some()).await;
    assert!(state.demo);
    assert!(app.desktop.try_it("Say pong", None, |_| {}).await.unwrap().text.ends_with("Say pong"));
    app.close().await;
}
