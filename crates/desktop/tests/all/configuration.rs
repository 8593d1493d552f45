//! The configuration file, in the hands of people.

use std::fs;

use desktop::{
    Problem,
    view::{SettingChange, Switch, Trouble},
};
use serde_json::json;

use crate::app::{App, Ground, TOKEN, free_port};

fn is_config(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Config { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_by_hand_are_followed_and_a_broken_file_changes_nothing() {
    let app = App::ready().await;
    let mut settings = app.desktop.follow_settings();
    let good = app.written();
    let mut edited = good.clone();
    edited["unsupported_parameters"] = "ignore".into();
    edited["colour"] = "red".into();
    fs::write(app.config(), edited.to_string()).unwrap();
    let view = settings.wait_for(|settings| settings.ignore_unsupported_parameters).await.unwrap().clone();
    assert!(view.warnings[0].contains("colour"), "{:?}", view.warnings);

    fs::write(app.config(), "{\n  \"token\": 12345678901234567890, }").unwrap();
    let Trouble::Config { message } = app.until_trouble(is_config).await else { unreachable!() };
    assert!(message.contains("line 2") && !message.contains("1234567890"), "{message}");
    assert_eq!(app.ask(TOKEN).await, Some(200));
    let problem = app.desktop.change_setting(SettingChange::LogText(true)).await.unwrap_err();
    assert!(matches!(problem, Problem::Config(_)), "{problem}");
    assert!(app.desktop.settings().ignore_unsupported_parameters);

    fs::write(app.config(), good.to_string()).unwrap();
    settings.wait_for(|settings| !settings.ignore_unsupported_parameters).await.unwrap();
    app.until_ready().await;
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_never_good_is_shown_and_taken_once_it_is_mended() {
    let deep = "[".repeat(100_000);
    for hostile in [
        "{",
        "[]",
        "\"",
        "\u{0}",
        "null",
        r#"{"port": "hunter2"}"#,
        r#"{"token": {"hunter2": 1}}"#,
        r#"{"token": "sk-hunter2"}"#,
        r#"{"host": "0.0.0.0"}"#,
        r#"{"desktop": {"notifications": 3}}"#,
        &deep,
    ] {
        let ground = Ground::new().await;
        fs::write(ground.config(), hostile).unwrap();
        let app = ground.open();
        let Trouble::Config { message } = app.until_trouble(is_config).await else { unreachable!() };
        assert!(!message.contains("hunter2"), "{message}");
        assert!(message.len() < 1000, "{hostile:.40}: {message}");
        assert_eq!(app.state().switch, Switch::Off);
        let problem = app.desktop.start().await.unwrap_err().to_string();
        assert!(!problem.contains("hunter2"), "{problem}");
        assert_eq!(fs::read_to_string(app.config()).unwrap(), hostile);
        if hostile.len() < 10 {
            let mended = json!({"port": free_port(), "token": TOKEN, "token_place": "file"});
            fs::write(app.config(), mended.to_string()).unwrap();
            app.until_ready().await;
            assert_eq!(app.ask(TOKEN).await, Some(200));
        }
        app.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_the_files_place_is_no_reason_to_fall() {
    let ground = Ground::new().await;
    fs::remove_file(ground.config()).unwrap();
    fs::create_dir(ground.config()).unwrap();
    let app = ground.open();
    app.until_trouble(is_config).await;
    assert!(app.desktop.start().await.is_err());
    app.close().await;
}
