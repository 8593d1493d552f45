//! The port: free, or held by whom.

use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use gateway::{port_holder, settings::Settings};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::finding::Finding;

pub(super) async fn check(settings: &Settings) -> Finding {
    let address = SocketAddr::new(settings.host, settings.port);
    if address.port() == 0 {
        return Finding::ok("port", "any free one is taken at the start");
    }
    // As the gateway will: a port that can be listened on here can be listened on there.
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok("port", format!("{address} is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => held(address).await,
        Err(error) => Finding::fail("port", format!("{address} can't be listened on: {error}"))
            .cure("Choose another with --port, or `port` in the config file."),
    }
}

async fn held(address: SocketAddr) -> Finding {
    let holder = port_holder(address).await;
    match gateway_version(address).await {
        Some(version) => {
            Finding::ok("port", format!("{address} is held by a running Codex Gateway {version}: {holder}"))
        }
        None => Finding::fail("port", format!("{address} is held by {holder}"))
            .cure("Stop it, or choose another port with --port, or `port` in the config file."),
    }
}

/// The version of the gateway that listens at `address`, if it is one.
async fn gateway_version(address: SocketAddr) -> Option<String> {
    let answer = timeout(Duration::from_secs(2), ask(address)).await.ok()?.ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let health: Value = serde_json::from_str(body).ok()?;
    let is_gateway = ["ok", "starting", "unavailable"].contains(&health["status"].as_str()?);
    (is_gateway && health.get("codex").is_some()).then(|| health["version"].as_str().map(str::to_owned))?
}

/// Gets `/healthz`, head and all. Whatever listens there gets nothing that is private, and is not read without end.
async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer).await?;
    Ok(answer)
}
