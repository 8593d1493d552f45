//! What only shows below HTTP: writes, connections, and many streams at once.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use scripted_model::{EventStream, How, Message, Script};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::client::{PATIENCE, ask, post, request_text, start};

const REQUEST: &[u8] = b"POST /v1/responses HTTP/1.1\r\nhost: model\r\ncontent-length: 2\r\n\r\n{}";

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Reads the whole of one chunked answer; returns its chunks.
async fn chunks(socket: &mut TcpStream) -> Vec<String> {
    let mut received = Vec::new();
    while !received.ends_with(b"\r\n0\r\n\r\n") {
        assert!(socket.read_buf(&mut received).await.unwrap() > 0, "closed too early");
    }
    let answer = String::from_utf8(received).unwrap();
    let (_, mut rest) = answer.split_once("\r\n\r\n").unwrap();
    let mut chunks = Vec::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let (chunk, after) = after.split_at(usize::from_str_radix(size, 16).unwrap());
        chunks.push(chunk.to_owned());
        rest = after.strip_prefix("\r\n").unwrap();
    }
    assert_eq!(chunks.pop().as_deref(), Some(""), "the last chunk ends the body");
    chunks
}

#[tokio::test]
async fn an_event_is_a_chunk_and_a_connection_is_used_again() {
    let model = start().await;
    model.set_default(Script::deltas(["po", "ng"]));
    let mut socket = connect(model.address()).await;
    for _ in 0..2 {
        socket.write_all(REQUEST).await.unwrap();
        let chunks = timeout(PATIENCE, chunks(&mut socket)).await.unwrap();
        assert_eq!(chunks.len(), 9);
        for chunk in chunks {
            assert!(chunk.starts_with("event: response.") && chunk.ends_with("}\n\n"), "{chunk:?}");
            assert_eq!(chunk.matches("\n\n").count(), 1, "{chunk:?}");
        }
    }
}

#[tokio::test]
async fn what_comes_before_a_pause_is_not_held_back() {
    let model = start().await;
    model.set_default(EventStream::default().message(Message::deltas(["now"]).unfinished()).hang());
    let mut socket = connect(model.address()).await;
    socket.write_all(REQUEST).await.unwrap();
    let mut received = Vec::new();
    let delta = async {
        while !String::from_utf8_lossy(&received).contains("\"delta\":\"now\"") {
            socket.read_buf(&mut received).await.unwrap();
        }
    };
    timeout(PATIENCE, delta).await.expect("the delta must come while the stream is open");
}

#[tokio::test]
async fn leaving_right_after_the_last_event_is_no_hang_up() {
    let model = start().await;
    model.set_default(Script::text("pong"));
    let mut socket = connect(model.address()).await;
    socket.write_all(REQUEST).await.unwrap();
    let mut received = Vec::new();
    while !String::from_utf8_lossy(&received).contains("event: response.completed") {
        socket.read_buf(&mut received).await.unwrap();
    }
    drop(socket);
    let requests = model.wait_for_ended(1, PATIENCE).await.unwrap();
    assert_eq!(requests[0].ended.unwrap().how, How::Completed);
}

#[tokio::test]
async fn a_request_that_breaks_off_takes_no_script() {
    let model = start().await;
    model.push(Script::text("for a whole request"));
    let mut socket = connect(model.address()).await;
    socket
        .write_all(b"POST /v1/responses HTTP/1.1\r\nhost: model\r\ncontent-length: 100\r\n\r\n{")
        .await
        .unwrap();
    socket.shutdown().await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert_eq!(ask(&model).await[3]["delta"], "for a whole request");
    assert_eq!(model.requests().len(), 1);
}

#[tokio::test]
async fn many_streams_run_at_once() {
    const STREAMS: u64 = 64;
    let model = start().await;
    let message = Message::deltas(["word "; 20]).pause(Duration::from_millis(2));
    model.set_default(EventStream::default().message(message));
    let client = reqwest::Client::new();
    let url = format!("{}/responses", model.base_url());
    let mut answers = JoinSet::new();
    for _ in 0..STREAMS {
        let request = client.post(&url).body("{}");
        answers.spawn(async move { request.send().await.unwrap().text().await.unwrap() });
    }
    let answers = answers.join_all().await;
    let ids: HashSet<_> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.matches("\"delta\":\"word \"").count(), 20);
            assert_eq!(answer.matches("event: response.completed").count(), 1);
            let (_, from_id) = answer.split_once("\"id\":\"resp_").unwrap();
            &from_id[..8]
        })
        .collect();
    assert_eq!(ids.len() as u64, STREAMS, "ids must be unique");
    assert_eq!(model.wait_for_ended(STREAMS, PATIENCE).await.unwrap().len() as u64, STREAMS);
}

#[tokio::test]
async fn hanging_streams_block_nobody() {
    let model = start().await;
    model.set_default(EventStream::default().hang());
    let mut hanging = Vec::new();
    for _ in 0..64 {
        let mut socket = connect(model.address()).await;
        socket.write_all(REQUEST).await.unwrap();
        hanging.push(socket);
    }
    let requests = model.wait_for_requests(64, PATIENCE).await.unwrap();
    assert!(requests.iter().all(|request| request.ended.is_none()));
    model.push(Script::text("pong"));
    assert_eq!(ask(&model).await[3]["delta"], "pong");
}

#[tokio::test]
async fn shutdown_closes_the_port_and_every_stream() {
    let model = start().await;
    model.set_default(EventStream::default().hang());
    let mut hanging = post(&model, &request_text("ping")).await;
    hanging.chunk().await.unwrap();
    let address = model.address();

    timeout(PATIENCE, model.shutdown()).await.expect("a hanging stream must not hold up the shutdown");
    hanging.chunk().await.expect_err("the stream must break");
    TcpStream::connect(address).await.expect_err("the port must be closed");
}

#[tokio::test]
async fn dropping_the_model_closes_its_streams_too() {
    let model = start().await;
    model.set_default(EventStream::default().hang());
    let mut hanging = post(&model, &request_text("ping")).await;
    hanging.chunk().await.unwrap();
    drop(model);
    timeout(PATIENCE, hanging.chunk()).await.unwrap().expect_err("the stream must break");
}
