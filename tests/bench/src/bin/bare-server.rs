//! An HTTP server that answers every request with the frames of one file: what the gateway could be at best.
//!
//! It does what no server of this API can leave out, and nothing else: it reads the body, parses its JSON, and streams
//! the frames without waiting, as many as are there with one write.

use std::{convert::Infallible, io::Write, net::Ipv4Addr};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    http::header::CONTENT_TYPE,
    response::IntoResponse,
    routing::post,
    serve::ListenerExt,
};
use futures_util::stream;
use serde_json::Value;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let answer = std::env::args_os().nth(1).ok_or_else(|| anyhow::anyhow!("usage: bare-server ANSWER"))?;
    let answer = std::fs::read_to_string(answer)?;
    let frames: Vec<Bytes> =
        answer.split_inclusive("\n\n").map(|frame| Bytes::from(frame.to_owned())).collect();
    let answer = async move |Json(_): Json<Value>| {
        let frames = stream::iter(frames.clone().into_iter().map(Ok::<_, Infallible>));
        ([(CONTENT_TYPE, "text/event-stream; charset=utf-8")], Body::from_stream(frames)).into_response()
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(std::io::stdout(), "{{\"base_url\":\"http://{}\"}}", listener.local_addr()?)?;
    // As the gateway does: what is written leaves at once.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, Router::new().route("/v1/chat/completions", post(answer))).await?;
    Ok(())
}
