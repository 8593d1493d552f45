//! Answers: what is undone in them, what stays as the model wrote it, and what is wrong with those that don't fit.

use serde_json::json;

use super::{OutputError, assert_accepts, assert_rejects, closed, json_object, output};

#[test]
fn nulls_that_stand_for_what_is_left_out_are_removed_at_any_depth() {
    let schema = json!({
        "type": "object",
        "properties": {
            "a/b": {"type": "string"},
            "list": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
            "nothing": {"type": ["string", "null"]},
        },
        "$defs": {
            "Item": {
                "type": "object",
                "properties": {"id": {"type": "integer"}, "note": {"type": "string"}, "inner": {"$ref": "#/$defs/Item"}},
                "required": ["id"],
            },
        },
    });
    assert_accepts(
        &schema,
        r#"{"a/b": null, "list": [{"id": 1, "note": "x", "inner": null}, {"id": 2, "note": null, "inner": {"id": 3, "note": null, "inner": null}}], "nothing": null}"#,
        r#"{"list":[{"id":1,"note":"x"},{"id":2,"inner":{"id":3}}],"nothing":null}"#,
    );
    assert_accepts(&schema, r#"{"a/b": null, "list": null, "nothing": null}"#, r#"{"nothing":null}"#);
}

#[test]
fn nulls_are_read_by_the_branch_of_a_union_that_the_answer_fits() {
    let schema = closed(&json!({
        "shape": {"oneOf": [
            {"type": "object", "properties": {"kind": {"const": "circle"}, "label": {"type": "string"}}, "required": ["kind"]},
            {"type": "object", "properties": {"kind": {"const": "square"}, "label": {"type": "null"}}, "required": ["kind", "label"]},
        ]},
    }));
    assert_accepts(
        &schema,
        r#"{"shape": {"kind": "circle", "label": null}}"#,
        r#"{"shape":{"kind":"circle"}}"#,
    );
    assert_accepts(
        &schema,
        r#"{"shape": {"kind": "square", "label": null}}"#,
        r#"{"shape": {"kind": "square", "label": null}}"#,
    );
}

#[test]
fn a_branch_is_told_by_all_that_goes_upstream() {
    // For the caller, the second branch takes the first one's answers as well, its `null`s included.
    let schema = closed(&json!({
        "item": {"anyOf": [
            {"type": "object", "properties": {"z": {"type": "string"}, "x": {"type": "string"}}, "required": ["z"]},
            {"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "string"}}},
        ]},
    }));
    assert_accepts(&schema, r#"{"item": {"x": null, "y": null}}"#, r#"{"item":{}}"#);
    assert_accepts(&schema, r#"{"item": {"z": "z", "x": null}}"#, r#"{"item":{"z":"z"}}"#);
}

#[test]
fn nulls_in_lists_and_required_ones_stay() {
    let schema = json!({
        "type": "object",
        "properties": {
            "list": {"type": "array", "items": {"type": ["integer", "null"]}},
            "required": {"type": "null"},
            "optional": {"type": "integer"},
        },
        "required": ["list", "required"],
    });
    assert_accepts(
        &schema,
        r#"{"list":[1,null,2],"required":null,"optional":null}"#,
        r#"{"list":[1,null,2],"required":null}"#,
    );
}

#[test]
fn the_text_stays_as_the_model_wrote_it() {
    let properties = json!({
        "price": {"type": "number"}, "big": {"type": "integer"}, "text": {"type": "string"},
        "list": {"type": "array", "items": {"type": "number"}},
    });
    let answer = "\n{ \"price\": 1.50,\t\"big\": 123456789012345678901234567890, \"text\": \"\\u00e9\\/\", \"list\": [1E2, -0.0] }\n";
    assert_accepts(&closed(&properties), answer, answer);
    // With something to remove, only white space between what is next to it changes.
    let mut optional = closed(&properties);
    optional["properties"]["left_out"] = json!({"type": "string"});
    assert_accepts(
        &optional,
        r#"{"text": "\u00e9\/", "left_out": null, "price": 1.50, "list": [1E2, -0.0], "big": 123456789012345678901234567890}"#,
        r#"{"text":"\u00e9\/","price":1.50,"list":[1E2, -0.0],"big":123456789012345678901234567890}"#,
    );
}

#[test]
fn what_strict_mode_does_not_enforce_is_checked() {
    let schema =
        closed(&json!({"tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": true}}));
    assert!(output(&schema).is_verbatim());
    assert_accepts(&schema, r#"{"tags": ["a", "b"]}"#, r#"{"tags": ["a", "b"]}"#);
    assert_rejects(
        &schema,
        r#"{"tags": ["a", "a"]}"#,
        "the model's answer does not fit the schema at `#/tags`: value has non-unique elements",
    );
}

#[test]
fn formats_are_no_reason_to_refuse_an_answer() {
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"mail": {"type": "string", "format": "email"}, "site": {"type": "string", "format": "uri"}},
    });
    assert_accepts(&schema, r#"{"mail": "x", "site": null}"#, r#"{"mail":"x"}"#);
}

#[test]
fn errors_say_where_and_why() {
    let schema = json!({
        "type": "object",
        "properties": {"people": {"type": "array", "items": {"$ref": "#/$defs/Person"}}},
        "required": ["people"],
        "$defs": {
            "Person": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "pet": {"anyOf": [{"type": "object", "properties": {"legs": {"type": "integer"}}}, {"type": "null"}]},
                },
                "required": ["name"],
            },
        },
    });
    for (answer, problem) in [
        (r#"{}"#, "does not fit the schema at `#`: \"people\" is a required property"),
        (
            r#"{"people": [{"name": "A"}, {"name": 1}]}"#,
            "does not fit the schema at `#/people/1/name`: value is not of type \"string\"",
        ),
        (
            r#"{"people": [{"name": "A", "pet": {"legs": "4"}}]}"#,
            "does not fit the schema at `#/people/0/pet/legs`: value is not of type \"integer\"",
        ),
        ("", "is not JSON: EOF while parsing a value at line 1 column 0"),
        (r#"{"people": ["#, "is not JSON: EOF while parsing a list at line 1 column 12"),
        ("I am sorry", "is not JSON: expected value at line 1 column 1"),
        (r#"{"people": []} done"#, "is not JSON: trailing characters at line 1 column 16"),
    ] {
        assert_rejects(&schema, answer, &format!("the model's answer {problem}"));
    }
}

#[test]
fn errors_are_short_and_do_not_repeat_the_answer() {
    let name = "n".repeat(2_000);
    let schema = closed(&json!({(&name): {"type": "string", "enum": [name]}}));
    let answer = json!({(&name): "secret".repeat(500)}).to_string();
    for schema in [schema, json!({"type": "object", "additionalProperties": {"type": "integer"}})] {
        let message = output(&schema).accept(&answer).unwrap_err().to_string();
        assert!(message.chars().count() <= 310, "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[test]
fn an_unconstrained_answer_is_only_checked() {
    let schema = json!({"type": "object", "additionalProperties": {"type": "integer"}});
    for answer in [r#"{"a": 1}"#, " {\"a\": 1}\n", "```json\n{\"a\": 1}\n```", "```\n{\"a\": 1}```"] {
        assert_accepts(&schema, answer, r#"{"a": 1}"#);
    }
    assert_rejects(
        &schema,
        r#"{"a": null}"#,
        "the model's answer does not fit the schema at `#/a`: value is not of type \"integer\"",
    );
}

#[test]
fn a_json_object_is_any_object() {
    for text in [
        r#"{"b": 1.0, "a": []}"#,
        " \n{\"b\": 1.0, \"a\": []}\n",
        "```json\n{\"b\": 1.0, \"a\": []}\n```",
        "```JSON\r\n{\"b\": 1.0, \"a\": []}\r\n```\n",
        "```\n{\"b\": 1.0, \"a\": []}\n```",
    ] {
        assert_eq!(json_object(text).unwrap(), r#"{"b": 1.0, "a": []}"#);
    }
    for text in ["[]", "null", "\"{}\"", "```json\n[1]\n```"] {
        assert_eq!(json_object(text), Err(OutputError::NotAnObject));
    }
    for text in ["", "``````", "```", "Here it is: {}", "{} and more", "{'a': 1}", "```json\n{}", "```é```"]
    {
        assert!(matches!(json_object(text), Err(OutputError::NotJson(_))), "{text}");
    }
}

#[test]
fn a_schema_in_a_dialect_of_its_own_is_read_as_one_that_names_none() {
    let mut schema = closed(&json!({"a": {"type": "integer", "maximum": 3}}));
    schema["$schema"] = "https://spec.openapis.org/oas/3.1/dialect/base".into();
    let read = output(&schema);
    assert!(read.accept(r#"{"a": 3}"#).is_ok() && read.accept(r#"{"a": 4}"#).is_err());
}
