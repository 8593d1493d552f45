//! Schemas as zod and the clients of the OpenAI API write them.

use serde_json::{Value, json};

use super::{assert_inexpressible, assert_round_trips, assert_unchanged, assert_upstream, output};

/// What the OpenAI SDK for Python makes of a pydantic model.
#[test]
fn a_model_made_strict_by_the_sdk() {
    let step = json!({
        "properties": {
            "explanation": {"title": "Explanation", "type": "string"}, "output": {"title": "Output", "type": "string"},
        },
        "required": ["explanation", "output"], "title": "Step", "type": "object", "additionalProperties": false,
    });
    let schema = json!({
        "$defs": {"Step": step},
        "properties": {
            "steps": {"items": {"$ref": "#/$defs/Step"}, "title": "Steps", "type": "array"},
            "final_answer": {"title": "Final Answer", "type": "string"},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "Note"},
        },
        "required": ["steps", "final_answer", "note"],
        "title": "Math", "type": "object", "additionalProperties": false,
    });
    assert_unchanged(&schema);
    assert_round_trips(
        &schema,
        &[(r#"{"steps": [{"explanation": "e", "output": "o"}], "final_answer": "42", "note": null}"#, None)],
    );
}

/// zod 3 by zod-to-json-schema, and zod 4 for draft 7.
#[test]
fn a_zod_object() {
    let union = json!([
        {
            "type": "object", "properties": {"t": {"type": "string", "const": "x"}, "v": {"type": "number"}},
            "required": ["t", "v"], "additionalProperties": false,
        },
        {
            "type": "object", "properties": {"t": {"type": "string", "const": "y"}, "w": {"type": "string"}},
            "required": ["t"], "additionalProperties": false,
        },
    ]);
    let zod = |union_keyword: &str, pair: Value| {
        json!({
            "type": "object",
            "properties": {
                "name": {"type": "string", "minLength": 1},
                "site": {"type": "string", "format": "uri"},
                "n": {"anyOf": [{"type": "integer", "exclusiveMinimum": 0}, {"type": "null"}]},
                "kind": {"type": "string", "enum": ["a", "b"], "default": "a"},
                "u": {union_keyword: union},
                "pair": pair,
            },
            "required": ["name", "n", "u", "pair"],
            "additionalProperties": false,
            "$schema": "http://json-schema.org/draft-07/schema#",
        })
    };
    let pair = json!([{"type": "string"}, {"type": "number"}]);
    for schema in [
        zod("anyOf", json!({"type": "array", "minItems": 2, "maxItems": 2, "items": pair})),
        zod(
            "oneOf",
            json!({"type": "array", "items": pair, "additionalItems": false, "minItems": 2, "maxItems": 2}),
        ),
    ] {
        assert_round_trips(
            &schema,
            &[
                (
                    r#"{"name":"A","site":null,"n":null,"kind":null,"u":{"t":"y","w":null},"pair":["a",1]}"#,
                    Some(r#"{"name":"A","n":null,"u":{"t":"y"},"pair":["a",1]}"#),
                ),
                (
                    r#"{"name":"A","site":"https://example.com","n":1,"kind":"b","u":{"t":"x","v":1},"pair":["a",1]}"#,
                    None,
                ),
            ],
        );
    }
}

#[test]
fn zod_objects_that_refer_to_each_other() {
    let dialect = "http://json-schema.org/draft-07/schema#";
    // With a name for the root.
    let person = json!({
        "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"], "additionalProperties": false,
    });
    assert_upstream(
        &json!({"$ref": "#/definitions/Person", "definitions": {"Person": person}, "$schema": dialect}),
        &json!({
            "$schema": dialect, "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"],
            "additionalProperties": false,
        }),
    );
    // Recursive.
    assert_unchanged(&json!({
        "type": "object",
        "properties": {"name": {"type": "string"}, "sub": {"type": "array", "items": {"$ref": "#"}}},
        "required": ["name", "sub"], "additionalProperties": false, "$schema": dialect,
    }));
    // The same object twice.
    assert_round_trips(
        &json!({
            "type": "object",
            "properties": {
                "x": {"type": "object", "properties": {"q": {"type": "string"}}, "additionalProperties": false},
                "y": {"$ref": "#/properties/x"},
            },
            "required": ["x"], "additionalProperties": false, "$schema": dialect,
        }),
        &[
            (r#"{"x":{"q":null},"y":{"q":"q"}}"#, Some(r#"{"x":{},"y":{"q":"q"}}"#)),
            (r#"{"x":{"q":"q"},"y":null}"#, Some(r#"{"x":{"q":"q"}}"#)),
        ],
    );
    // An intersection.
    assert_round_trips(
        &json!({
            "allOf": [
                {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                {"type": "object", "properties": {"b": {"type": "number"}}},
            ],
            "$schema": dialect,
        }),
        &[(r#"{"a":"a","b":null}"#, Some(r#"{"a":"a"}"#))],
    );
    // A record, and an object that passes through what it doesn't know.
    assert_inexpressible(
        &json!({"type": "object", "additionalProperties": {"type": "number"}, "$schema": dialect}),
        "#",
    );
    assert_inexpressible(
        &json!({
            "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
            "additionalProperties": true, "$schema": dialect,
        }),
        "#",
    );
}

/// The arguments of tools as LangChain, instructor, LlamaIndex and plain OpenAI examples declare them.
#[test]
fn arguments_of_tools() {
    let event = json!({
        "properties": {"name": {"title": "Name", "type": "string"}, "n": {"title": "N", "type": "integer"}},
        "required": ["n", "name"],
        "type": "object",
    });
    let mut closed = event.clone();
    closed["additionalProperties"] = json!(false);
    assert_upstream(&event, &closed);
    assert!(output(&event).is_verbatim());
    assert_unchanged(&closed);
    assert_round_trips(
        &json!({"type": "object", "properties": {"a": {"type": "string"}}}),
        &[(r#"{"a":null}"#, Some("{}")), (r#"{"a": "x"}"#, None)],
    );
    assert_round_trips(&json!({"type": "object", "properties": {}}), &[("{}", None)]);
    assert_round_trips(
        &json!({
            "type": "object",
            "properties": {
                "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["location"],
        }),
        &[
            (r#"{"location":"Paris","unit":null}"#, Some(r#"{"location":"Paris"}"#)),
            (r#"{"location":"Paris","unit":"celsius"}"#, None),
        ],
    );
}
