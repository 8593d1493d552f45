//! What goes upstream for objects, lists, values and the rules on them.

use serde_json::json;

use super::{assert_inexpressible, assert_unchanged, assert_upstream, closed, output, upstream};

#[test]
fn a_strict_schema_goes_upstream_byte_for_byte() {
    assert_unchanged(&json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Weather",
        "type": "object",
        "description": "The weather",
        "additionalProperties": false,
        "required": ["unit", "location", "days"],
        "properties": {
            "location": {"type": "string", "description": "A city", "minLength": 1, "maxLength": 9, "pattern": "^[A-Z]"},
            "unit": {"type": ["string", "null"], "enum": ["F", "C", null]},
            "days": {
                "items": {
                    "type": "object",
                    "properties": {
                        "date": {"type": "string", "format": "date"},
                        "temperature": {"type": "number", "minimum": -90, "exclusiveMaximum": 60, "multipleOf": 0.5},
                        "sunny": {"type": "boolean"},
                        "kind": {"type": "string", "const": "day"},
                        "notes": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "If any"},
                    },
                    "required": ["date", "temperature", "sunny", "kind", "notes"],
                    "additionalProperties": false,
                },
                "type": "array",
                "minItems": 1,
                "maxItems": 7,
            },
        },
    }));
}

#[test]
fn properties_go_upstream_in_the_callers_order() {
    let schema = json!({"type": "object", "properties": {
        "reasoning": {"type": "string"}, "answer": {"type": "string"}, "confidence": {"type": "number"},
    }, "required": ["confidence", "answer", "reasoning"]});
    let upstream = upstream(&schema);
    let place = |name| upstream.find(name).unwrap();
    assert!(place("reasoning") < place("answer") && place("answer") < place("confidence"), "{upstream}");
}

#[test]
fn objects_are_closed_and_what_may_be_left_out_may_be_null() {
    assert_upstream(
        &json!({
            "type": "object",
            "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
            "required": ["name"],
        }),
        &json!({
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "age": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]},
            },
            "required": ["name", "age"],
            "additionalProperties": false,
        }),
    );
}

#[test]
fn what_may_be_null_for_the_caller_is_only_required() {
    for nullable in [
        json!({"type": "null"}),
        json!({"type": ["integer", "null"]}),
        json!({"type": ["string", "null"], "enum": ["a", null]}),
        json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
    ] {
        let schema = json!({"type": "object", "properties": {"value": nullable}});
        let expected = json!({
            "type": "object",
            "properties": {"value": nullable},
            "required": ["value"],
            "additionalProperties": false,
        });
        assert_upstream(&schema, &expected);
        assert!(output(&schema).is_verbatim());
    }
}

#[test]
fn an_enum_without_null_gets_a_branch_for_it() {
    assert_upstream(
        &json!({"type": "object", "properties": {"unit": {"type": ["string", "null"], "enum": ["F", "C"]}}}),
        &closed(
            &json!({"unit": {"anyOf": [{"type": ["string", "null"], "enum": ["F", "C"]}, {"type": "null"}]}}),
        ),
    );
}

#[test]
fn annotations_that_strict_mode_refuses_are_told_where_they_say_something() {
    assert_upstream(
        &json!({
            "$id": "https://example.com/user",
            "$comment": "generated",
            "type": "object",
            "properties": {
                "name": {
                    "title": "Name", "type": "string", "default": "Ann", "examples": ["Bob"], "deprecated": true,
                    "readOnly": true, "x-order": 1, "nullable": true, "$id": "#name",
                },
            },
            "required": ["name"],
            "additionalProperties": false,
        }),
        &closed(&json!({"name": {
            "title": "Name",
            "type": "string",
            "description": "Its JSON Schema also says: {\"default\":\"Ann\",\"examples\":[\"Bob\"],\"deprecated\":true,\"readOnly\":true,\"x-order\":1,\"nullable\":true}",
        }})),
    );
}

#[test]
fn what_is_too_long_for_a_description_is_left_to_be_told_in_other_words() {
    let is_told = |keyword: &str, length: usize| {
        let property = json!({"type": "string", (keyword): "(?=x)".to_owned() + &"x".repeat(length)});
        super::OutputSchema::new(&closed(&json!({"a": property})), None).unwrap().is_told()
    };
    for keyword in ["pattern", "default"] {
        assert!(is_told(keyword, 900) && !is_told(keyword, 1000), "{keyword}");
    }
}

#[test]
fn properties_may_have_the_names_of_keywords() {
    assert_unchanged(&closed(&json!({
        "default": {"type": "string"}, "$ref": {"type": "string"}, "anyOf": {"type": "integer"},
        "properties": {"type": "string"}, "required": {"type": "boolean"}, "title": {"type": "string"},
    })));
}

#[test]
fn rules_that_strict_mode_refuses_are_told_instead() {
    assert_upstream(
        &closed(&json!({
            "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": true, "minItems": 1},
            "site": {"description": "The home page.", "type": "string", "format": "uri"},
            "code": {"type": "string", "pattern": "^(?!0)\\d+$"},
        })),
        &closed(&json!({
            "tags": {
                "type": "array", "items": {"type": "string"}, "minItems": 1,
                "description": "It must also fit this JSON Schema: {\"uniqueItems\":true}",
            },
            "site": {
                "description": "The home page.\nIt must also fit this JSON Schema: {\"format\":\"uri\"}",
                "type": "string",
            },
            "code": {
                "type": "string",
                "description": "It must also fit this JSON Schema: {\"pattern\":\"^(?!0)\\\\d+$\"}",
            },
        })),
    );
}

#[test]
fn rules_on_other_types_than_the_values_are_dropped() {
    assert_upstream(
        &closed(&json!({"n": {"type": "integer", "minLength": 3, "format": "uri", "uniqueItems": true}})),
        &closed(&json!({"n": {"type": "integer"}})),
    );
}

