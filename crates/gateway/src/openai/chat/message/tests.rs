use serde_json::{Value, json};

use super::*;
use crate::settings::Unsupported;

fn parsed(messages: Value) -> Messages {
    parse(At::new("messages", messages), &mut Trace::new(Unsupported::Refuse)).unwrap()
}

fn error(messages: Value) -> (String, String) {
    let error = parse(At::new("messages", messages), &mut Trace::new(Unsupported::Refuse)).unwrap_err();
    assert_eq!(error.status, 400);
    (error.body.param.unwrap(), error.body.code.unwrap())
}

fn call(id: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{ \"a\":1}"}})
}

fn output(id: &str) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": "r"})
}

fn asks(ids: &[&str]) -> Value {
    let calls: Vec<Value> = ids.iter().map(|id| call(id)).collect();
    json!({"role": "assistant", "content": null, "tool_calls": calls})
}

#[test]
fn every_message_stays_where_it_stood() {
    let messages = parsed(json!([
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": ""}]},
        {"role": "assistant", "content": null, "refusal": "no"},
        {"role": "developer", "content": [{"type": "text", "text": "d"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "b"}, {"type": "refusal", "refusal": "c"}]},
    ]));
    assert_eq!(
        serde_json::to_value(&messages.items).unwrap(),
        json!([
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "s"}]},
            {"type": "message", "role": "user", "content": [
                {"type": "input_text", "text": "a"}, {"type": "input_text", "text": ""}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "no"}]},
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "d"}]},
            {"type": "message", "role": "assistant", "content": [
                {"type": "output_text", "text": "b"}, {"type": "output_text", "text": "c"}]},
        ])
    );
}

#[test]
fn calls_and_outputs_keep_their_text_and_their_order() {
    let messages = parsed(json!([
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "let me see", "tool_calls": [call("c1"), call("c2")], "annotations": []},
        {"role": "tool", "tool_call_id": "c2", "name": "f", "content": [{"type": "text", "text": "two"}]},
        output("c1"),
        {"role": "assistant", "content": "done", "tool_calls": []},
    ]));
    assert_eq!(
        serde_json::to_value(&messages.items).unwrap(),
        json!([
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "q"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "let me see"}]},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{ \"a\":1}"},
            {"type": "function_call", "call_id": "c2", "name": "f", "arguments": "{ \"a\":1}"},
            {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
            {"type": "function_call_output", "call_id": "c1", "output": "r"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "done"}]},
        ])
    );
}

#[test]
fn calls_without_outputs_and_outputs_without_calls_are_refused() {
    let user = json!({"role": "user", "content": "q"});
    for (messages, param) in [
        (json!([user, output("c1")]), "messages[1]"),
        (json!([user, asks(&["c1"]), output("c2")]), "messages[2]"),
        (json!([user, asks(&["c1"]), output("c1"), output("c1")]), "messages[3]"),
        (json!([user, asks(&["c1"])]), "messages[1]"),
        (json!([user, asks(&["c1"]), user]), "messages[2]"),
        (json!([user, asks(&["c1", "c2"]), output("c1"), asks(&["c3"])]), "messages[3]"),
        (json!([user, asks(&["c1", "c1"])]), "messages[1].tool_calls[1].id"),
        (json!([user, asks(&["c1"]), output("c1"), asks(&["c1"])]), "messages[3].tool_calls[0].id"),
    ] {
        assert_eq!(error(messages.clone()), (param.to_owned(), "invalid_value".to_owned()), "{messages}");
    }
}

#[test]
fn calls_in_the_older_form_are_the_same_items() {
    let call = |name: &str| json!({"role": "assistant", "content": null, "function_call": {"name": name, "arguments": "{}"}});
    let gives = |name: &str| json!({"role": "function", "name": name, "content": "7"});
    let Messages { items, .. } = parsed(json!([call("f"), gives("f"), call("f"), gives("f")]));
    let called = |call_id: &str| {
        let (call_id, output) = (call_id.to_owned(), Output::Text("7".into()));
        [
            Item::FunctionCall { call_id: call_id.clone(), name: "f".into(), arguments: "{}".into() },
            Item::FunctionCallOutput { call_id, output },
        ]
    };
    assert_eq!(items, [called("call_0"), called("call_1")].concat());
    for (messages, param) in [
        (json!([gives("f")]), "messages[0]"),
        (json!([call("f"), gives("g")]), "messages[1]"),
        (json!([call("f"), call("f")]), "messages[1]"),
        (json!([call("f")]), "messages[0]"),
    ] {
        assert_eq!(error(messages.clone()), (param.to_owned(), "invalid_value".to_owned()), "{messages}");
    }
}

