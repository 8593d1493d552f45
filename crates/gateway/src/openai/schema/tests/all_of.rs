//! `allOf`, which strict mode refuses.

use serde_json::json;

use super::{assert_accepts, assert_inexpressible, assert_upstream, closed, output, upstream};

#[test]
fn a_lone_reference_stays_one() {
    let definitions = json!({"Unit": {"type": "string", "enum": ["C", "F"]}});
    assert_upstream(
        &json!({
            "type": "object",
            "properties": {
                "unit": {"allOf": [{"$ref": "#/$defs/Unit"}], "default": "C", "description": "Of the scale"},
                "other": {"allOf": [{"$ref": "#/$defs/Unit"}]},
            },
            "required": ["unit", "other"],
            "$defs": definitions,
        }),
        &json!({
            "type": "object",
            "properties": {
                "unit": {"anyOf": [{"$ref": "#/$defs/Unit"}], "description": "Of the scale\nIts JSON Schema also says: {\"default\":\"C\"}"},
                "other": {"$ref": "#/$defs/Unit"},
            },
            "required": ["unit", "other"],
            "$defs": definitions,
            "additionalProperties": false,
        }),
    );
}

#[test]
fn objects_are_merged() {
    let schema = json!({
        "title": "Dog",
        "allOf": [
            {"$ref": "#/definitions/Animal"},
            {"type": "object", "properties": {"bark": {"type": "boolean"}, "name": {"minLength": 1}}, "required": ["bark"]},
        ],
        "unevaluatedProperties": false,
        "definitions": {
            "Animal": {
                "title": "Animal",
                "type": "object",
                "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
                "required": ["name"],
            },
        },
    });
    assert_upstream(
        &schema,
        &json!({
            "title": "Dog",
            "type": "object",
            "properties": {
                "name": {"type": "string", "minLength": 1},
                "age": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                "bark": {"type": "boolean"},
            },
            "required": ["name", "age", "bark"],
            "additionalProperties": false,
        }),
    );
    assert_accepts(&schema, r#"{"name": "Rex", "age": null, "bark": true}"#, r#"{"name":"Rex","bark":true}"#);
}

#[test]
fn rules_beside_a_reference_are_merged_with_it() {
    assert_upstream(
        &json!({
            "type": "object",
            "properties": {"p": {"$ref": "#/$defs/P", "required": ["x"]}},
            "required": ["p"],
            "$defs": {"P": {"type": "object", "properties": {"x": {"type": "string"}}}},
        }),
        &closed(&json!({"p": {
            "required": ["x"], "type": "object", "properties": {"x": {"type": "string"}}, "additionalProperties": false,
        }})),
    );
}

#[test]
fn what_can_not_be_merged_leaves_the_model_free() {
    for all_of in [
        json!([{"type": "string"}, {"type": "integer"}]),
        json!([{"type": "string", "pattern": "a"}, {"pattern": "b"}]),
        json!([closed(&json!({"a": {"type": "string"}})), closed(&json!({"b": {"type": "string"}}))]),
        json!([{"type": "string"}, false]),
    ] {
        assert_inexpressible(
            &json!({"type": "object", "properties": {"p": {"allOf": all_of, "minLength": 1}}, "required": ["p"]}),
            "#/properties/p",
        );
    }
}

#[test]
fn parts_within_parts_are_merged_only_up_to_a_point() {
    let doubled = |levels: usize| {
        let mut definitions = json!({"D0": {"type": "object", "properties": {"a": {"type": "string"}}}});
        for level in 1..=levels {
            let below = format!("#/$defs/D{}", level - 1);
            definitions[format!("D{level}")] = json!({"allOf": [{"$ref": below}, {"$ref": below}]});
        }
        output(&json!({"$ref": format!("#/$defs/D{levels}"), "$defs": definitions}))
    };
    assert!(doubled(4).upstream().is_ok());
    assert!(doubled(7).upstream().is_err());
}

#[test]
fn recursive_objects_are_merged_only_up_to_a_point() {
    let node = |name: &str| {
        let next = format!("#/$defs/{name}");
        json!({"type": "object", "properties": {"next": {"$ref": next}, name: {"type": "string"}}})
    };
    let schema = json!({
        "allOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
        "$defs": {"A": node("A"), "B": node("B")},
    });
    assert!(output(&schema).upstream().is_err());
}

#[test]
fn what_each_part_says_of_itself_is_kept() {
    let schema = json!({
        "type": "object",
        "properties": {
            "a": {"allOf": [{"type": "string", "description": "A name."}, {"minLength": 1, "description": "Not empty."}]},
        },
        "required": ["a"],
    });
    assert!(upstream(&schema).contains(r#""description":"A name.\nNot empty.""#), "{}", upstream(&schema));
}
