use serde_json::{Value, json};

use super::*;
use crate::{openai::responses::StoredItem, settings::Unsupported};

fn add(input: Value, unsupported: Unsupported) -> (Result<(), ApiError>, Vec<Item>, Trace) {
    let mut trace = Trace::new(unsupported);
    let history = History::off();
    let mut parsed = Input { items: Vec::new(), images: Vec::new(), history: &history, trace: &mut trace };
    let result = parsed.add(At::new("input", input));
    let items = parsed.items;
    (result, items, trace)
}

fn items(input: Value) -> Value {
    let (result, items, _) = add(input, Unsupported::Refuse);
    result.unwrap();
    serde_json::to_value(items).unwrap()
}

/// The field and the code of the error.
fn refused(input: Value) -> (String, String) {
    let (result, ..) = add(input, Unsupported::Refuse);
    let error = result.unwrap_err();
    assert_eq!(error.status, 400);
    (error.body.param.unwrap(), error.body.code.unwrap())
}

fn refusal(param: &str, code: &str) -> (String, String) {
    (param.to_owned(), code.to_owned())
}

#[test]
fn what_is_no_input_is_named_by_its_place() {
    let message = |content: Value| json!([{"role": "user", "content": content}]);
    for (input, param, code) in [
        (json!(3), "input", "invalid_type"),
        (json!([{}]), "input[0].type", "missing_required_parameter"),
        (json!([{"role": "tool", "content": "x"}]), "input[0].role", "invalid_value"),
        (json!([{"type": "computer_call"}]), "input[0].type", "unsupported_feature"),
        (json!([{"type": "computer_call", "id": "x"}]), "input[0].type", "unsupported_feature"),
        (json!([{"role": "user", "content": "x", "phase": "beginning"}]), "input[0].phase", "invalid_value"),
        (message(json!(3)), "input[0].content", "invalid_type"),
        (message(json!([])), "input[0].content", "invalid_value"),
        (message(json!([{"text": "x"}])), "input[0].content[0].type", "missing_required_parameter"),
        (
            message(json!([{"type": "output_text", "text": "x"}])),
            "input[0].content[0].type",
            "unsupported_feature",
        ),
        (
            message(json!([{"type": "input_text", "text": "x", "colour": "red"}])),
            "input[0].content[0].colour",
            "unsupported_feature",
        ),
    ] {
        assert_eq!(refused(input.clone()), refusal(param, code), "{input}");
    }
}

#[test]
fn each_speaker_has_parts_of_its_own() {
    let part = |role: &str, kind: &str| {
        let (result, ..) = add(json!([{"role": role, "content": [{"type": kind}]}]), Unsupported::Refuse);
        result.unwrap_err().body.message
    };
    assert!(part("developer", "input_image").ends_with("supported here: `input_text`."));
    assert!(part("user", "input_file").ends_with("supported here: `input_text` and `input_image`."));
    assert!(part("assistant", "input_text").ends_with("supported here: `output_text` and `refusal`."));
}

#[test]
fn a_call_counts_only_where_the_model_made_it() {
    let call = |caller: Value| json!([{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "caller": caller}]);
    assert_eq!(
        items(call(json!({"type": "direct"}))),
        json!([{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}])
    );
    assert_eq!(
        refused(call(json!({"type": "program", "caller_id": "p"}))),
        refusal("input[0].caller", "unsupported_feature")
    );
}

#[test]
fn what_the_model_cannot_be_given_is_refused_or_left_out_as_the_settings_say() {
    let annotated = json!([{"role": "assistant", "content": [
        {"type": "output_text", "text": "x", "annotations": [{"type": "url_citation"}], "logprobs": []},
    ]}]);
    let in_clear = json!([{"type": "reasoning", "encrypted_content": "opaque", "summary": [],
        "content": [{"type": "reasoning_text", "text": "Hm."}]}]);
    let lost =
        json!([{"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}]);
    for (input, param, left) in [
        (annotated, "input[0].content[0].annotations", 1),
        (in_clear, "input[0].content", 1),
        (lost, "input[0]", 0),
    ] {
        assert_eq!(refused(input.clone()), refusal(param, "unsupported_feature"));
        let (result, items, trace) = add(input, Unsupported::Ignore);
        result.unwrap();
        assert_eq!((items.len(), trace.ignored), (left, vec![param.to_owned()]));
    }
}

#[test]
fn what_was_stored_is_taken_by_its_id() {
    let history = History::in_memory(std::time::Duration::from_secs(60));
    let said = StoredItem::new(Item::message(Role::User, vec![Content::InputText { text: "x".into() }]));
    let thought =
        StoredItem::new(Item::Reasoning(Reasoning { summary: vec![], encrypted_content: Some("o".into()) }));
    let asked = [&said, &thought].map(|item| item.id.clone());
    history.put(crate::openai::responses::StoredResponse {
        object: serde_json::from_value(json!({"id": "resp_1"})).unwrap(),
        input: vec![said.clone(), thought.clone()],
        ..Default::default()
    });
    let mut trace = Trace::new(Unsupported::Refuse);
    let mut input = Input { items: Vec::new(), images: Vec::new(), history: &history, trace: &mut trace };
    let [said_id, thought_id] = asked;
    let references = json!([
        {"type": "item_reference", "id": said_id}, {"id": said_id}, {"type": "reasoning", "id": thought_id},
    ]);
    input.add(At::new("input", references)).unwrap();
    assert_eq!(input.items, [said.item.clone(), said.item, thought.item]);
    let missing = input.add(At::new("input", json!([{"id": "msg_unheard_of"}]))).unwrap_err();
    assert!(missing.body.message.contains("msg_unheard_of"), "{}", missing.body.message);
}
