//! What is sent and read here, held against the schema of the Codex that the gateway is built for, and against what
//! that Codex and this client really said to each other.

use std::collections::{BTreeSet, HashMap};

use jsonschema::Validator;
use serde_json::{Value, json, value::RawValue};

use super::{
    GENERATED, Part, Reduced,
    examples::{Example, examples},
};
use crate::{denial, event, notice, protocol};

/// Written by `make generate`, in this order: what this client said, and what Codex said.
const CLIENT: &str = include_str!("../../tests/fixtures/client.jsonl");
const CODEX: &str = include_str!("../../tests/fixtures/codex.jsonl");

fn built() -> Reduced {
    Reduced::from_json(GENERATED).unwrap()
}

/// Validates messages by the generated schema.
struct Judge {
    reduced: Reduced,
    validators: HashMap<String, Validator>,
}

impl Judge {
    fn new() -> Self {
        Self { reduced: built(), validators: HashMap::new() }
    }

    fn assert_valid(&mut self, part: Part, method: &str, message: &Value) {
        let schema = part.schema(&self.reduced, method).unwrap_or_else(|| panic!("`{method}` has no schema"));
        let validator = self.validators.entry(schema.to_string()).or_insert_with(|| {
            let whole = json!({"allOf": [schema], "$defs": self.reduced.definitions});
            jsonschema::draft202012::new(&whole).unwrap()
        });
        let errors: Vec<String> = validator
            .iter_errors(message)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{part:?} of `{method}`: {errors:?}\n{message}");
    }
}

/// What is made of something that Codex says, or `None` if it can't be read.
fn understood(part: Part, method: &str, message: &Value) -> Option<String> {
    let text = message.to_string();
    match part {
        Part::Response => protocol::understood(method, &text).ok(),
        _ => {
            let params = RawValue::from_string(text).unwrap();
            match notice::parse(method, Some(&params)).ok()? {
                Some(notice) => Some(format!("{notice:?}")),
                None => event::parse(method, Some(&params)).ok().map(|understood| format!("{understood:?}")),
            }
        }
    }
}

#[test]
fn everything_that_is_sent_is_valid() {
    let mut judge = Judge::new();
    for Example { part, method, value } in examples() {
        if matches!(part, Part::Params | Part::Answer) {
            judge.assert_valid(part, method, &value);
        }
    }
}

#[test]
fn every_method_has_its_examples_and_its_schema() {
    let (examples, built) = (examples(), built());
    let assert_complete = |part: Part, methods: &[&str]| {
        for method in methods {
            assert!(
                part.schema(&built, method).is_some(),
                "{part:?} of `{method}` is not in generated/: run `make generate`"
            );
            let has_example =
                examples.iter().any(|example| example.part == part && example.method == *method);
            assert!(has_example, "{part:?} of `{method}` has no example");
        }
    };
    assert_complete(Part::Params, protocol::METHODS);
    assert_complete(Part::Response, protocol::METHODS);
    assert_complete(Part::Notification, event::METHODS);
    assert_complete(Part::Notification, notice::METHODS);
}

