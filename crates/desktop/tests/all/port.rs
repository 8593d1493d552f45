//! The port is somebody else's.

use std::net::{Ipv4Addr, TcpListener};

use desktop::{
    Problem,
    view::{SettingChange, Switch, Trouble},
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
    // Nothing else that is changed makes it try a port that is taken.
    app.desktop.change_setting(SettingChange::ClickToggles(true)).await.unwrap();
    app.desktop.use_port(next).await.unwrap();
    app.until_ready().await;
    assert_eq!(app.ask(TOKEN).await, Some(200));
    assert_eq!((app.written()["port"].as_u64(), app.desktop.settings().port), (Some(next.into()), next));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_that_found_its_port_taken_moves_too() {
    let (app, held) = barred().await;
    app.until_trouble(is_taken).await;
    app.desktop.start_demo().await.unwrap_err();
    let Some(Trouble::PortTaken { next_free: Some(next), .. }) = app.state().trouble.clone() else {
        panic!("{:?}", app.state())
    };
    app.desktop.use_port(next).await.unwrap();
    let state = app.until_ready().await;
    assert!(state.demo);
    app.desktop.stop().await;
    let port = held.local_addr().unwrap().port();
    drop(held);
    app.desktop.change_setting(SettingChange::Port(port)).await.unwrap();
    app.desktop.start().await.unwrap();
    assert!(!app.until_ready().await.demo, "who has switched it off starts anew");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_tried_again_where_it_was_wanted() {
    let (app, held) = barred().await;
    app.until_trouble(is_taken).await;
    app.desktop.start_demo().await.unwrap_err();
    drop(held);
    app.desktop.start().await.unwrap();
    assert!(app.until_ready().await.demo);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_of_the_command_line_is_not_moved_and_says_what_fixes_it() {
    let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = held.local_addr().unwrap().port();
    let ground = Ground::new().await;
    let mut options = ground.options();
    options.overrides.port = Some(port);
    let app = ground.open_with(options);
    let Trouble::PortTaken { port: named, next_free, .. } = app.until_trouble(is_taken).await else {
        panic!("{:?}", app.state())
    };
    assert_eq!((named, next_free), (port, None));
    let settings = app.desktop.settings();
    assert_eq!((settings.port, &*settings.fixed["port"]), (port, "--port"));
    let before = app.written();
    let problem = app.desktop.use_port(port + 1).await.unwrap_err();
    assert_eq!(problem.to_string(), "`--port` fixes this: start the application without it.");
    assert_eq!(app.written(), before);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_gateway_moves_with_its_port() {
    let app = App::ready().await;
    let port = crate::app::free_port();
    app.desktop.change_setting(SettingChange::Port(port)).await.unwrap();
    let state = app.until_ready().await;
    assert_eq!(state.base_url, format!("http://127.0.0.1:{port}/v1"));
    assert_eq!(app.ask(TOKEN).await, Some(200));
    app.close().await;
}

/// Makes the sockets of this process that listen on `port` deaf, as losing them would.
#[cfg(target_os = "linux")]
fn deafen(port: u16) {
    use rustix::{
        net::{Shutdown, SocketAddrV4, getsockname, shutdown, sockopt::socket_acceptconn},
        process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open},
    };
    let own = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    let files = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let numbers = files.filter_map(|file| file.file_name().to_str()?.parse().ok());
    for number in numbers {
        let Ok(socket) = pidfd_getfd(&own, number, PidfdGetfdFlags::empty()) else { continue };
        let address = getsockname(&socket).ok().and_then(|address| SocketAddrV4::try_from(address).ok());
        if address.is_some_and(|address| address.port() == port) && socket_acceptconn(&socket) == Ok(true) {
            shutdown(&socket, Shutdown::Both).unwrap();
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_lost_is_taken_again() {
    let app = App::ready().await;
    let port = app.desktop.settings().port;
    deafen(port);
    assert_eq!(app.ask(TOKEN).await, None);
    let since = std::time::Instant::now();
    app.until(|state| state.switch == Switch::Starting).await;
    println!("it was taken again after {:?}", since.elapsed());
    app.until_ready().await;
    assert_eq!(app.ask(TOKEN).await, Some(200));
    app.close().await;
}