#[test]
fn what_sdks_make_of_an_answer_may_be_sent_back_with_it() {
    let call = json!({"id": "c", "type": "function", "function": {
        "name": "f", "arguments": "{}", "parsed_arguments": {},
    }});
    let Messages { items, .. } = parsed(json!([
        {"role": "assistant", "content": "{}", "parsed": {}, "reasoning_content": "Hm.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": [
            {"type": "text", "text": "7", "prompt_cache_breakpoint": {"mode": "explicit"}},
        ]},
    ]));
    assert_eq!(items.len(), 3);
    assert_eq!(items[0], Item::message(Role::Assistant, vec![Content::OutputText { text: "{}".into() }]));
}

#[test]
fn images_keep_their_place() {
    let messages = parsed(json!([
        {"role": "user", "content": "first"},
        {"role": "user", "content": [
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "data:x"}},
            {"type": "image_url", "image_url": {"url": "https://example.org/x.png", "detail": "high"}},
        ]},
    ]));
    let part = |part, param: &str| ImagePart { item: 1, part, param: param.into() };
    assert_eq!(
        messages.images,
        [part(1, "messages[1].content[1].image_url.url"), part(2, "messages[1].content[2].image_url.url")]
    );
}

#[test]
fn names_and_low_details_are_refused_or_ignored_as_the_person_says() {
    let messages = json!([
        {"role": "user", "name": "bob", "content": [
            {"type": "image_url", "image_url": {"url": "data:x", "detail": "low"}},
        ]},
    ]);
    assert_eq!(error(messages.clone()), ("messages[0].name".into(), "unsupported_feature".into()));
    let mut trace = Trace::new(Unsupported::Ignore);
    parse(At::new("messages", messages), &mut trace).unwrap();
    assert_eq!(trace.ignored, ["messages[0].name", "messages[0].content[0].image_url.detail"]);
}

#[test]
fn what_cannot_be_taken_is_refused_where_it_stands() {
    let user = |content: Value| json!([{"role": "user", "content": content}]);
    for (messages, param, code) in [
        (json!([]), "messages", "invalid_value"),
        (json!(["hi"]), "messages[0]", "invalid_type"),
        (json!([{"content": "hi"}]), "messages[0].role", "missing_required_parameter"),
        (json!([{"role": "robot", "content": "hi"}]), "messages[0].role", "invalid_value"),
        (json!([{"role": "user"}]), "messages[0].content", "missing_required_parameter"),
        (user(json!(7)), "messages[0].content", "invalid_type"),
        (user(json!([])), "messages[0].content", "invalid_value"),
        (user(json!([{"text": "x"}])), "messages[0].content[0].type", "missing_required_parameter"),
        (user(json!([{"type": "input_audio"}])), "messages[0].content[0]", "unsupported_feature"),
        (user(json!([{"type": "text", "text": 1}])), "messages[0].content[0].text", "invalid_type"),
        (
            user(json!([{"type": "image_url", "image_url": {"url": "u", "detail": "tiny"}}])),
            "messages[0].content[0].image_url.detail",
            "invalid_value",
        ),
        (
            user(json!([{"type": "image_url", "image_url": "u"}])),
            "messages[0].content[0].image_url",
            "invalid_type",
        ),
        (json!([{"role": "user", "content": "x", "colour": 1}]), "messages[0].colour", "unsupported_feature"),
        (
            json!([{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}]),
            "messages[0].content[0]",
            "unsupported_feature",
        ),
        (
            json!([{"role": "assistant", "content": null}]),
            "messages[0].content",
            "missing_required_parameter",
        ),
        (
            json!([{"role": "assistant", "tool_calls": [{"id": "c", "type": "custom", "custom": {}}]}]),
            "messages[0].tool_calls[0].type",
            "unsupported_feature",
        ),
        (json!([{"role": "function", "content": "x"}]), "messages[0].name", "missing_required_parameter"),
        (json!([{"role": "tool", "content": "x"}]), "messages[0].tool_call_id", "missing_required_parameter"),
    ] {
        assert_eq!(error(messages.clone()), (param.to_owned(), code.to_owned()), "{messages}");
    }
}
