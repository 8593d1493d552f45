use serde_json::{Value, json};

use super::{super::tools::ToolUse, *};
use crate::{
    openai::{chat::ChatRequest, policy::Trace, value::At},
    settings::Unsupported,
};

/// What happens in an answer.
enum Happens<'a> {
    Message(Option<Phase>),
    Delta(&'a str),
    Call(&'a str, &'a str),
}

use Happens::{Call, Delta, Message};

const COMMENT: Happens<'_> = Message(Some(Phase::Commentary));
const ANSWER: Happens<'_> = Message(Some(Phase::FinalAnswer));

/// What is given out, in short, and why the answer ends; or the error's message.
fn told(
    expected: &Expectation,
    happens: &[Happens<'_>],
    finish: Finish,
) -> Result<(Vec<String>, Finish), String> {
    let mut assembly = Assembly::default();
    let mut pieces = Vec::new();
    for it in happens {
        match it {
            Message(phase) => pieces.extend(assembly.message(expected, *phase)),
            Delta(text) => pieces.extend(assembly.text(expected, (*text).to_owned())),
            Call(name, arguments) => {
                let (id, name, arguments) = ("c".to_owned(), (*name).to_owned(), (*arguments).to_owned());
                let call = ToolCall { id, name, arguments };
                pieces.extend(assembly.call(expected, call).map_err(message)?);
            }
        }
    }
    let (last, finish) = assembly.complete(expected, finish).map_err(message)?;
    Ok((pieces.into_iter().chain(last).map(in_short).collect(), finish))
}

fn message(error: ApiError) -> String {
    assert_eq!((error.status, error.body.code.as_deref()), (502, Some("invalid_output")));
    error.body.message
}

fn in_short(piece: Piece) -> String {
    match piece {
        Piece::Text(text) => format!("text {text}"),
        Piece::Commentary(text) => format!("comment {text}"),
        Piece::Call(call) => format!("call {} {}", call.name, call.arguments),
        Piece::CallBegun(call) => format!("begun {} {}", call.name, call.arguments),
        Piece::Arguments(more) => format!("more {more}"),
    }
}

fn given(pieces: &[&str], finish: Finish) -> Result<(Vec<String>, Finish), String> {
    Ok((pieces.iter().map(|piece| (*piece).to_owned()).collect(), finish))
}

fn form(format: Value) -> Expectation {
    let format = At::new("text.format", format).object().unwrap();
    let mut tools = ToolUse { parallel: true, ..ToolUse::default() };
    Expectation::new(Form::parse(format, None).unwrap(), &mut tools)
}

fn text() -> Expectation {
    form(json!({"type": "text"}))
}

fn json_of_any_kind() -> Expectation {
    form(json!({"type": "json_object"}))
}

fn schema(schema: Value) -> Expectation {
    form(json!({"type": "json_schema", "name": "n", "schema": schema}))
}

/// What goes upstream as it is.
fn plain() -> Value {
    json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})
}

/// What has a `null` upstream for a property that is left out.
fn with_nulls() -> Value {
    json!({"type": "object", "properties": {"a": {"type": "integer"}}})
}

/// What a request with these functions expects.
fn functions(functions: &[(&str, Value)], choice: &str) -> Expectation {
    let tools: Vec<Value> = functions
        .iter()
        .map(|(name, parameters)| {
            json!({"type": "function", "function": {"name": name, "parameters": parameters, "strict": true}})
        })
        .collect();
    let body = json!({
        "model": "m", "messages": [{"role": "user", "content": "hi"}], "tools": tools, "tool_choice": choice,
    });
    let mut trace = Trace::new(Unsupported::Refuse);
    ChatRequest::parse(body.as_object().unwrap().clone(), &mut trace).unwrap().turn.expectation
}

#[test]
fn text_is_given_as_it_comes_with_its_messages_apart() {
    let said = [COMMENT, Delta("a"), Delta("b"), ANSWER, Delta("c")];
    assert_eq!(
        told(&text(), &said, Finish::Stop),
        given(&["text a", "text b", "text \n\n", "text c"], Finish::Stop)
    );
}

#[test]
fn json_is_given_once_it_is_whole_and_is_json() {
    let expected = json_of_any_kind();
    let said = [ANSWER, Delta("```json\n{\"a\":"), Delta(" 1}\n```")];
    assert_eq!(told(&expected, &said, Finish::Stop), given(&["text {\"a\": 1}"], Finish::Stop));
    assert!(told(&expected, &[ANSWER, Delta("no")], Finish::Stop).is_err());
    assert!(told(&expected, &[ANSWER, Delta("[1]")], Finish::Stop).is_err());
}

#[test]
fn what_goes_upstream_as_it_is_is_streamed_and_judged_at_the_end() {
    let expected = schema(plain());
    let said = [ANSWER, Delta("{\"a\""), Delta(":1}")];
    assert_eq!(told(&expected, &said, Finish::Stop), given(&["text {\"a\"", "text :1}"], Finish::Stop));
    let error = told(&expected, &[ANSWER, Delta("{}")], Finish::Stop).unwrap_err();
    assert!(error.starts_with("What was asked for did not come: "), "{error}");
}

#[test]
fn what_is_changed_for_the_provider_is_changed_back_at_the_end() {
    let said = [ANSWER, Delta("{\"a\":"), Delta("null}")];
    assert_eq!(told(&schema(with_nulls()), &said, Finish::Stop), given(&["text {}"], Finish::Stop));
}

