//! Schemas as pydantic writes them.

use serde_json::{Value, json};

use super::{assert_inexpressible, assert_round_trips, assert_upstream, output};

/// Pydantic: optional fields, defaults, enums, literals, formats, nested models.
fn user() -> Value {
    json!({
        "$defs": {
            "Address": {
                "description": "Where someone lives.",
                "properties": {
                    "street": {"description": "Street and number", "minLength": 1, "title": "Street", "type": "string"},
                    "zip": {"pattern": "^\\d{5}$", "title": "Zip", "type": "string"},
                    "country": {"default": "DE", "enum": ["DE", "FR"], "title": "Country", "type": "string"},
                },
                "required": ["street", "zip"],
                "title": "Address",
                "type": "object",
            },
            "Priority": {"enum": [1, 2], "title": "Priority", "type": "integer"},
            "Status": {"enum": ["active", "closed"], "title": "Status", "type": "string"},
        },
        "properties": {
            "name": {"title": "Name", "type": "string"},
            "nick": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Nick"},
            "age": {"maximum": 150, "minimum": 0, "title": "Age", "type": "integer"},
            "score": {"default": 0.5, "title": "Score", "type": "number"},
            "status": {"$ref": "#/$defs/Status"},
            "priority": {"$ref": "#/$defs/Priority", "default": 1},
            "address": {"$ref": "#/$defs/Address", "description": "Main address"},
            "others": {"default": [], "items": {"$ref": "#/$defs/Address"}, "title": "Others", "type": "array"},
            "born": {"anyOf": [{"format": "date", "type": "string"}, {"type": "null"}], "default": null, "title": "Born"},
            "id": {"format": "uuid", "title": "Id", "type": "string"},
            "role": {"const": "admin", "default": "admin", "title": "Role", "type": "string"},
        },
        "required": ["name", "age", "status", "address", "id"],
        "title": "User",
        "type": "object",
    })
}

#[test]
fn a_pydantic_model() {
    let none = json!({"type": "null"});
    let default = |value: Value| format!("Its JSON Schema also says: {{\"default\":{value}}}");
    assert_upstream(
        &user(),
        &json!({
            "$defs": {
                "Address": {
                    "description": "Where someone lives.",
                    "properties": {
                        "street": {"description": "Street and number", "minLength": 1, "title": "Street", "type": "string"},
                        "zip": {"pattern": "^\\d{5}$", "title": "Zip", "type": "string"},
                        "country": {"anyOf": [{"enum": ["DE", "FR"], "title": "Country", "type": "string", "description": default(json!("DE"))}, none]},
                    },
                    "required": ["street", "zip", "country"],
                    "title": "Address",
                    "type": "object",
                    "additionalProperties": false,
                },
                "Priority": {"enum": [1, 2], "title": "Priority", "type": "integer"},
                "Status": {"enum": ["active", "closed"], "title": "Status", "type": "string"},
            },
            "properties": {
                "name": {"title": "Name", "type": "string"},
                "nick": {"anyOf": [{"type": "string"}, none], "title": "Nick"},
                "age": {"maximum": 150, "minimum": 0, "title": "Age", "type": "integer"},
                "score": {"anyOf": [{"title": "Score", "type": "number", "description": default(json!(0.5))}, none]},
                "status": {"$ref": "#/$defs/Status"},
                "priority": {"anyOf": [{"$ref": "#/$defs/Priority"}, none], "description": default(json!(1))},
                "address": {"anyOf": [{"$ref": "#/$defs/Address"}], "description": "Main address"},
                "others": {"anyOf": [{"items": {"$ref": "#/$defs/Address"}, "title": "Others", "type": "array", "description": default(json!([]))}, none]},
                "born": {"anyOf": [{"format": "date", "type": "string"}, none], "title": "Born"},
                "id": {"format": "uuid", "title": "Id", "type": "string"},
                "role": {"anyOf": [{"const": "admin", "title": "Role", "type": "string", "description": default(json!("admin"))}, none]},
            },
            "required": ["name", "nick", "age", "score", "status", "priority", "address", "others", "born", "id", "role"],
            "title": "User",
            "type": "object",
            "additionalProperties": false,
        }),
    );
    assert_round_trips(
        &user(),
        &[
            (
                r#"{"name":"A","nick":null,"age":3,"score":null,"status":"active","priority":null,"address":{"street":"S","zip":"12345","country":null},"others":null,"born":null,"id":"9b2e7c1e-8f4c-4f6e-9d0a-111111111111","role":null}"#,
                Some(
                    r#"{"name":"A","nick":null,"age":3,"status":"active","address":{"street":"S","zip":"12345"},"born":null,"id":"9b2e7c1e-8f4c-4f6e-9d0a-111111111111"}"#,
                ),
            ),
            (
                r#"{"name":"A","nick":"a","age":3,"score":1,"status":"closed","priority":2,"address":{"street":"S","zip":"12345","country":"FR"},"others":[{"street":"T","zip":"54321","country":null}],"born":"2000-01-01","id":"9b2e7c1e-8f4c-4f6e-9d0a-111111111111","role":"admin"}"#,
                Some(
                    r#"{"name":"A","nick":"a","age":3,"score":1,"status":"closed","priority":2,"address":{"street":"S","zip":"12345","country":"FR"},"others":[{"street":"T","zip":"54321"}],"born":"2000-01-01","id":"9b2e7c1e-8f4c-4f6e-9d0a-111111111111","role":"admin"}"#,
                ),
            ),
        ],
    );
}

