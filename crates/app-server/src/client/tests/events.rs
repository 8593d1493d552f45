//! Which event goes to whom, and what becomes of those who do not read.

use super::*;

#[tokio::test]
async fn events_go_to_their_own_thread_only() {
    let (client, mut peer) = connect();
    let mut one = client.subscribe("one");
    let mut two = client.subscribe("two");
    peer.delta("two", "b").await;
    peer.delta("nobody's", "c").await;
    peer.delta("one", "a").await;
    peer.send(json!({"method": "account/updated", "params": {"authMode": null}})).await;
    peer.delta("two", "d").await;
    assert_eq!(next(&mut one).await, Ok(delta("a")));
    assert_eq!((next(&mut two).await, next(&mut two).await), (Ok(delta("b")), Ok(delta("d"))));

    // Neither got anything else: the next thing to come is the end.
    drop(peer);
    assert_eq!((next(&mut one).await, next(&mut two).await), (Err(Lost::Closed), Err(Lost::Closed)));
}

#[tokio::test]
async fn a_subscription_that_was_made_before_a_request_misses_nothing_of_it() {
    let (client, mut peer) = connect();
    let mut events = client.subscribe("t");
    let response = client.send(&Ask { number: 1 }).unwrap();
    let (id, _) = peer.hear_request().await;
    peer.delta("t", "before the answer").await;
    peer.answer(id, "started").await;
    peer.delta("t", "after the answer").await;
    assert_eq!(response.wait().await.unwrap(), "started");
    assert_eq!(next(&mut events).await, Ok(delta("before the answer")));
    assert_eq!(next(&mut events).await, Ok(delta("after the answer")));
}

#[tokio::test]
async fn a_server_that_is_started_for_a_thread_is_told_to_whoever_follows_it_later() {
    let (client, mut peer) = connect();
    let started = |thread_id: &str| {
        let params = json!({"threadId": thread_id, "name": "files", "status": "starting"});
        json!({"method": "mcpServer/startupStatus/updated", "params": params})
    };
    peer.send(started("t")).await;
    peer.delta("t", "for nobody").await;
    peer.send(started("closed")).await;
    peer.send(json!({"method": "thread/closed", "params": {"threadId": "closed"}})).await;
    round_trip(&client, &mut peer).await;
    let (mut events, mut closed) = (client.subscribe("t"), client.subscribe("closed"));
    let server = ThreadEvent::McpServer { name: "files".to_owned() };
    assert_eq!(next(&mut events).await, Ok(server));
    assert_eq!((events.try_next(), closed.try_next()), (None, None));
}

#[tokio::test]
async fn notifications_in_an_unknown_form_are_skipped_and_unknown_ones_are_kept_by_name() {
    let (client, mut peer) = connect();
    let mut events = client.subscribe("t");
    peer.say("{\"method\":\"item/agentMessage/delta\",\"params\":{\"threadId\":\"t\",\"delta\":7}}\n").await;
    peer.say("{\"method\":\"item/agentMessage/delta\"}\n").await;
    peer.say("{\"method\":\"turn/completed\",\"params\":[\"t\"]}\n").await;
    peer.say("{\"method\":\"something/new\",\"params\":{\"threadId\":\"t\",\"field\":{}}}\n").await;
    peer.say("{\"id\":null,\"method\":\"something/newer\",\"params\":{\"threadId\":\"t\"}}\n").await;
    peer.delta("t", "a").await;
    for method in ["something/new", "something/newer"] {
        assert_eq!(next(&mut events).await, Ok(ThreadEvent::Other { method: method.to_owned() }));
    }
    assert_eq!(next(&mut events).await, Ok(delta("a")));
}

#[tokio::test]
async fn a_dropped_subscription_gets_nothing_and_its_thread_can_be_subscribed_again() {
    let (client, mut peer) = connect();
    drop(client.subscribe("t"));
    peer.delta("t", "for nobody").await;
    round_trip(&client, &mut peer).await;
    let mut again = client.subscribe("t");
    peer.delta("t", "for the second").await;
    assert_eq!(next(&mut again).await, Ok(delta("for the second")));
}

#[tokio::test]
async fn a_subscriber_that_does_not_read_loses_its_turn_and_nobody_else_does() {
    let (client, mut peer) = connect();
    let mut slow = client.subscribe("slow");
    let mut quick = client.subscribe("quick");
    let part = "x".repeat(1024 * 1024);
    for number in 0..40 {
        peer.delta("slow", &part).await;
        peer.delta("quick", &number.to_string()).await;
        assert_eq!(next(&mut quick).await, Ok(delta(&number.to_string())));
    }
    let interrupt = peer.hear().await.unwrap();
    assert_eq!(interrupt["method"], "turn/interrupt");
    assert_eq!(interrupt["params"], json!({"threadId": "slow", "turnId": ""}));
    peer.send(json!({"id": interrupt["id"], "result": {}})).await;
    // The interrupt was sent once, and its answer belongs to no request of the client's own.
    round_trip(&client, &mut peer).await;

    // What fitted is still there, whole and in order; then comes the reason, and nothing after it.
    let mut received = 0;
    let lost = loop {
        match next(&mut slow).await {
            Ok(event) => {
                assert_eq!(event, delta(&part));
                received += 1;
            }
            Err(lost) => break lost,
        }
    };
    assert_eq!(lost, Lost::Overflow);
    assert!((20..40).contains(&received), "{received} deltas");
    assert!(next(&mut slow).await.is_err());
    peer.delta("quick", "last").await;
    assert_eq!(next(&mut quick).await, Ok(delta("last")));
}

#[tokio::test]
async fn a_subscriber_that_reads_may_get_any_amount() {
    let (client, mut peer) = connect();
    let mut events = client.subscribe("t");
    let part = "x".repeat(1024 * 1024);
    for _ in 0..40 {
        peer.delta("t", &part).await;
        assert_eq!(next(&mut events).await, Ok(delta(&part)));
    }
    round_trip(&client, &mut peer).await;
}
