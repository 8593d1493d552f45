//! What holds for every request, text and file. `make fuzz` tries many more of them than the tests do.

mod answers;
mod requests;

use std::fs;

use proptest::{prelude::*, sample::Index};
use serde_json::Value;

use crate::{
    codex::cut,
    http::{frame, named_frame},
    settings::{ConfigFile, Overrides, Settings, Token, write},
    turn::Limits,
};

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
    "input",
    "input_text",
    "output_text",
    "input_image",
    "message",
    "function_call_output",
    "item_reference",
    "reasoning",
    "call_id",
    "id",
    "output",
    "summary",
    "encrypted_content",
    "include",
    "reasoning.encrypted_content",
    "store",
    "previous_response_id",
    "instructions",
    "format",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "phase",
    "completed",
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

/// What a program that knows server-sent events makes of a stream, as the HTML standard has it: each event's name and
/// data.
fn decode(stream: &str) -> Vec<(String, String)> {
    let mut events = Vec::new();
    let (mut name, mut data) = (String::new(), None::<String>);
    for line in stream.replace("\r\n", "\n").replace('\r', "\n").split('\n') {
        if line.is_empty() {
            let name = std::mem::take(&mut name);
            events.extend(data.take().map(|data| (name, data)));
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => name = value.to_owned(),
            "data" => data = Some(data.map_or(value.to_owned(), |data| format!("{data}\n{value}"))),
            _ => {}
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
pub(crate) fn config() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(64),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_event_is_read_as_it_was_written(values in prop::collection::vec(json(), 0..5)) {
        let stream: String =
            values.iter().map(|value| String::from_utf8(frame(value).to_vec()).unwrap()).collect();
        let read: Vec<Value> = decode(&stream).iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect();
        prop_assert_eq!(read, values);
    }

    #[test]
    fn an_event_with_a_name_is_read_as_it_was_written(
        values in prop::collection::vec(("[a-z._]{1,20}", json()), 0..5)
    ) {
        let frames = values.iter().map(|(name, value)| named_frame(name, value));
        let stream: String = frames.map(|frame| String::from_utf8(frame.to_vec()).unwrap()).collect();
        let read: Vec<(String, Value)> =
            decode(&stream).into_iter().map(|(name, data)| (name, serde_json::from_str(&data).unwrap())).collect();
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