#[test]
fn every_request_that_codex_can_make_has_been_thought_of() {
    let built = built();
    let unknown: Vec<_> =
        built.server_requests.keys().filter(|method| !denial::METHODS.contains(&method.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_examples_of_what_is_read_hold_what_is_read_and_nothing_else() {
    let mut full = BTreeSet::new();
    let read: Vec<_> =
        examples().into_iter().filter(|it| matches!(it.part, Part::Response | Part::Notification)).collect();
    for Example { part, method, value } in &read {
        let all = understood(*part, method, value).unwrap_or_else(|| panic!("`{method}` is not understood"));
        assert!(!all.contains("Other"), "{all}");
        let mut fields = Vec::new();
        paths(value, "", &mut fields);
        for path in fields {
            // It tells the schema which form of an item is meant; the reader takes the forms alike.
            if method == &"rawResponseItem/completed" && path.ends_with("/type") {
                continue;
            }
            let less = understood(*part, method, &without(value, &path));
            assert_ne!(less, Some(all.clone()), "{path} of `{method}` is not read");
        }
        // A field that the example lacks would show as its default.
        let event = all.split_once(", event: ").map_or(all.as_str(), |(_, event)| event);
        if !["None", "false", "[]", "\"\"", ": 0"].iter().any(|default| event.contains(default)) {
            full.insert((*part as u8, *method));
        }
    }
    for Example { part, method, .. } in &read {
        assert!(full.contains(&(*part as u8, *method)), "{part:?} of `{method}` has no full example");
    }
}

/// Collects the JSON pointer of every field.
fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = format!("{at}/{name}");
                paths(value, &path, found);
                found.push(path);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                paths(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn without(value: &Value, path: &str) -> Value {
    let mut value = value.clone();
    let (parent, field) = path.rsplit_once('/').unwrap();
    value.pointer_mut(parent).and_then(Value::as_object_mut).unwrap().remove(field).unwrap();
    value
}

fn messages(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn method(message: &Value) -> Option<&str> {
    message["method"].as_str()
}

/// Which method each request had.
fn methods_by_id(messages: &[Value]) -> HashMap<u64, &str> {
    messages.iter().filter_map(|message| Some((message["id"].as_u64()?, method(message)?))).collect()
}

#[test]
fn what_this_client_really_said_is_valid() {
    let (client, codex) = (messages(CLIENT), messages(CODEX));
    let asked = methods_by_id(&codex);
    let mut judge = Judge::new();
    for message in &client {
        match (method(message), message["id"].as_u64()) {
            (Some(method), Some(_)) => judge.assert_valid(Part::Params, method, &message["params"]),
            (None, Some(id)) => judge.assert_valid(Part::Answer, asked[&id], &message["result"]),
            (method, None) => assert_eq!(method, Some("initialized")),
        }
    }
}

#[test]
fn what_codex_really_said_is_valid_and_understood() {
    let (client, codex) = (messages(CLIENT), messages(CODEX));
    let asked = methods_by_id(&client);
    let mut judge = Judge::new();
    let mut seen = BTreeSet::new();
    for message in &codex {
        match (method(message), message["id"].as_u64(), message.get("result")) {
            (Some(method), Some(_), _) => assert!(denial::METHODS.contains(&method), "{message}"),
            (Some(method), None, _) if event::METHODS.contains(&method) => {
                judge.assert_valid(Part::Notification, method, &message["params"]);
                let understood = understood(Part::Notification, method, &message["params"]).unwrap();
                // Items other than messages, and states other than that of rest, all go by one name.
                let (item, status) =
                    (&message["params"]["item"]["type"], &message["params"]["status"]["type"]);
                let is_other = method.starts_with("item/") && item.is_string() && item != "agentMessage"
                    || status.is_string() && status != "idle";
                assert_eq!(understood.contains("event: Other"), is_other, "{message}");
                seen.insert(method);
            }
            (Some(method), None, _) if notice::METHODS.contains(&method) => {
                judge.assert_valid(Part::Notification, method, &message["params"]);
                assert!(understood(Part::Notification, method, &message["params"]).is_some(), "{message}");
            }
            (Some(method), None, _) => {
                let understood = understood(Part::Notification, method, &message["params"]).unwrap();
                assert!(understood.contains("event: Other"), "{message}");
            }
            (None, Some(id), Some(answer)) => {
                judge.assert_valid(Part::Response, asked[&id], answer);
                assert!(understood(Part::Response, asked[&id], answer).is_some(), "{message}");
                seen.insert(asked[&id]);
            }
            (None, ..) => {
                assert!(message["error"]["code"].is_i64() && message["error"]["message"].is_string());
            }
        }
    }
    let all = protocol::METHODS.iter().chain(event::METHODS).copied();
    let unseen: Vec<&str> = all.filter(|method| !seen.contains(method)).collect();
    // The first two need an account; the next two are not to be had from a scripted model; a thread that is followed is
    // not unloaded.
    assert_eq!(
        unseen,
        [
            "account/rateLimits/read",
            "account/login/start",
            "deprecationNotice",
            "guardianWarning",
            "thread/closed"
        ]
    );
}
