//! The end of a connection, from either side.

use super::*;

#[tokio::test]
async fn the_end_of_the_file_ends_everything_that_waits() {
    let (client, mut peer) = connect();
    let mut one = client.subscribe("one");
    let mut two = client.subscribe("two");
    let responses: Vec<_> = (0..3).map(|number| client.send(&Ask { number }).unwrap()).collect();
    for _ in 0..3 {
        peer.hear_request().await;
    }
    peer.delta("one", "last words").await;
    drop(peer);
    for response in responses {
        let error = response.wait().await.unwrap_err();
        assert!(matches!(error, Error::Closed { method: "test/ask" }), "{error:?}");
    }
    // What had arrived is still told.
    assert_eq!((next(&mut one).await, next(&mut one).await), (Ok(delta("last words")), Err(Lost::Closed)));
    assert_eq!(next(&mut two).await, Err(Lost::Closed));
    assert!(client.is_closed());
}

#[tokio::test]
async fn a_peer_that_says_no_more_is_told_the_end_though_a_request_waits_for_room() {
    let (client, peer) = connect();
    for number in 0..101 {
        drop(client.send(&Ask { number }).unwrap());
    }
    let Peer { mut input, output } = peer;
    for _ in 0..100 {
        input.next_line().await.unwrap().unwrap();
    }
    drop(output);
    let to_the_end = async { while input.next_line().await.unwrap().is_some() {} };
    timeout(PATIENCE, to_the_end).await.expect("the input stays open");
}

#[tokio::test]
async fn after_the_end_everything_fails_at_once() {
    let (client, peer) = connect();
    let mut waiting = client.subscribe("t");
    drop(peer);
    assert_eq!(next(&mut waiting).await, Err(Lost::Closed));
    let error = client.request(&Ask { number: 1 }).await.unwrap_err();
    assert!(matches!(error, Error::Closed { method: "test/ask" }), "{error:?}");
    assert_eq!(next(&mut client.subscribe("t")).await, Err(Lost::Closed));
}

#[tokio::test]
async fn a_last_line_without_its_line_end_is_read() {
    let (client, mut peer) = connect();
    let response = client.send(&Ask { number: 1 }).unwrap();
    let (id, _) = peer.hear_request().await;
    peer.say(json!({"id": id, "result": "cut short"}).to_string()).await;
    drop(peer);
    assert_eq!(response.wait().await.unwrap(), "cut short");
}

#[tokio::test]
async fn a_peer_that_no_longer_reads_can_still_speak() {
    let (client, peer) = connect();
    let mut events = client.subscribe("t");
    let Peer { input, mut output } = peer;
    drop(input);
    drop(client.send(&Ask { number: 1 }).unwrap());
    let params = json!({"threadId": "t", "turnId": "u", "itemId": "m", "delta": "a"});
    let line = format!("{}\n", json!({"method": "item/agentMessage/delta", "params": params}));
    output.write_all(line.as_bytes()).await.unwrap();
    assert_eq!(next(&mut events).await, Ok(delta("a")));
}

#[tokio::test]
async fn closing_sends_what_was_asked_before_and_then_the_end_of_the_file() {
    let (client, mut peer) = connect();
    let before = client.send(&Ask { number: 1 }).unwrap();
    client.connection.close();
    let (id, params) = peer.hear_request().await;
    assert_eq!(params["number"], 1);
    assert_eq!(peer.hear().await, None);
    // The other direction stays open until the peer closes it.
    peer.answer(id, "a last answer").await;
    assert_eq!(before.wait().await.unwrap(), "a last answer");
    let after = client.send(&Ask { number: 2 }).unwrap();
    drop(peer);
    assert!(matches!(after.wait().await, Err(Error::Closed { .. })));
}

/// A turn whose client is gone still ends: its events are followed by whoever subscribed.
#[tokio::test]
async fn a_subscription_outlives_its_client() {
    let (client, mut peer) = connect();
    let mut events = client.subscribe("t");
    drop(client);
    peer.delta("t", "a").await;
    assert_eq!(next(&mut events).await, Ok(delta("a")));
}
