//! Every request is understood, or refused by the name of a field.

use std::{fs, path::Path, sync::LazyLock, time::Duration};

use proptest::{prelude::*, sample::Index};
use serde_json::{Map, Value};

use super::{config, json, word};
use crate::{
    openai::{
        chat::ChatRequest,
        error::ApiError,
        policy::Trace,
        responses::{History, ResponsesRequest},
    },
    settings::Unsupported,
};

/// Requests that real clients send, of either API.
static CHATS: LazyLock<Vec<Map<String, Value>>> = LazyLock::new(|| recorded("/v1/chat/completions"));
pub(super) static RESPONSES: LazyLock<Vec<Map<String, Value>>> = LazyLock::new(|| recorded("/v1/responses"));

fn recorded(path: &str) -> Vec<Map<String, Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/clients");
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    let recordings = files.flat_map(|file| serde_json::from_slice::<Vec<Value>>(&file).unwrap());
    let asked = recordings.filter(|recording| recording["path"] == path);
    asked.map(|recording| recording["body"].as_object().unwrap().clone()).collect()
}

/// One change to a request: somewhere in it, a value is replaced, a field added, or something left out.
#[derive(Debug, Clone)]
struct Change {
    path: Vec<Index>,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Replace(Value),
    Add(String, Value),
    Remove,
}

fn change() -> impl Strategy<Value = Change> {
    let what = prop_oneof![
        4 => json().prop_map(What::Replace),
        2 => (word(), json()).prop_map(|(name, value)| What::Add(name, value)),
        1 => Just(What::Remove),
    ];
    (prop::collection::vec(any::<Index>(), 1..8), what).prop_map(|(path, what)| Change { path, what })
}

/// Follows the path as far as it goes.
fn apply(value: &mut Value, path: &[Index], what: &What) {
    let Some((step, rest)) = path.split_first() else { return };
    match value {
        Value::Object(fields) => {
            if let (What::Add(name, added), true) = (what, rest.is_empty() || fields.is_empty()) {
                fields.insert(name.clone(), added.clone());
                return;
            }
            if fields.is_empty() {
                return;
            }
            let name = fields.keys().nth(step.index(fields.len())).unwrap().clone();
            match what {
                What::Replace(new) if rest.is_empty() || is_leaf(&fields[&name]) => {
                    fields[&name] = new.clone();
                }
                What::Remove if rest.is_empty() || is_leaf(&fields[&name]) => drop(fields.remove(&name)),
                _ => apply(&mut fields[&name], rest, what),
            }
        }
        Value::Array(values) if !values.is_empty() => {
            let at = step.index(values.len());
            match what {
                What::Replace(new) if rest.is_empty() || is_leaf(&values[at]) => values[at] = new.clone(),
                What::Remove if rest.is_empty() || is_leaf(&values[at]) => drop(values.remove(at)),
                _ => apply(&mut values[at], rest, what),
            }
        }
        _ => {}
    }
}

fn is_leaf(value: &Value) -> bool {
    !value.is_object() && !value.is_array()
}

/// One of the recorded ones, changed, or one that is made up.
fn request(recorded: &'static [Map<String, Value>]) -> impl Strategy<Value = Map<String, Value>> {
    let changed = (any::<Index>(), prop::collection::vec(change(), 0..4)).prop_map(|(base, changes)| {
        let mut body = Value::Object(base.get(recorded).clone());
        for Change { path, what } in changes {
            apply(&mut body, &path, &what);
        }
        body
    });
    let made = prop::collection::vec((word(), json()), 0..8)
        .prop_map(|fields| Value::Object(fields.into_iter().collect()));
    prop_oneof![4 => changed, 1 => made].prop_map(|body| match body {
        Value::Object(fields) => fields,
        _ => Map::new(),
    })
}

/// Whether what became of a request can be told to its caller.
fn check(refused: Option<ApiError>) -> Result<(), TestCaseError> {
    if let Some(error) = refused {
        prop_assert!([400, 404].contains(&error.status), "{:?}", error);
        prop_assert!(error.body.param.is_some(), "{:?}", error);
        prop_assert!(error.body.message.len() > 10, "{:?}", error);
    }
    Ok(())
}

fn trace(ignore: bool) -> Trace {
    Trace::new(if ignore { Unsupported::Ignore } else { Unsupported::Refuse })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_chat_request_is_understood_or_refused(body in request(&CHATS), ignore in any::<bool>()) {
        check(ChatRequest::parse(body, &mut trace(ignore)).err())?;
    }

    #[test]
    fn every_request_for_a_response_is_understood_or_refused(
        body in request(&RESPONSES), ignore in any::<bool>(), keeps in any::<bool>()
    ) {
        let history = if keeps { History::in_memory(Duration::from_secs(60)) } else { History::off() };
        check(ResponsesRequest::parse(body, &mut trace(ignore), &history).err())?;
    }
}
