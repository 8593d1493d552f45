//! `anyOf` and `oneOf`, and roots that are no objects.

use serde_json::{Value, json};

use super::{
    assert_accepts, assert_inexpressible, assert_rejects, assert_unchanged, assert_upstream, closed, output,
};

fn wrapped(value: &Value) -> Value {
    json!({"type": "object", "properties": {"value": value}, "required": ["value"], "additionalProperties": false})
}

#[test]
fn any_of_goes_upstream() {
    assert_unchanged(&closed(&json!({
        "item": {"description": "Either", "anyOf": [
            closed(&json!({"name": {"type": "string"}})),
            closed(&json!({"number": {"type": "integer"}})),
        ]},
    })));
}

#[test]
fn one_of_becomes_any_of() {
    assert_upstream(
        &closed(&json!({
            "pet": {
                "discriminator": {"propertyName": "kind"},
                "oneOf": [closed(&json!({"kind": {"const": "cat"}})), closed(&json!({"kind": {"const": "dog"}}))],
            },
        })),
        &closed(&json!({
            "pet": {
                "anyOf": [
                    closed(&json!({"kind": {"const": "cat", "type": "string"}})),
                    closed(&json!({"kind": {"const": "dog", "type": "string"}})),
                ],
            },
        })),
    );
}

#[test]
fn a_type_beside_a_union_moves_into_its_branches() {
    assert_upstream(
        &closed(&json!({"size": {"type": "string", "title": "Size", "oneOf": [
            {"const": "s", "title": "Small"}, {"const": "l", "title": "Large"},
        ]}})),
        &closed(&json!({"size": {"title": "Size", "anyOf": [
            {"const": "s", "title": "Small", "type": "string"}, {"const": "l", "title": "Large", "type": "string"},
        ]}})),
    );
}

#[test]
fn a_type_beside_a_union_holds_for_branches_that_tell_their_own() {
    let definitions =
        json!({"A": closed(&json!({"a": {"type": "string"}})), "N": {"type": ["integer", "null"]}});
    let with = |union| json!({"type": "object", "properties": {"p": union}, "required": ["p"], "$defs": definitions});
    for (schema, upstream) in [
        (
            json!({"type": "object", "anyOf": [{"$ref": "#/$defs/A"}]}),
            json!({"anyOf": [{"$ref": "#/$defs/A"}]}),
        ),
        (json!({"type": "number", "oneOf": [{"type": "integer"}]}), json!({"anyOf": [{"type": "integer"}]})),
        (
            json!({"type": "string", "anyOf": [{"anyOf": [{"enum": ["a"]}, {"minLength": 3}]}]}),
            json!({"anyOf": [{"anyOf": [{"enum": ["a"], "type": "string"}, {"minLength": 3, "type": "string"}]}]}),
        ),
    ] {
        assert_eq!(output(&with(schema)).upstream().unwrap()["properties"]["p"], upstream);
    }
    for schema in [
        json!({"type": "string", "anyOf": [{"type": "integer"}]}),
        json!({"type": "integer", "anyOf": [{"type": "number"}]}),
        json!({"type": "integer", "anyOf": [{"$ref": "#/$defs/N"}]}),
        json!({"type": "string", "anyOf": [{"const": 1}]}),
    ] {
        assert_inexpressible(&with(schema), "#/properties/p/anyOf/0");
    }
}

#[test]
fn a_rule_beside_a_union_is_told() {
    assert_upstream(
        &closed(&json!({"id": {"anyOf": [{"type": "string"}, {"type": "integer"}], "minimum": 1}})),
        &closed(&json!({"id": {
            "anyOf": [{"type": "string"}, {"type": "integer"}],
            "description": "It must also fit this JSON Schema: {\"minimum\":1}",
        }})),
    );
    assert_inexpressible(
        &closed(&json!({"id": {"anyOf": [{"type": "string"}], "oneOf": [{"type": "string"}]}})),
        "#/properties/id",
    );
}

#[test]
fn at_least_one_of_the_properties_is_told() {
    let schema = json!({
        "type": "object",
        "properties": {"mail": {"type": "string"}, "phone": {"type": "string"}},
        "anyOf": [{"required": ["mail"]}, {"required": ["phone"]}],
    });
    assert_upstream(
        &schema,
        &json!({
            "type": "object",
            "properties": {
                "mail": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "phone": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            },
            "required": ["mail", "phone"],
            "additionalProperties": false,
            "description": "It must also fit this JSON Schema: {\"anyOf\":[{\"required\":[\"mail\"]},{\"required\":[\"phone\"]}]}",
        }),
    );
    assert_accepts(&schema, r#"{"mail": "a@b", "phone": null}"#, r#"{"mail":"a@b"}"#);
    assert!(output(&schema).accept(r#"{"mail": null, "phone": null}"#).is_err());
}

#[test]
fn roots_that_are_no_objects_are_wrapped() {
    for (schema, value, answer) in [
        (
            json!({"type": "string", "minLength": 1}),
            json!({"type": "string", "minLength": 1}),
            r#""a\u00e9""#,
        ),
        (
            json!({"type": "array", "items": {"type": "number"}}),
            json!({"type": "array", "items": {"type": "number"}}),
            "[1.0, 1e2]",
        ),
        (json!({"enum": ["yes", "no"]}), json!({"enum": ["yes", "no"], "type": "string"}), r#""no""#),
        (
            json!({"type": "boolean", "$schema": "http://json-schema.org/draft-07/schema#"}),
            json!({"type": "boolean"}),
            "true",
        ),
        (json!({"type": ["integer", "null"]}), json!({"type": ["integer", "null"]}), "null"),
        (
            json!({"oneOf": [{"type": "integer"}, closed(&json!({"a": {"type": "string"}}))]}),
            json!({"anyOf": [{"type": "integer"}, closed(&json!({"a": {"type": "string"}}))]}),
            r#"{ "a": "b" }"#,
        ),
    ] {
        assert_upstream(&schema, &wrapped(&value));
        assert!(!output(&schema).is_verbatim());
        assert_accepts(&schema, &format!("\n{{\"value\" : {answer} }}"), answer);
    }
}

#[test]
fn an_answer_without_its_wrapper_is_no_answer() {
    let schema = json!({"type": "array", "items": {"type": "number"}});
    let message = "the model's answer does not fit the schema at `#`: value is not in the object that it was asked for in";
    for answer in ["[1]", "{}", r#"{"value": [1], "more": 1}"#, r#"{"values": [1]}"#] {
        assert_rejects(&schema, answer, message);
    }
    assert_rejects(
        &schema,
        r#"{"value": ["a"]}"#,
        "the model's answer does not fit the schema at `#/0`: value is not of type \"number\"",
    );
}