#[test]
fn a_type_is_added_where_the_values_tell_it() {
    assert_upstream(
        &closed(&json!({
            "colour": {"enum": ["red", "green"]},
            "mixed": {"enum": [1, "a", null, 2.5, true]},
            "kind": {"const": "cat"},
            "address": {"properties": {"city": {"type": "string"}}, "required": ["city"]},
            "list": {"items": {"type": "string"}},
        })),
        &closed(&json!({
            "colour": {"enum": ["red", "green"], "type": "string"},
            "mixed": {"enum": [1, "a", null, 2.5, true], "type": ["integer", "string", "null", "number", "boolean"]},
            "kind": {"const": "cat", "type": "string"},
            "address": {
                "properties": {"city": {"type": "string"}}, "required": ["city"], "type": "object",
                "additionalProperties": false,
            },
            "list": {"items": {"type": "string"}, "type": "array"},
        })),
    );
}

#[test]
fn values_of_other_types_are_dropped() {
    assert_upstream(
        &closed(&json!({"unit": {"type": "string", "enum": ["F", null, "C", 1]}})),
        &closed(&json!({"unit": {"type": "string", "enum": ["F", "C"]}})),
    );
    for contradiction in [
        json!({"type": "string", "enum": [1]}),
        json!({"type": "object", "const": "a"}),
        json!({"enum": ["a", "b"], "const": "c"}),
    ] {
        assert_inexpressible(&closed(&json!({"p": contradiction})), "#/properties/p");
    }
}

#[test]
fn an_object_without_properties_is_empty_only_if_it_says_so() {
    let empty = json!({"type": "object", "properties": {}, "required": [], "additionalProperties": false});
    assert_upstream(&json!({"type": "object", "properties": {}}), &empty);
    assert_upstream(
        &json!({"type": "object", "additionalProperties": false}),
        &json!({"type": "object", "additionalProperties": false, "required": [], "properties": {}}),
    );
    assert_inexpressible(&json!({"type": "object"}), "#");
}

#[test]
fn a_property_that_may_not_be_there_is_not_spoken_of() {
    assert_upstream(
        &json!({"type": "object", "properties": {"a": {"type": "string"}, "b": false}, "required": ["a"]}),
        &closed(&json!({"a": {"type": "string"}})),
    );
}

#[test]
fn tuples_become_lists_of_as_many() {
    assert_upstream(
        &closed(&json!({
            "point": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "minItems": 2, "maxItems": 2},
            "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
        })),
        &closed(&json!({
            "point": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
            "pair": {
                "type": "array", "minItems": 2, "maxItems": 2,
                "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                "description": "It must also fit this JSON Schema: {\"prefixItems\":[{\"type\":\"string\"},{\"type\":\"integer\"}]}",
            },
        })),
    );
    // With a rest, and in the words of draft 7, for which the schema needs no `$schema`.
    assert_upstream(
        &closed(&json!({
            "row": {"type": "array", "items": [{"type": "string"}], "additionalItems": {"type": "number"}},
        })),
        &closed(&json!({
            "row": {
                "type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "number"}]},
                "description": "It must also fit this JSON Schema: {\"items\":[{\"type\":\"string\"}]}",
            },
        })),
    );
}

#[test]
fn what_nothing_can_stand_for_leaves_the_model_free() {
    let property = |schema| json!({"type": "object", "properties": {"p": schema}, "required": ["p"]});
    for schema in [
        json!({}),
        json!(true),
        json!({"description": "anything"}),
        json!({"minLength": 3}),
        json!({"type": "object"}),
        json!({"type": "object", "additionalProperties": true}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}}),
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {}}),
        json!({"type": "object", "properties": {}, "patternProperties": {"^x-": {"type": "string"}}}),
        json!({"type": "object", "properties": {}, "unevaluatedProperties": true}),
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["b"]}),
        json!({"type": "array"}),
        json!({"type": "array", "items": true}),
        json!({"enum": [[1], [2]]}),
    ] {
        let at = "#/properties/p";
        assert_inexpressible(&property(schema), at);
    }
    assert_inexpressible(&property(json!({"type": "array", "items": {}})), "#/properties/p/items");
    assert_inexpressible(&json!(true), "#");
    assert_inexpressible(&json!({}), "#");
}

#[test]
fn conditions_are_told_unless_they_speak_of_further_properties() {
    let with = |then| {
        json!({
            "type": "object",
            "properties": {"kind": {"type": "string"}, "size": {"type": "integer"}},
            "required": ["kind", "size"],
            "if": {"properties": {"kind": {"const": "small"}}},
            "then": then,
        })
    };
    let told = upstream(&with(json!({"properties": {"size": {"maximum": 3}}})));
    assert!(told.contains(r#"It must also fit this JSON Schema: {\"if\":"#), "{told}");
    assert_inexpressible(
        &with(json!({"properties": {"colour": {"type": "string"}}, "required": ["colour"]})),
        "#",
    );
}

#[test]
fn a_schema_that_the_caller_calls_strict_is_left_to_the_provider() {
    let schema = json!({"type": "object", "properties": {"map": {"type": "object"}}, "required": ["map"]});
    let output = super::OutputSchema::new(&schema, Some(true)).unwrap();
    assert_eq!(output.upstream(), Ok(&schema));
    assert!(output.is_verbatim());
    assert!(output.accept(r#"{"map": 1}"#).is_err());
    // What can be said is derived all the same.
    let derivable = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
    let output = super::OutputSchema::new(&derivable, Some(true)).unwrap();
    assert_eq!(output.upstream(), Ok(&closed(&json!({"a": {"type": "string"}}))));
}
