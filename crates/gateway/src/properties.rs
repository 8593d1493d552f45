//! What holds for every request, text and file. `make fuzz` tries many more of them than the tests do.

use std::{fs, path::Path, sync::LazyLock};

use proptest::{prelude::*, sample::Index};
use serde_json::{Map, Value};

use crate::{
    codex::cut,
    http::frame,
    openai::{chat::ChatRequest, error::ApiError, policy::Trace},
    settings::{ConfigFile, Overrides, Settings, Token, Unsupported, write},
    turn::Limits,
};

/// Requests that real clients send.
static REQUESTS: LazyLock<Vec<Map<String, Value>>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/clients");
    let files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
    let recordings = files.flat_map(|file| serde_json::from_slice::<Vec<Value>>(&file).unwrap());
    let chats = recordings.filter(|recording| recording["path"] == "/v1/chat/completions");
    chats.map(|recording| recording["body"].as_object().unwrap().clone()).collect()
});

/// Words that mean something somewhere in a request.
const WORDS: &[&str] = &[
    "model",
    "messages",
    "role",
    "content",
    "user",
    "assistant",
    "system",
    "developer",
    "tool",
    "tool_calls",
    "tool_call_id",
    "function",
    "name",
    "arguments",
    "parameters",
    "type",
    "text",
    "image_url",
    "url",
    "detail",
    "refusal",
    "auto",
    "none",
    "required",
    "low",
    "high",
    "tools",
    "tool_choice",
    "functions",
    "function_call",
    "response_format",
    "json_schema",
    "json_object",
    "schema",
    "strict",
    "properties",
    "additionalProperties",
    "items",
    "anyOf",
    "allOf",
    "$ref",
    "$defs",
    "#/$defs/a",
    "enum",
    "const",
    "object",
    "array",
    "string",
    "stop",
    "n",
    "stream",
    "stream_options",
    "include_usage",
    "max_tokens",
    "max_completion_tokens",
    "reasoning_effort",
    "verbosity",
    "service_tier",
    "temperature",
    "logit_bias",
    "data:image/png;base64,AAAA",
    "{}",
    "",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => prop::sample::select(WORDS).prop_map(str::to_owned), 1 => any::<String>()]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        word().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((word(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
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

fn request() -> impl Strategy<Value = Map<String, Value>> {
    let changed = (any::<Index>(), prop::collection::vec(change(), 0..4)).prop_map(|(base, changes)| {
        let mut body = Value::Object(base.get(&REQUESTS).clone());
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

/// Understands a chat completion request, and returns why it was refused.
fn chat(body: Map<String, Value>, unsupported: Unsupported) -> Option<ApiError> {
    ChatRequest::parse(body, &mut Trace::new(unsupported)).err()
}

/// What a program that knows server-sent events makes of a stream, as the HTML standard has it: the data of each event.
fn decode(stream: &str) -> Vec<String> {
    let mut events = Vec::new();
    let mut data: Option<String> = None;
    for line in stream.replace("\r\n", "\n").replace('\r', "\n").split('\n') {
        if line.is_empty() {
            events.extend(data.take());
        } else if let Some(value) = line.strip_prefix("data:") {
            let value = value.strip_prefix(' ').unwrap_or(value);
            data = Some(data.map_or(value.to_owned(), |data| format!("{data}\n{value}")));
        }
    }
    events
}

/// A text, and the places at which it comes in pieces.
fn pieces(text: &str, cuts: &[Index]) -> Vec<String> {
    let mut places: Vec<usize> =
        cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
    places.extend([0, text.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| text[pair[0]..pair[1]].to_owned()).collect()
}

/// Fewer than usual, since these are large; the variable `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(64),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_chat_request_is_understood_or_refused_by_the_name_of_a_field(
        body in request(), ignore in any::<bool>()
    ) {
        let unsupported = if ignore { Unsupported::Ignore } else { Unsupported::Refuse };
        if let Some(error) = chat(body, unsupported) {
            prop_assert_eq!(error.status, 400);
            prop_assert!(error.body.param.is_some(), "{:?}", error);
            prop_assert!(error.body.message.len() > 10, "{:?}", error);
        }
    }

    #[test]
    fn an_event_is_read_as_it_was_written(values in prop::collection::vec(json(), 0..5)) {
        let stream: String =
            values.iter().map(|value| String::from_utf8(frame(value).to_vec()).unwrap()).collect();
        let read: Vec<Value> = decode(&stream).iter().map(|data| serde_json::from_str(data).unwrap()).collect();
        prop_assert_eq!(read, values);
    }

    #[test]
    fn where_an_answer_ends_does_not_depend_on_its_pieces(
        text in "[ab\u{e9} ]{0,60}", stop in prop::collection::vec("[ab\u{e9} ]{1,4}", 0..4),
        cuts in prop::collection::vec(any::<Index>(), 0..10)
    ) {
        let limits = Limits { stop, max_tokens: None };
        prop_assert_eq!(cut(&limits, &pieces(&text, &cuts)), cut(&limits, &[text]));
    }

    #[test]
    fn how_many_tokens_an_answer_has_does_not_depend_on_its_pieces(
        words in prop::collection::vec("( [a-z]{1,9}|[.,!?\u{6f22}\u{e9}\n]{1,3})", 0..40),
        tokens in 1_usize..30, cuts in prop::collection::vec(any::<Index>(), 0..10)
    ) {
        let limits = Limits { stop: vec![], max_tokens: Some(tokens) };
        let text = words.concat();
        let whole = cut(&limits, std::slice::from_ref(&text));
        let in_pieces = cut(&limits, &pieces(&text, &cuts));
        // A word that is still being written may be one token or several.
        prop_assert!(text.starts_with(&in_pieces.0), "{:?}", in_pieces);
        prop_assert!(whole.0.len().abs_diff(in_pieces.0.len()) <= 12, "{:?} and {:?}", whole, in_pieces);
    }

    #[test]
    fn any_file_is_a_configuration_or_an_error_that_names_it(bytes in prop_oneof![
        any::<Vec<u8>>(),
        json().prop_map(|value| value.to_string().into_bytes()),
        prop::collection::vec((prop::sample::select(vec![
            "token", "host", "port", "max_active_turns", "model_aliases", "allowed_origins", "codex_home", "cwd",
        ]), json()), 0..5).prop_map(|fields| Value::Object(
            fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
        ).to_string().into_bytes()),
    ]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        fs::write(&path, &bytes).unwrap();
        if let Err(error) = Settings::load(&Overrides::default(), Some(&path)) {
            prop_assert!(error.to_string().contains("config.json"), "{}", error);
        }
    }

    #[test]
    fn a_configuration_is_read_as_it_was_written(
        port in any::<u16>(), turns in 1_usize.., token in "[!-~]{1,60}", effort in "\\PC{1,20}"
    ) {
        prop_assume!(!token.starts_with("sk-"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        let token = Token::parse(&token).unwrap();
        let config = ConfigFile {
            token: Some((&token).into()),
            port: Some(port),
            max_active_turns: Some(turns),
            reasoning_effort: Some(effort.clone()),
            ..ConfigFile::default()
        };
        write(&path, &config, false).unwrap();
        let settings = Settings::load(&Overrides::default(), Some(&path)).unwrap();
        prop_assert_eq!(settings.token, Some(token));
        prop_assert_eq!((settings.port, settings.max_active_turns), (port, turns));
        prop_assert_eq!(settings.reasoning_effort, Some(effort));
    }
}
