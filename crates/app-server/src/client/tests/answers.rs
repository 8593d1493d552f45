//! Which answer belongs to which request, and what is no answer at all.

use super::*;
use crate::transport::MAX_LINE_BYTES;

#[tokio::test]
async fn answers_find_their_requests_in_any_order() {
    let (client, mut peer) = connect();
    let responses: Vec<_> = (0..4).map(|number| client.send(&Ask { number }).unwrap()).collect();
    let mut requests = Vec::new();
    for _ in 0..4 {
        requests.push(peer.hear_request().await);
    }
    for place in [2, 0, 3, 1] {
        let (id, params) = &requests[place];
        peer.answer(*id, params["number"].clone()).await;
    }
    for (number, response) in responses.into_iter().enumerate() {
        assert_eq!(response.wait().await.unwrap(), number);
    }
}

#[tokio::test]
async fn clones_of_a_client_share_no_ids() {
    let (client, mut peer) = connect();
    let other = client.clone();
    let (first, second) = (client.send(&Ask { number: 1 }).unwrap(), other.send(&Ask { number: 2 }).unwrap());
    let ((first_id, _), (second_id, _)) = (peer.hear_request().await, peer.hear_request().await);
    assert_ne!(first_id, second_id);
    peer.answer(second_id, "second").await;
    peer.answer(first_id, "first").await;
    assert_eq!(
        (first.wait().await.unwrap(), second.wait().await.unwrap()),
        ("first".into(), "second".into())
    );
}

#[tokio::test]
async fn what_is_no_message_is_skipped() {
    let (client, mut peer) = connect();
    let response = client.send(&Ask { number: 1 }).unwrap();
    let (id, _) = peer.hear_request().await;
    for line in [
        &b""[..],
        b"\r",
        b"   ",
        b"warning: something was printed here",
        b"{\"id\": 1, \"result\":",
        b"[]",
        b"null",
        b"17",
        b"{}",
        b"{\"id\": 1, \"error\": \"not an object\"}",
        b"{\"method\": 7}",
        b"{\"id\": 1, \"result\": \"\xff\xfe\"}",
        b"\xff\xfe\x00",
    ] {
        peer.say([line, b"\n"].concat()).await;
    }
    peer.answer(id, "the answer").await;
    assert_eq!(response.wait().await.unwrap(), "the answer");
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_is_skipped() {
    let (client, mut peer) = connect();
    let response = client.send(&Ask { number: 1 }).unwrap();
    let (id, _) = peer.hear_request().await;
    for other in
        [json!(id + 1000), json!(-1), json!(1.5), json!(id.to_string()), json!("overflow"), json!([id])]
    {
        peer.send(json!({"id": other, "result": "somebody else's"})).await;
        peer.send(json!({"id": other, "error": {"code": 1, "message": "somebody else's"}})).await;
    }
    peer.answer(id, "the answer").await;
    peer.answer(id, "once more").await;
    assert_eq!(response.wait().await.unwrap(), "the answer");
    round_trip(&client, &mut peer).await;
}

#[tokio::test]
async fn a_line_that_is_too_long_is_skipped() {
    let (client, mut peer) = connect();
    let response = client.send(&Ask { number: 1 }).unwrap();
    let (id, _) = peer.hear_request().await;
    let part = vec![b'x'; 1024 * 1024];
    peer.say(format!("{{\"id\": {id}, \"result\": \"")).await;
    for _ in 0..=MAX_LINE_BYTES / part.len() {
        peer.say(&part).await;
    }
    peer.say("\"}\n").await;
    peer.answer(id, "the answer").await;
    assert_eq!(response.wait().await.unwrap(), "the answer");
}

#[tokio::test]
async fn an_answer_may_be_long_and_come_in_pieces() {
    let (client, mut peer) = connect();
    let response = client.send(&Ask { number: 1 }).unwrap();
    let (id, _) = peer.hear_request().await;
    let text = "é".repeat(1024 * 1024);
    let line = format!("{}\r\n", json!({"id": id, "result": text}));
    for piece in line.as_bytes().chunks(65_537) {
        peer.say(piece).await;
    }
    assert_eq!(response.wait().await.unwrap(), text);
}

#[tokio::test]
async fn a_refusal_names_its_method_and_hides_secrets() {
    let (client, mut peer) = connect();
    let response = client.send(&Ask { number: 1 }).unwrap();
    let (id, _) = peer.hear_request().await;
    let error = json!({"code": -32600, "message": "bad key sk-12345678", "data": {"more": true}});
    peer.send(json!({"id": id, "error": error})).await;
    let error = response.wait().await.unwrap_err();
    assert!(matches!(error, Error::Refused { method: "test/ask", code: -32600, .. }), "{error:?}");
    assert_eq!(error.to_string(), "Codex refused `test/ask`: bad key [redacted] (code -32600)");
}

#[tokio::test]
async fn an_answer_in_an_unknown_form_is_an_error_of_its_request_only() {
    let (client, mut peer) = connect();
    let response = client.send(&Count {}).unwrap();
    let (id, _) = peer.hear_request().await;
    peer.answer(id, "many").await;
    let error = response.wait().await.unwrap_err();
    assert!(matches!(error, Error::Answer { method: "test/count", .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("many"), "{error:?}");
    round_trip(&client, &mut peer).await;
}

#[tokio::test]
async fn an_answer_without_a_result_is_null() {
    let (client, mut peer) = connect();
    let response = client.send(&Ask { number: 1 }).unwrap();
    let (id, _) = peer.hear_request().await;
    peer.send(json!({"id": id})).await;
    assert_eq!(response.wait().await.unwrap(), Value::Null);
}
