//! An HTTP server that answers every request with the frames of one file: what the gateway could be at best.

use std::{convert::Infallible, io::Write, net::Ipv4Addr};

use axum::{
    Router,
    body::{Body, Bytes},
    http::header::CONTENT_TYPE,
    response::IntoResponse,
    routing::post,
};
use futures_util::stream;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let answer = std::env::args_os().nth(1).ok_or_else(|| anyhow::anyhow!("usage: bare-server ANSWER"))?;
    let answer = std::fs::read_to_string(answer)?;
    let frames: Vec<Bytes> =
        answer.split_inclusive("\n\n").map(|frame| Bytes::from(frame.to_owned())).collect();
    let answer = async move |_body: Bytes| {
        let frames = stream::iter(frames.clone().into_iter().map(Ok::<_, Infallible>));
        ([(CONTENT_TYPE, "text/event-stream; charset=utf-8")], Body::from_stream(frames)).into_response()
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(std::io::stdout(), "{{\"base_url\":\"http://{}\"}}", listener.local_addr()?)?;
    axum::serve(listener, Router::new().route("/v1/chat/completions", post(answer))).await?;
    Ok(())
}
