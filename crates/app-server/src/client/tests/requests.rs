//! What is sent, and what happens to those who stop waiting.

use std::sync::Mutex;

use super::*;

#[tokio::test]
async fn a_request_is_one_line_of_json() {
    let (client, mut peer) = connect();
    drop(client.send(&Ask { number: 7 }).unwrap());
    client.notify("initialized");
    assert_eq!(peer.hear().await.unwrap(), json!({"id": 1, "method": "test/ask", "params": {"number": 7}}));
    assert_eq!(peer.hear().await.unwrap(), json!({"method": "initialized"}));
}

#[tokio::test]
async fn requests_sent_without_waiting_keep_their_order() {
    let (client, mut peer) = connect();
    let responses: Vec<_> = (0..500).map(|number| client.send(&Ask { number }).unwrap()).collect();
    for number in 0..500 {
        let (id, params) = peer.hear_request().await;
        assert_eq!(params["number"], number);
        peer.answer(id, number).await;
    }
    for (number, response) in responses.into_iter().enumerate() {
        assert_eq!(response.wait().await.unwrap(), number);
    }
}

#[tokio::test]
async fn a_request_waits_while_codex_has_as_many_as_it_takes() {
    const WAITS: Duration = Duration::from_millis(100);
    let (client, mut peer) = connect();
    for number in 0..102 {
        drop(client.send(&Ask { number }).unwrap());
    }
    let mut first = Vec::new();
    for _ in 0..100 {
        first.push(peer.hear_request().await.0);
    }
    for (number, id) in (100..102).zip(first) {
        timeout(WAITS, peer.hear()).await.expect_err("a request more than Codex takes");
        peer.answer(id, "done").await;
        assert_eq!(peer.hear_request().await.1["number"], number);
    }
}

#[tokio::test]
async fn a_request_that_is_given_up_makes_room() {
    let (client, mut peer) = connect_with(Duration::from_millis(50));
    for number in 0..101 {
        drop(client.send(&Ask { number }).unwrap());
    }
    for number in 0..101 {
        assert_eq!(peer.hear_request().await.1["number"], number);
    }
    // An answer that comes too late makes no more of it.
    peer.answer(1, "late").await;
    let next = client.send_within(&Ask { number: 101 }, PATIENCE).unwrap();
    let (id, _) = peer.hear_request().await;
    peer.answer(id, "in time").await;
    assert_eq!(next.wait().await.unwrap(), "in time");
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_still_heard() {
    let (client, mut peer) = connect();
    let mut events = client.subscribe("t");
    // More than the pipe holds, so that the writer has to wait.
    let parts = vec!["x".repeat(1024 * 1024); 4];
    let long: Vec<_> = parts.iter().map(|part| client.send(&Long { part }).unwrap()).collect();
    peer.delta("t", "while the pipe is full").await;
    assert_eq!(next(&mut events).await, Ok(delta("while the pipe is full")));
    for _ in &long {
        let (id, params) = peer.hear_request().await;
        assert_eq!(params["part"].as_str().map(str::len), Some(1024 * 1024));
        peer.answer(id, "read").await;
    }
    for response in long {
        assert_eq!(response.wait().await.unwrap(), "read");
    }
}

#[derive(Serialize)]
struct Long<'a> {
    part: &'a str,
}

impl Request for Long<'_> {
    const METHOD: &'static str = "test/long";
    type Response = Value;
}

#[tokio::test]
async fn a_request_is_given_up_after_its_time_and_a_late_answer_harms_nobody() {
    let patience = Arc::new(Mutex::new(Duration::from_millis(50)));
    let now = Arc::clone(&patience);
    let (client, mut peer) = connect_with(RequestTimeout::by(move || *now.lock().unwrap()));
    let error = client.request(&Ask { number: 1 }).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { method: "test/ask", .. }), "{error:?}");
    let (late, _) = peer.hear_request().await;

    *patience.lock().unwrap() = PATIENCE;
    let next = client.send(&Ask { number: 2 }).unwrap();
    let (id, _) = peer.hear_request().await;
    peer.answer(late, "late").await;
    peer.answer(id, "in time").await;
    assert_eq!(next.wait().await.unwrap(), "in time");
}

#[tokio::test]
async fn a_request_may_take_as_long_as_there_is_time() {
    let (client, mut peer) = connect_with(Duration::from_millis(50));
    let patient = client.send_within(&Ask { number: 1 }, Duration::MAX).unwrap();
    let (id, _) = peer.hear_request().await;
    client.request(&Ask { number: 2 }).await.unwrap_err();
    peer.answer(id, "at last").await;
    assert_eq!(patient.wait().await.unwrap(), "at last");
}

#[tokio::test]
async fn dropping_a_response_forgets_the_answer_and_not_the_request() {
    let (client, mut peer) = connect();
    drop(client.send(&Ask { number: 1 }).unwrap());
    let kept = client.send(&Ask { number: 2 }).unwrap();
    let ((dropped, params), (id, _)) = (peer.hear_request().await, peer.hear_request().await);
    assert_eq!(params["number"], 1);
    peer.answer(dropped, "for nobody").await;
    peer.answer(id, "kept").await;
    assert_eq!(kept.wait().await.unwrap(), "kept");
}
