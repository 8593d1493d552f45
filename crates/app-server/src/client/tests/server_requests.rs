//! Codex's own requests: each is answered, none is granted.

use super::*;

#[tokio::test]
async fn a_request_of_codex_is_denied_in_its_own_form() {
    let (_client, mut peer) = connect();
    for (method, result) in [
        ("item/commandExecution/requestApproval", json!({"decision": "decline"})),
        ("item/fileChange/requestApproval", json!({"decision": "decline"})),
        ("item/permissions/requestApproval", json!({"permissions": {}, "scope": "turn"})),
        ("item/tool/requestUserInput", json!({"answers": {}})),
        ("mcpServer/elicitation/request", json!({"action": "decline", "content": null, "_meta": null})),
        ("item/tool/call", json!({"contentItems": [], "success": false})),
    ] {
        let params = json!({"threadId": "t", "turnId": "u", "itemId": "i", "command": "rm -rf /"});
        peer.send(json!({"id": 5, "method": method, "params": params})).await;
        assert_eq!(peer.hear().await.unwrap(), json!({"id": 5, "result": result}), "{method}");
    }
    for method in ["execCommandApproval", "applyPatchApproval"] {
        peer.send(json!({"id": 6, "method": method, "params": {}})).await;
        let answer = peer.hear().await.unwrap();
        assert!(answer["result"]["decision"]["denied"]["rejection"].is_string(), "{method}: {answer}");
    }
}

#[tokio::test]
async fn what_no_result_can_deny_is_answered_with_an_error() {
    let (_client, mut peer) = connect();
    for (method, code) in [
        ("account/chatgptAuthTokens/refresh", -32000),
        ("attestation/generate", -32000),
        ("somebody/new", -32601),
        ("", -32601),
    ] {
        peer.send(json!({"id": 1, "method": method})).await;
        let answer = peer.hear().await.unwrap();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(code)), "{method}");
        assert!(answer["error"]["message"].as_str().is_some_and(|message| message.contains(method)));
        assert_eq!(answer.get("result"), None);
    }
}

#[tokio::test]
async fn ids_come_back_exactly() {
    let (client, mut peer) = connect();
    // A pending request of the client has the id 1 too: each side counts for itself.
    let response = client.send(&Ask { number: 1 }).unwrap();
    let (own, _) = peer.hear_request().await;
    for id in [
        own.to_string().as_str(),
        "0",
        "-7",
        "9007199254740993",
        "9223372036854775807",
        "18446744073709551615",
        "\"\"",
        "\"1\"",
        "\"a \\\"quoted\\\" id\"",
        "\"\\u00e9 \\n\"",
    ] {
        peer.say(format!("{{\"id\": {id}, \"method\": \"item/tool/call\", \"params\": {{}}}}\n")).await;
        let answer = peer.hear().await.unwrap();
        assert_eq!(answer["id"], serde_json::from_str::<Value>(id).unwrap());
        assert_eq!(answer["result"]["success"], false);
    }
    peer.answer(own, "mine").await;
    assert_eq!(response.wait().await.unwrap(), "mine");
}

#[tokio::test]
async fn a_tool_call_of_a_followed_thread_is_the_followers_to_answer() {
    let (client, mut peer) = connect();
    let mut events = client.subscribe("t");
    for id in [json!(0), json!("x")] {
        let params =
            json!({"threadId": "t", "turnId": "u", "callId": "call_1", "tool": "f", "arguments": {}});
        peer.send(json!({"id": id, "method": "item/tool/call", "params": params})).await;
        let ThreadEvent::ToolCall(call) = next(&mut events).await.unwrap() else { panic!("not a call") };
        assert_eq!(call.call_id, "call_1");
        client.answer_tool_call(&call, &ToolCallAnswer::text("sunny é\n")).unwrap();
        let result = json!({"contentItems": [{"type": "inputText", "text": "sunny é\n"}], "success": true});
        assert_eq!(peer.hear().await.unwrap(), json!({"id": id, "result": result}));
    }
    assert!(events.try_next().is_none());
    drop(events);
    round_trip(&client, &mut peer).await;
    peer.send(json!({"id": 1, "method": "item/tool/call", "params": {"threadId": "t", "callId": "c"}})).await;
    assert_eq!(peer.hear().await.unwrap()["result"]["success"], false);
}

#[tokio::test]
async fn many_requests_of_codex_are_answered_each_and_in_order() {
    let (_client, mut peer) = connect();
    for id in 0..200 {
        peer.send(json!({"id": id, "method": "item/tool/call", "params": {"threadId": "t"}})).await;
    }
    for id in 0..200 {
        assert_eq!(peer.hear().await.unwrap()["id"], id);
    }
}
