//! Each kind of step becomes the events that the Responses API has for it.

use std::time::{Duration, Instant};

use scripted_model::{Echo, EventStream, FunctionCall, Message, Phase, Reasoning, Script, Step};
use serde_json::{Value, json};

use crate::client::{ask, events, post, request_text, start, types};

#[tokio::test]
async fn a_message_is_streamed_delta_by_delta() {
    let model = start().await;
    model.set_default(Script::deltas(["po", "ng"]));

    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
    let item = |status: &str, content: Value| {
        json!({"type": "message", "id": "msg_00000000_0", "role": "assistant", "status": status,
               "content": content})
    };
    let response = |status: &str, output: Value, usage: Value| {
        json!({"id": "resp_00000000", "object": "response", "status": status, "error": null,
               "incomplete_details": null, "output": output, "usage": usage})
    };
    let text_event = |kind: &str, field: &str, value: Value| {
        let mut event =
            json!({"type": kind, "item_id": "msg_00000000_0", "output_index": 0, "content_index": 0});
        event[field] = value;
        event
    };
    let done = item("completed", json!([part("pong")]));
    let usage = json!({
        "input_tokens": 23, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 1, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 24,
    });
    assert_eq!(request_text("ping").to_string().len(), 89);
    assert_eq!(
        ask(&model).await,
        [
            json!({"type": "response.created", "response": response("in_progress", json!([]), Value::Null)}),
            json!({"type": "response.output_item.added", "output_index": 0,
                   "item": item("in_progress", json!([]))}),
            text_event("response.content_part.added", "part", part("")),
            text_event("response.output_text.delta", "delta", "po".into()),
            text_event("response.output_text.delta", "delta", "ng".into()),
            text_event("response.output_text.done", "text", "pong".into()),
            text_event("response.content_part.done", "part", part("pong")),
            json!({"type": "response.output_item.done", "output_index": 0, "item": done}),
            json!({"type": "response.completed", "response": response("completed", json!([done]), usage)}),
        ]
    );
}

#[tokio::test]
async fn reasoning_is_streamed_part_by_part() {
    let model = start().await;
    let mut reasoning = Reasoning::deltas(["Think", "ing"]).encrypted("opaque");
    reasoning.summary.push(vec!["More".to_owned()]);
    model.set_default(EventStream::default().reasoning(reasoning));

    let part = |text: &str| json!({"type": "summary_text", "text": text});
    let event = |kind: &str, index: u64, field: &str, value: Value| {
        let mut event = json!({"type": format!("response.reasoning_summary_{kind}"),
                               "item_id": "rs_00000000_0", "output_index": 0, "summary_index": index});
        event[field] = value;
        event
    };
    let events = ask(&model).await;
    assert_eq!(
        events[1..10],
        [
            json!({"type": "response.output_item.added", "output_index": 0,
                   "item": {"type": "reasoning", "id": "rs_00000000_0", "summary": []}}),
            event("part.added", 0, "part", part("")),
            event("text.delta", 0, "delta", "Think".into()),
            event("text.delta", 0, "delta", "ing".into()),
            event("text.done", 0, "text", "Thinking".into()),
            event("part.done", 0, "part", part("Thinking")),
            event("part.added", 1, "part", part("")),
            event("text.delta", 1, "delta", "More".into()),
            event("text.done", 1, "text", "More".into()),
        ]
    );
    assert_eq!(
        events[11]["item"],
        json!({"type": "reasoning", "id": "rs_00000000_0", "encrypted_content": "opaque",
               "summary": [part("Thinking"), part("More")]})
    );
}

#[tokio::test]
async fn a_function_call_keeps_its_arguments_byte_for_byte() {
    const ARGUMENTS: &str = "{\"city\":  \"Trömsø\", \"days\": 3.0, not even JSON";
    let model = start().await;
    model.set_default(EventStream::default().function_call("get_weather", ARGUMENTS, "call_a"));

    let events = ask(&model).await;
    let item = |arguments: &str, status: &str| {
        json!({"type": "function_call", "id": "fc_00000000_0", "call_id": "call_a", "name": "get_weather",
               "arguments": arguments, "status": status})
    };
    assert_eq!(events[1]["item"], item("", "in_progress"));
    let deltas: Vec<_> = events
        .iter()
        .filter(|event| event["type"] == "response.function_call_arguments.delta")
        .map(|event| event["delta"].as_str().unwrap())
        .collect();
    assert_eq!(deltas.len(), 3);
    assert_eq!(deltas.concat(), ARGUMENTS);
    assert_eq!(
        events[5],
        json!({"type": "response.function_call_arguments.done", "item_id": "fc_00000000_0", "output_index": 0,
               "arguments": ARGUMENTS})
    );
    assert_eq!(events[6]["item"], item(ARGUMENTS, "completed"));
}

