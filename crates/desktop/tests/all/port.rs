//! The port is somebody else's.

use std::net::{Ipv4Addr, TcpListener};

use desktop::{
    Problem,
    view::{Switch, Trouble},
};
use serde_json::json;

use crate::app::{App, Ground, TOKEN};

/// An application whose port this test holds.
async fn barred() -> (App, TcpListener) {
    let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = held.local_addr().unwrap().port();
    let ground = Ground::new().await;
    ground.configure(json!({"port": port, "token": TOKEN, "token_place": "file"}));
    (ground.open(), held)
}

fn is_taken(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::PortTaken { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_holder_of_the_port_is_named_and_it_is_taken_once_it_is_free() {
    let (app, held) = barred().await;
    let port = held.local_addr().unwrap().port();
    let Trouble::PortTaken { port: named, holder: Some(holder), next_free } =
        app.until_trouble(is_taken).await
    else {
        panic!("{:?}", app.state())
    };
    assert_eq!((named, holder.pid), (port, std::process::id()));
    assert!(next_free.unwrap() > port);
    assert_eq!(app.state().switch, Switch::Off);
    let problem = app.desktop.start().await.unwrap_err();
    assert!(matches!(problem, Problem::PortTaken { .. }));
    assert!(problem.to_string().contains(&holder.name), "{problem}");
    drop(held);
    app.desktop.start().await.unwrap();
    let state = app.until_ready().await;
    assert_eq!(state.base_url, format!("http://127.0.0.1:{port}/v1"));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_port_is_taken_when_the_person_says_so() {
    let (app, _held) = barred().await;
    let Trouble::PortTaken { next_free: Some(next), .. } = app.until_trouble(is_taken).await else {
        panic!("{:?}", app.state())
    };
    app.desktop.use_port(next).await.unwrap();
    app.until_ready().await;
    assert_eq!(app.ask(TOKEN).await, Some(200));
    assert_eq!((app.written()["port"].as_u64(), app.desktop.settings().port), (Some(next.into()), next));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_gateway_moves_with_its_port() {
    let app = App::ready().await;
    let port = crate::app::free_port();
    app.desktop.change_setting(desktop::view::SettingChange::Port(port)).await.unwrap();
    let state = app.until_ready().await;
    assert_eq!(state.base_url, format!("http://127.0.0.1:{port}/v1"));
    assert_eq!(app.ask(TOKEN).await, Some(200));
    app.close().await;
}
