//! `$ref`, definitions and recursion.

use serde_json::{Value, json};

use super::{assert_accepts, assert_round_trips, assert_unchanged, assert_upstream, closed, output};

#[test]
fn definitions_go_upstream_by_either_name() {
    for container in ["$defs", "definitions"] {
        assert_unchanged(&json!({
            "type": "object",
            "properties": {
                "next": {"anyOf": [{"$ref": format!("#/{container}/Node")}, {"type": "null"}]},
                "all": {"type": "array", "items": {"$ref": "#"}},
            },
            "required": ["next", "all"],
            "additionalProperties": false,
            container: {
                "Other": closed(&json!({"node": {"$ref": format!("#/{container}/Node")}})),
                "Node": closed(&json!({"other": {"$ref": format!("#/{container}/Other")}})),
            },
        }));
    }
}

#[test]
fn definitions_that_nothing_refers_to_are_left_out() {
    assert_upstream(
        &json!({
            "$defs": {"Unused": {"type": "object"}, "Used": {"type": "string"}},
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/Used"}},
            "required": ["a"],
            "additionalProperties": false,
        }),
        &json!({
            "$defs": {"Used": {"type": "string"}},
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/Used"}},
            "required": ["a"],
            "additionalProperties": false,
        }),
    );
}

#[test]
fn a_description_beside_a_reference_moves_to_a_union_of_one() {
    let definitions = json!({"Name": {"type": "string"}});
    assert_upstream(
        &json!({
            "type": "object",
            "properties": {
                "first": {"$ref": "#/$defs/Name", "description": "Given", "default": "Ann"},
                "last": {"$ref": "#/$defs/Name", "default": "Lee"},
                "middle": {"description": "Others", "$ref": "#/$defs/Name"},
            },
            "required": ["first", "last"],
            "$defs": definitions,
        }),
        &json!({
            "type": "object",
            "properties": {
                "first": {"anyOf": [{"$ref": "#/$defs/Name"}], "description": "Given\nIts JSON Schema also says: {\"default\":\"Ann\"}"},
                "last": {"anyOf": [{"$ref": "#/$defs/Name"}], "description": "Its JSON Schema also says: {\"default\":\"Lee\"}"},
                "middle": {"anyOf": [{"$ref": "#/$defs/Name"}, {"type": "null"}], "description": "Others"},
            },
            "required": ["first", "last", "middle"],
            "$defs": definitions,
            "additionalProperties": false,
        }),
    );
}

#[test]
fn a_reference_to_elsewhere_in_the_schema_makes_a_definition() {
    assert_upstream(
        &json!({
            "type": "object",
            "properties": {
                "x": {"type": "array", "items": closed(&json!({"name": {"type": "string"}}))},
                "y": {"type": "array", "items": {"$ref": "#/properties/x/items"}},
                "z": {"$ref": "#/properties/x/items/properties/name"},
            },
            "required": ["x", "y", "z"],
            "additionalProperties": false,
            "$defs": {"items": {"type": "string"}},
        }),
        &json!({
            "type": "object",
            "properties": {
                "x": {"type": "array", "items": closed(&json!({"name": {"type": "string"}}))},
                "y": {"type": "array", "items": {"$ref": "#/$defs/items_2"}},
                "z": {"$ref": "#/$defs/name"},
            },
            "required": ["x", "y", "z"],
            "additionalProperties": false,
            "$defs": {"name": {"type": "string"}, "items_2": closed(&json!({"name": {"type": "string"}}))},
        }),
    );
}

#[test]
fn a_root_that_is_a_reference_to_an_object_is_that_object() {
    let node = json!({
        "type": "object",
        "properties": {"value": {"type": "integer"}, "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}},
        "required": ["value", "children"],
        "additionalProperties": false,
    });
    let schema = json!({"$defs": {"Node": node}, "$ref": "#/$defs/Node"});
    let mut expected = json!({"$defs": {"Node": node}});
    expected.as_object_mut().unwrap().extend(node.as_object().unwrap().clone());
    assert_upstream(&schema, &expected);
    assert!(output(&schema).is_verbatim());
    let answer = r#"{"value": 1, "children": [{"value": 2, "children": []}]}"#;
    assert_accepts(&schema, answer, answer);
}

#[test]
fn a_reference_to_a_wrapped_root_leads_to_its_copy() {
    let schema = json!({"anyOf": [{"type": "integer"}, {"type": "array", "items": {"$ref": "#"}}]});
    let union = json!({"anyOf": [{"type": "integer"}, {"type": "array", "items": {"$ref": "#/$defs/root"}}]});
    assert_upstream(
        &schema,
        &json!({
            "type": "object",
            "properties": {"value": union},
            "required": ["value"],
            "additionalProperties": false,
            "$defs": {"root": union},
        }),
    );
    assert_accepts(&schema, r#"{"value": [1, [2, [3]]]}"#, "[1, [2, [3]]]");
}

#[test]
fn schemas_that_stand_within_another_bring_their_definitions() {
    let function = |index: usize, item: Value| {
        let definition = format!("#/properties/call/anyOf/{index}/properties/arguments/$defs/Item");
        closed(&json!({
            "name": {"type": "string", "enum": [format!("f{index}")]},
            "arguments": {
                "type": "object",
                "properties": {"items": {"type": "array", "items": {"$ref": definition}}},
                "$defs": {"Item": item},
            },
        }))
    };
    let calls = [
        function(0, json!({"type": "object", "properties": {"x": {"type": "string"}}})),
        function(1, json!({"type": "integer"})),
    ];
    assert_round_trips(
        &closed(&json!({"call": {"anyOf": calls}})),
        &[
            (
                r#"{"call":{"name":"f0","arguments":{"items":[{"x":null},{"x":"x"}]}}}"#,
                Some(r#"{"call":{"name":"f0","arguments":{"items":[{},{"x":"x"}]}}}"#),
            ),
            (
                r#"{"call":{"name":"f1","arguments":{"items":null}}}"#,
                Some(r#"{"call":{"name":"f1","arguments":{}}}"#),
            ),
            (r#"{"call":{"name":"f1","arguments":{"items":[1]}}}"#, None),
        ],
    );
}

#[test]
fn references_may_be_percent_encoded() {
    assert_upstream(
        &json!({
            "type": "object",
            "properties": {"a": {"$ref": "#/%24defs/List%5Bint%5D"}},
            "required": ["a"],
            "additionalProperties": false,
            "$defs": {"List[int]": {"type": "array", "items": {"type": "integer"}}},
        }),
        &json!({
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/List[int]"}},
            "required": ["a"],
            "additionalProperties": false,
            "$defs": {"List[int]": {"type": "array", "items": {"type": "integer"}}},
        }),
    );
}
