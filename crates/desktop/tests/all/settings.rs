//! The settings from the window: kept in the file, and applied at once.

use std::{collections::BTreeMap, ffi::OsStr, fs, os::unix::ffi::OsStrExt};

use desktop::view::{Cure, NotificationKinds, SettingChange};
use serde_json::{Value, json};

use crate::app::{App, TOKEN, client, processes_of, question};

fn with(field: &str, value: impl Into<Value>) -> Value {
    let mut body = question();
    body[field] = value.into();
    body
}

fn origins(origins: &[&str]) -> Vec<String> {
    origins.iter().map(|&origin| origin.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_page_gets_in_once_it_is_listed_and_no_longer_than_that() {
    const PAGE: &str = "http://localhost:3000";
    let app = App::ready().await;
    let ask = async || {
        let url = format!("{}/models", app.state().base_url);
        let request = client().get(url).bearer_auth(TOKEN).header("origin", PAGE);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask().await, 403);
    app.desktop.change_setting(SettingChange::AllowedOrigins(origins(&[PAGE]))).await.unwrap();
    assert_eq!(ask().await, 200);
    app.desktop.change_setting(SettingChange::AllowedOrigins(Vec::new())).await.unwrap();
    assert_eq!(ask().await, 403);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_is_written_beside_what_was_there() {
    let app = App::ready().await;
    let mut config = app.written();
    config["colour"] = json!({"of": ["the", "house"]});
    config["queue_timeout_seconds"] = 7.into();
    fs::write(app.config(), config.to_string()).unwrap();
    let kinds = NotificationKinds { trouble: true, quota: false, refused_clients: true, sign_in: false };
    for change in [
        SettingChange::StartAtLaunch(false),
        SettingChange::StartAtLogin(true),
        SettingChange::ClickToggles(true),
        SettingChange::ReasoningEffort(Some("low".to_owned())),
        SettingChange::MaxActiveTurns(3),
        SettingChange::TurnTimeoutSeconds(90),
        SettingChange::IdleTimeoutSeconds(45),
        SettingChange::AllowedOrigins(origins(&["http://localhost:3000", " app://obsidian.md "])),
        SettingChange::LogText(true),
        SettingChange::Notifications(kinds),
    ] {
        app.desktop.change_setting(change).await.unwrap();
    }
    let view = app.desktop.settings();
    assert!(!view.start_at_launch && view.start_at_login && view.click_toggles && view.log_text);
    assert_eq!((view.reasoning_effort.as_deref(), view.max_active_turns), (Some("low"), 3));
    assert_eq!((view.turn_timeout_seconds, view.idle_timeout_seconds), (90, 45));
    assert_eq!(view.allowed_origins, ["http://localhost:3000", "app://obsidian.md"]);
    assert_eq!(view.notifications, kinds);
    assert!(view.efforts.contains(&"low".to_owned()));
    for (field, value) in [
        ("reasoning_effort", json!("low")),
        ("max_active_turns", json!(3)),
        ("turn_timeout_seconds", json!(90)),
        ("idle_timeout_seconds", json!(45)),
        ("allowed_origins", json!(["http://localhost:3000", "app://obsidian.md"])),
        ("log_text", json!(true)),
        (
            "desktop",
            json!({
                "start_at_launch": false, "start_at_login": true, "click_toggles": true,
                "notifications": {"trouble": true, "quota": false, "refused_clients": true, "sign_in": false},
            }),
        ),
    ] {
        config[field] = value;
    }
    assert_eq!(app.written(), config);
    app.desktop.change_setting(SettingChange::ReasoningEffort(None)).await.unwrap();
    assert_eq!(app.written().get("reasoning_effort"), None);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_passes_once_its_cure_is_applied() {
    let app = App::ready().await;
    let codex = processes_of(&app.codex());
    for (body, status) in
        [(with("temperature", 0.5), 400), (with("model", "gpt-4o-mini"), 404), (with("model", "gpt-4o"), 404)]
    {
        assert_eq!(app.post(TOKEN, &body).await.unwrap().0, status);
        let request = app.until_request(|request| request.record.status == status).await;
        app.desktop.clear_requests();
        let cure = request.cure.clone().unwrap_or_else(|| panic!("no cure for {:?}", request.record));
        app.desktop.apply_cure(&cure).await.unwrap();
        assert_eq!(app.post(TOKEN, &body).await.unwrap().0, 200, "{cure:?}");
    }
    assert!(app.desktop.settings().ignore_unsupported_parameters);
    let aliases = app.desktop.settings().model_aliases.clone();
    assert_eq!(aliases.keys().collect::<Vec<_>>(), ["gpt-4o", "gpt-4o-mini"]);
    assert_ne!(aliases["gpt-4o-mini"], aliases["gpt-4o"]);
    // Nothing was started again for it.
    assert_eq!(processes_of(&app.codex()), codex);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_cure_takes_nothing_back() {
    let app = App::ready().await;
    let mut config = app.written();
    config["max_body_bytes"] = 9000.into();
    config["turn_timeout_seconds"] = 900.into();
    config["model_aliases"] = json!({"gpt-4o": "mine"});
    fs::write(app.config(), config.to_string()).unwrap();
    app.desktop.follow_settings().wait_for(|view| view.max_body_bytes == 9000).await.unwrap();
    for cure in [
        Cure::RaiseBodyLimit { bytes: 4000 },
        Cure::RaiseTurnTimeout { seconds: 800 },
        Cure::AddModelAlias { name: "gpt-4o".to_owned(), model: "theirs".to_owned() },
    ] {
        app.desktop.apply_cure(&cure).await.unwrap();
    }
    assert_eq!(app.written(), config);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_on_bodies_is_raised() {
    let app = App::ready().await;
    let mut config = app.written();
    config["max_body_bytes"] = 2000.into();
    fs::write(app.config(), config.to_string()).unwrap();
    let body = with("messages", json!([{"role": "user", "content": "x".repeat(3000)}]));
    while app.post(TOKEN, &body).await.unwrap().0 != 413 {}
    let cure = app.until_request(|request| request.record.status == 413).await.cure.clone();
    assert_eq!(cure, Some(Cure::RaiseBodyLimit { bytes: 4000 }));
    app.desktop.apply_cure(&cure.unwrap()).await.unwrap();
    assert_eq!(app.post(TOKEN, &body).await.unwrap().0, 200);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codex_whose_name_is_no_text_is_refused() {
    let app = App::ready().await;
    let before = app.written();
    let name = OsStr::from_bytes(b"/nowhere/cod\xe9x");
    let problem = app.desktop.use_codex(name.as_ref()).await.unwrap_err();
    assert!(problem.to_string().starts_with("Not saved: the config file can't hold the name"), "{problem}");
    assert_eq!(app.written(), before);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_not_written() {
    let app = App::ready().await;
    let before = fs::read_to_string(app.config()).unwrap();
    for change in [
        SettingChange::Port(0),
        SettingChange::MaxActiveTurns(0),
        SettingChange::TurnTimeoutSeconds(0),
        SettingChange::IdleTimeoutSeconds(0),
        SettingChange::AllowedOrigins(origins(&["http://localhost:3000", "*"])),
        SettingChange::ModelAliases(BTreeMap::from([(String::new(), "m".to_owned())])),
    ] {
        app.desktop.change_setting(change).await.unwrap_err();
    }
    assert_eq!(fs::read_to_string(app.config()).unwrap(), before);
    app.close().await;
}