#[test]
fn a_forced_call_is_made_of_the_text() {
    let streamed = functions(&[("f", plain())], "required");
    let said = [ANSWER, Delta(""), Delta("{\"a\""), ANSWER, Delta(":1}")];
    assert_eq!(
        told(&streamed, &said, Finish::Stop),
        given(&["begun f {\"a\"", "more :1}"], Finish::ToolCalls)
    );
    let held = functions(&[("f", with_nulls())], "required");
    let said = [ANSWER, Delta("{\"a\":null}")];
    assert_eq!(told(&held, &said, Finish::Stop), given(&["call f {}"], Finish::ToolCalls));
    let one_of_two = functions(&[("f", plain()), ("g", plain())], "required");
    let said = [ANSWER, Delta(r#"{"call":{"name":"g","arguments":{"a" : 1}}}"#)];
    assert_eq!(told(&one_of_two, &said, Finish::Stop), given(&[r#"call g {"a" : 1}"#], Finish::ToolCalls));
    assert!(told(&one_of_two, &[ANSWER, Delta(r#"{"call":{"name":"h"}}"#)], Finish::Stop).is_err());
}

#[test]
fn commentary_is_held_to_no_form() {
    let comments = [COMMENT, Delta("a"), COMMENT, Delta("b"), ANSWER, Delta("{\"a\":1}")];
    let before = ["comment a", "comment \n\n", "comment b"];
    for (expected, last, finish) in [
        (json_of_any_kind(), "text {\"a\":1}", Finish::Stop),
        (schema(plain()), "text {\"a\":1}", Finish::Stop),
        (schema(with_nulls()), "text {\"a\":1}", Finish::Stop),
        (functions(&[("f", plain())], "required"), "begun f {\"a\":1}", Finish::ToolCalls),
        (functions(&[("f", with_nulls())], "required"), "call f {\"a\":1}", Finish::ToolCalls),
    ] {
        let all: Vec<&str> = before.into_iter().chain([last]).collect();
        assert_eq!(told(&expected, &comments, Finish::Stop), given(&all, finish));
    }
}

#[test]
fn text_before_a_call_need_not_have_the_form() {
    let said = [ANSWER, Delta("I look."), Call("f", "{}"), Call("g", "{}")];
    for expected in [json_of_any_kind(), schema(with_nulls())] {
        assert_eq!(
            told(&expected, &said, Finish::ToolCalls),
            given(&["text I look.", "call f {}", "call g {}"], Finish::ToolCalls)
        );
    }
    assert_eq!(
        told(&text(), &said, Finish::ToolCalls),
        given(&["text I look.", "call f {}", "call g {}"], Finish::ToolCalls)
    );
}

#[test]
fn one_call_is_enough_where_the_caller_wants_no_more() {
    let expected = Expectation { parallel: false, ..text() };
    let said = [Call("f", "{}"), Call("g", "{}")];
    assert_eq!(told(&expected, &said, Finish::ToolCalls), given(&["call f {}"], Finish::ToolCalls));
}

#[test]
fn a_call_fits_the_schema_that_its_function_is_held_to() {
    let expected = functions(&[("f", plain()), ("g", with_nulls())], "auto");
    assert!(told(&expected, &[Call("f", "{\"a\":1}"), Call("g", "{}")], Finish::ToolCalls).is_ok());
    let error = told(&expected, &[Call("f", "{}")], Finish::ToolCalls).unwrap_err();
    assert!(error.contains("called `f`"), "{error}");
}

#[test]
fn a_call_that_must_come_is_missed() {
    let expected = Expectation { must_call: true, ..text() };
    assert!(told(&expected, &[ANSWER, Delta("no")], Finish::Stop).is_err());
    assert!(told(&expected, &[Call("f", "{}")], Finish::ToolCalls).is_ok());
}

#[test]
fn what_is_cut_off_is_given_as_far_as_it_goes() {
    let cut = |expected: &Expectation, text| told(expected, &[ANSWER, Delta(text)], Finish::Length);
    assert_eq!(cut(&json_of_any_kind(), "{\"a\""), given(&["text {\"a\""], Finish::Length));
    assert_eq!(cut(&json_of_any_kind(), ""), given(&[], Finish::Length));
    assert_eq!(cut(&schema(plain()), "{\"a\""), given(&["text {\"a\""], Finish::Length));
    assert_eq!(cut(&schema(with_nulls()), "{\"a\""), given(&["text {\"a\""], Finish::Length));
    let wrapped = schema(json!({"type": "array", "items": {"type": "integer"}}));
    for (text, rest) in [
        ("{\"value\": [1,", &["text [1,"][..]),
        (" { \"value\" :[1]}", &["text [1]"]),
        ("{\"val", &[]),
        ("", &[]),
    ] {
        assert_eq!(cut(&wrapped, text), given(rest, Finish::Length), "{text}");
    }
}

#[test]
fn an_answer_starts_over_where_nothing_of_it_was_given_out() {
    let restarts = |expected: &Expectation, happens: &[Happens<'_>]| {
        let mut assembly = Assembly::default();
        for it in happens {
            match it {
                Message(phase) => drop(assembly.message(expected, *phase)),
                Delta(text) => drop(assembly.text(expected, (*text).to_owned())),
                Call(..) => {}
            }
        }
        assembly.restart()
    };
    assert!(restarts(&json_of_any_kind(), &[ANSWER, Delta("{"), ANSWER]));
    assert!(restarts(&text(), &[ANSWER]));
    assert!(!restarts(&text(), &[ANSWER, Delta("a")]));
    assert!(!restarts(&json_of_any_kind(), &[COMMENT, Delta("a"), ANSWER]));
}
