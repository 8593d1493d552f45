//! Schemas that can't be used, and what the caller is told.

use serde_json::json;

use super::{OutputSchema, SchemaError};

#[test]
fn a_schema_that_is_none_is_refused_with_its_place() {
    for (schema, at, reason) in [
        (json!("string"), "#", "value is not of types \"boolean\", \"object\""),
        (json!(null), "#", "value is not of types \"boolean\", \"object\""),
        (
            json!({"type": "objekt"}),
            "#/type",
            "value is not valid under any of the schemas listed in the 'anyOf' keyword",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string", "minLength": -1}}}),
            "#/properties/a/minLength",
            "value is less than the minimum of 0",
        ),
        (json!({"properties": {"a": 1}}), "#/properties/a", "value is not of types \"boolean\", \"object\""),
        (json!({"anyOf": []}), "#/anyOf", "value has less than 1 item"),
        (json!({"required": "a"}), "#/required", "value is not of type \"array\""),
        (
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "required": [1]}),
            "#/required/0",
            "value is not of type \"string\"",
        ),
    ] {
        assert_eq!(
            OutputSchema::new(&schema, None).unwrap_err(),
            SchemaError::Invalid { at: at.to_owned(), reason: reason.to_owned() },
        );
    }
}

#[test]
fn a_pattern_that_does_not_compile_is_refused() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}});
    let message = OutputSchema::new(&schema, None).unwrap_err().to_string();
    assert!(message.starts_with("the schema is not a valid JSON Schema at `#"), "{message}");
}

#[test]
fn references_to_other_documents_and_by_name_are_refused() {
    for reference in [
        "https://example.com/schema.json",
        "http://json-schema.org/draft-07/schema#",
        "file:///etc/passwd",
        "other.json#/$defs/A",
        "#name",
    ] {
        let schema = json!({
            "type": "object",
            "properties": {"a": {"$ref": reference}},
            "$defs": {"n": {"$anchor": "name", "type": "string"}},
        });
        let refused = SchemaError::Reference { reference: reference.to_owned() };
        assert_eq!(OutputSchema::new(&schema, None).unwrap_err(), refused);
    }
    let rebased =
        json!({"properties": {"a": {"$id": "other", "items": {"$ref": "#/$defs/b"}}}, "$defs": {"b": {}}});
    let refused = SchemaError::Reference { reference: "other".to_owned() };
    assert_eq!(OutputSchema::new(&rebased, None).unwrap_err(), refused);
    let dynamic = json!({"type": "array", "items": {"$dynamicRef": "#node"}, "$dynamicAnchor": "node"});
    assert!(OutputSchema::new(&dynamic, None).is_err());
}

#[test]
fn a_reference_in_data_is_none() {
    let schema = json!({"type": "object", "properties": {"a": {"const": {"$ref": "https://example.com"}}}});
    assert!(OutputSchema::new(&schema, None).is_ok());
}

#[test]
fn a_reference_to_nowhere_is_refused() {
    let schema = json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/Missing"}}});
    let message = OutputSchema::new(&schema, None).unwrap_err().to_string();
    assert!(message.contains("/$defs/Missing"), "{message}");
}
