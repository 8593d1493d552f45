//! The program `scripted-model`.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::client::PATIENCE;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scripted-model"));
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn start(arguments: &[&str]) -> (Child, Value) {
    let mut child = program(arguments).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    timeout(PATIENCE, stdout.read_line(&mut line)).await.unwrap().unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

async fn answer(addresses: &Value) -> String {
    let url = format!("{}/responses", addresses["base_url"].as_str().unwrap());
    let request = reqwest::Client::new().post(url).body(r#"{"input": "ping"}"#);
    request.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn it_prints_its_addresses_and_serves_until_stdin_closes() {
    let (mut child, addresses) = start(&[]).await;
    let base_url = addresses["base_url"].as_str().unwrap();
    assert!(base_url.starts_with("http://127.0.0.1:") && base_url.ends_with("/v1"), "{base_url}");
    assert!(answer(&addresses).await.contains(r#""delta":"ping""#));

    let control_url = addresses["control_url"].as_str().unwrap();
    let list = reqwest::get(format!("{control_url}/requests")).await.unwrap().text().await.unwrap();
    assert!(list.starts_with(r#"{"arrived":1,"#), "{list}");

    drop(child.stdin.take());
    assert!(timeout(PATIENCE, child.wait()).await.unwrap().unwrap().success());
}

#[tokio::test]
async fn it_plays_the_script_of_a_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(br#"{"steps": [{"text": "from the file"}]}"#).unwrap();
    let (_child, addresses) = start(&["--script", file.path().to_str().unwrap()]).await;
    assert!(answer(&addresses).await.contains(r#""delta":"from the file""#));
}

#[tokio::test]
async fn it_stops_on_a_signal() {
    for signal in ["-TERM", "-INT"] {
        let (mut child, _) = start(&[]).await;
        // Held, because `wait` would close it, which ends the program too.
        let stdin = child.stdin.take();
        let id = child.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().await.unwrap().success());
        assert!(timeout(PATIENCE, child.wait()).await.unwrap().unwrap().success(), "{signal}");
        drop(stdin);
    }
}

#[tokio::test]
async fn it_says_what_it_cannot_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut bad = tempfile::NamedTempFile::new().unwrap();
    bad.write_all(br#"{"steps": [{"txt": "a"}]}"#).unwrap();
    for (arguments, complaint) in [
        (["--port", &port], format!("scripted-model: cannot listen on 127.0.0.1:{port}: ")),
        (["--script", "/nonexistent.json"], "scripted-model: cannot read /nonexistent.json: ".to_owned()),
        (["--script", bad.path().to_str().unwrap()], "steps[0]: unknown variant `txt`".to_owned()),
    ] {
        let mut child = program(&arguments).spawn().unwrap();
        assert!(!timeout(PATIENCE, child.wait()).await.unwrap().unwrap().success());
        let mut message = String::new();
        child.stderr.take().unwrap().read_to_string(&mut message).await.unwrap();
        assert!(message.contains(&complaint), "{message}");
    }
}