/// Pydantic: a discriminated union, a plain one, `Decimal`, `set`, `tuple`.
#[test]
fn a_pydantic_model_with_unions() {
    let definitions = json!({
        "Cat": {
            "properties": {
                "kind": {"const": "cat", "title": "Kind", "type": "string"},
                "lives": {"default": 9, "title": "Lives", "type": "integer"},
            },
            "required": ["kind"], "title": "Cat", "type": "object",
        },
        "Dog": {
            "properties": {
                "kind": {"const": "dog", "title": "Kind", "type": "string"}, "name": {"title": "Name", "type": "string"},
            },
            "required": ["kind", "name"], "title": "Dog", "type": "object",
        },
    });
    let owner = json!({
        "$defs": definitions,
        "properties": {
            "pet": {
                "discriminator": {"mapping": {"cat": "#/$defs/Cat", "dog": "#/$defs/Dog"}, "propertyName": "kind"},
                "oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}],
                "title": "Pet",
            },
            "maybe": {
                "anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}, {"type": "null"}],
                "default": null, "title": "Maybe",
            },
            "amount": {
                "anyOf": [{"type": "number"}, {"pattern": "^(?!^[-+.]*$)[+-]?0*\\d*\\.?\\d*$", "type": "string"}],
                "title": "Amount",
            },
            "tags": {"items": {"type": "string"}, "maxItems": 3, "title": "Tags", "type": "array", "uniqueItems": true},
            "point": {
                "maxItems": 2, "minItems": 2, "prefixItems": [{"type": "number"}, {"type": "number"}],
                "title": "Point", "type": "array",
            },
            "pair": {
                "maxItems": 2, "minItems": 2, "prefixItems": [{"type": "string"}, {"type": "integer"}],
                "title": "Pair", "type": "array",
            },
        },
        "required": ["pet", "amount", "point", "pair"],
        "title": "Owner",
        "type": "object",
    });
    assert_round_trips(
        &owner,
        &[
            (
                r#"{"pet":{"kind":"cat","lives":null},"maybe":null,"amount":1.10,"tags":null,"point":[1,2.5],"pair":["a",1]}"#,
                Some(r#"{"pet":{"kind":"cat"},"maybe":null,"amount":1.10,"point":[1,2.5],"pair":["a",1]}"#),
            ),
            (
                r#"{"pet":{"kind":"dog","name":"Rex"},"maybe":{"kind":"cat","lives":7},"amount":"1.10","tags":["x"],"point":[1,2],"pair":["a",1]}"#,
                None,
            ),
        ],
    );
    for (amount, pair) in [(r#""+""#, r#"["a",1]"#), ("1", r#"[1,"a"]"#)] {
        let answer = format!(
            r#"{{"pet":{{"kind":"dog","name":"R"}},"maybe":null,"amount":{amount},"tags":[],"point":[1,2],"pair":{pair}}}"#,
        );
        assert!(output(&owner).accept(&answer).is_err(), "{answer}");
    }
    // A list, and a union, at the root.
    assert_round_trips(
        &json!({"$defs": {"Cat": definitions["Cat"]}, "items": {"$ref": "#/$defs/Cat"}, "type": "array"}),
        &[
            (
                r#"{"value":[{"kind":"cat","lives":null},{"kind":"cat","lives":1}]}"#,
                Some(r#"[{"kind":"cat"},{"kind":"cat","lives":1}]"#),
            ),
            (r#"{"value":[]}"#, Some("[]")),
        ],
    );
    assert_round_trips(
        &json!({"$defs": definitions, "anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]}),
        &[
            (r#"{"value":{"kind":"cat","lives":null}}"#, Some(r#"{"kind":"cat"}"#)),
            (r#"{"value": {"kind": "dog", "name": "Rex"}}"#, Some(r#"{"kind": "dog", "name": "Rex"}"#)),
        ],
    );
}

#[test]
fn a_recursive_pydantic_model() {
    let node = json!({
        "$defs": {"Node": {
            "properties": {
                "value": {"title": "Value", "type": "integer"},
                "children": {"default": [], "items": {"$ref": "#/$defs/Node"}, "title": "Children", "type": "array"},
                "parent": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}], "default": null},
            },
            "required": ["value"], "title": "Node", "type": "object",
        }},
        "$ref": "#/$defs/Node",
    });
    assert_round_trips(
        &node,
        &[(
            r#"{"value":1,"children":[{"value":2,"children":null,"parent":{"value":1,"children":null,"parent":null}}],"parent":null}"#,
            Some(r#"{"value":1,"children":[{"value":2,"parent":{"value":1,"parent":null}}],"parent":null}"#),
        )],
    );
}

#[test]
fn pydantic_fields_with_free_keys_or_of_any_type() {
    assert_inexpressible(
        &json!({
            "properties": {"counts": {"additionalProperties": {"type": "integer"}, "title": "Counts", "type": "object"}},
            "required": ["counts"], "title": "Counts", "type": "object",
        }),
        "#/properties/counts",
    );
    assert_inexpressible(
        &json!({
            "properties": {"anything": {"title": "Anything"}}, "required": ["anything"], "title": "Free", "type": "object",
        }),
        "#/properties/anything",
    );
    assert_inexpressible(
        &json!({
            "properties": {"list": {"items": {}, "title": "List", "type": "array"}},
            "required": ["list"], "title": "Untyped", "type": "object",
        }),
        "#/properties/list/items",
    );
}