#[tokio::test]
async fn items_follow_each_other_with_ids_of_their_own() {
    let model = start().await;
    let call = FunctionCall { name: "f".to_owned(), arguments: "{}".to_owned(), ..FunctionCall::default() };
    model.set_default(
        EventStream::default()
            .message(Message::deltas(["Let me look."]).phase(Phase::Commentary))
            .step(Step::FunctionCall(call.clone()))
            .step(Step::FunctionCall(call)),
    );

    let mut call_ids = Vec::new();
    for _ in 0..2 {
        let events = ask(&model).await;
        let output = &events.last().unwrap()["response"]["output"];
        let done: Vec<_> =
            events.iter().filter(|event| event["type"] == "response.output_item.done").collect();
        assert_eq!(output[0]["phase"], "commentary");
        for (index, event) in done.iter().enumerate() {
            assert_eq!(event["output_index"], index);
            assert_eq!(event["item"], output[index]);
        }
        call_ids.extend([output[1]["call_id"].clone(), output[2]["call_id"].clone()]);
    }
    assert_eq!(call_ids, ["call_00000000_1", "call_00000000_2", "call_00000001_1", "call_00000001_2"]);
}

#[tokio::test]
async fn an_echo_repeats_the_last_user_message_in_words() {
    let model = start().await;
    let answer = |events: Vec<Value>| {
        let deltas = events.into_iter().filter(|event| event["type"] == "response.output_text.delta");
        deltas.map(|event| event["delta"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // Nothing was scripted: the echo is what a new server does.
    assert_eq!(answer(ask(&model).await), ["You ", "said: ", "ping"]);

    model.set_default(EventStream::default().echo(Echo { prefix: String::new(), pause_ms: 0 }));
    let response = post(&model, &request_text("one\ntwo three")).await;
    assert_eq!(answer(events(&response.text().await.unwrap())), ["one\n", "two ", "three"]);
}

#[tokio::test]
async fn pauses_take_their_time() {
    let model = start().await;
    let pause = Duration::from_millis(40);
    model.set_default(Script::text("a").pause(pause).message(Message::deltas(["b", "c"]).pause(pause)));

    let started = Instant::now();
    ask(&model).await;
    assert!(started.elapsed() >= 3 * pause);
}

#[tokio::test]
async fn a_raw_event_is_sent_as_given() {
    let model = start().await;
    model.set_default(
        EventStream::default()
            .event("response.first", json!({"nested": {"list": [1, null]}}))
            .event("response.numbered", json!({"sequence_number": 1}))
            .without_created(),
    );
    let events = ask(&model).await;
    assert_eq!(events[0], json!({"type": "response.first", "nested": {"list": [1, null]}}));
    assert_eq!(types(&events), ["response.first", "response.numbered", "response.completed"]);
}

#[tokio::test]
async fn garbage_goes_into_the_stream_untouched() {
    let model = start().await;
    let garbage = b"data: {\xff\xfe".to_vec();
    let mut script = EventStream::default().garbage(garbage.clone()).without_created();
    script.end = scripted_model::End::Eof;
    model.set_default(script);
    let response = post(&model, &request_text("ping")).await;
    assert_eq!(response.bytes().await.unwrap(), garbage);
}

#[tokio::test]
async fn an_unfinished_item_lacks_its_closing_events() {
    let model = start().await;
    let mut reasoning = Reasoning::deltas(["Hm"]);
    reasoning.unfinished = true;
    let call =
        FunctionCall { name: "f".to_owned(), arguments: "{}".to_owned(), call_id: None, unfinished: true };
    model.set_default(
        EventStream::default()
            .reasoning(reasoning)
            .message(Message::deltas(["po"]).unfinished())
            .step(Step::FunctionCall(call)),
    );
    let events = ask(&model).await;
    assert_eq!(
        types(&events),
        [
            "response.created",
            "response.output_item.added",
            "response.reasoning_summary_part.added",
            "response.reasoning_summary_text.delta",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.completed",
        ]
    );
    assert_eq!(events[7]["output_index"], 2);
    assert_eq!(events[9]["response"]["output"], json!([]));
}
