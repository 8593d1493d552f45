//! On, off, and on again.

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use desktop::view::{FirstRun, SettingChange, Switch};
use serde_json::json;
use tokio::net::TcpStream;

use crate::app::{App, Ground, TOKEN, client, free_port, processes_of};

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_at_launch_and_can_be_toggled() {
    let app = App::ready().await;
    assert_eq!(app.ask(TOKEN).await, Some(200));

    app.desktop.stop().await;
    assert_eq!(app.state().switch, Switch::Off);
    app.desktop.start().await.unwrap();
    assert_ne!(app.state().switch, Switch::Off);
    app.until_ready().await;
    assert_eq!(app.ask(TOKEN).await, Some(200));

    app.desktop.toggle().await.unwrap();
    let url = format!("{}/models", app.state().base_url);
    let since = Instant::now();
    while client().get(&url).send().await.is_ok() {
        assert!(since.elapsed() < Duration::from_secs(10), "it still listens");
    }
    // The log outlives the gateway.
    app.until_request(|_| app.desktop.requests().len() == 2).await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_at_once() {
    let app = App::ready().await;
    let mut slowest = Duration::ZERO;
    for _ in 0..5 {
        app.desktop.stop().await;
        let since = Instant::now();
        app.desktop.start().await.unwrap();
        TcpStream::connect((Ipv4Addr::LOCALHOST, app.desktop.settings().port)).await.unwrap();
        slowest = slowest.max(since.elapsed());
    }
    println!("the slowest start took {slowest:?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stays_off_at_launch_where_the_settings_say_so() {
    let ground = Ground::new().await;
    ground.configure(json!({
        "port": free_port(), "token": TOKEN, "token_place": "file", "desktop": {"start_at_launch": false},
    }));
    let app = ground.open();
    app.until(|state| state.token.masked.ends_with("DEFG")).await;
    assert_eq!(app.state().switch, Switch::Off);
    assert!(processes_of(&app.codex()).is_empty());
    assert_eq!(app.ask(TOKEN).await, None);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_is_over_for_good() {
    let app = App::ready().await;
    let target = desktop::view::CopyTarget::Snippet { id: "python".to_owned() };
    let before = Some(FirstRun { codex_found: true, can_answer: true, snippet_copied: false });
    assert_eq!(app.state().first_run, before);
    app.desktop.text_to_copy(&target).unwrap();
    assert!(app.state().first_run.unwrap().snippet_copied);
    app.desktop.first_run_done().await.unwrap();
    assert_eq!(app.state().first_run, None);
    assert_eq!(app.written()["desktop"], json!({"first_run_done": true}));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_on_the_icon_switches_where_the_person_wants_it_to() {
    let app = App::ready().await;
    app.desktop.icon_clicked().await.unwrap();
    assert_ne!(app.state().switch, Switch::Off);
    app.desktop.change_setting(SettingChange::ClickToggles(true)).await.unwrap();
    app.desktop.icon_clicked().await.unwrap();
    assert_eq!(app.state().switch, Switch::Off);
    app.desktop.icon_clicked().await.unwrap();
    app.until_ready().await;
    app.close().await;
}
