//! The schemas are as the generators write them, and the answers as a model held to the upstream schema would.

mod accepted;
mod all_of;
mod clients;
mod derived;
mod limits;
mod pydantic;
mod references;
mod refused;
mod unions;

use serde_json::{Value, json};

use super::{OutputError, OutputSchema, SchemaError, json_object};

fn output(schema: &Value) -> OutputSchema {
    OutputSchema::new(schema, None).unwrap_or_else(|error| panic!("{error}: {schema}"))
}

/// What goes upstream for a schema, as text, since the order of properties matters.
#[track_caller]
fn upstream(schema: &Value) -> String {
    let output = output(schema);
    let upstream = output.upstream().unwrap_or_else(|reason| panic!("{reason}: {schema}"));
    assert_is_strict(upstream);
    upstream.to_string()
}

#[track_caller]
fn assert_upstream(schema: &Value, expected: &Value) {
    assert_eq!(upstream(schema), expected.to_string());
}

/// The schema goes upstream as it is, and the answer comes as it is.
#[track_caller]
fn assert_unchanged(schema: &Value) {
    assert_upstream(schema, schema);
    assert!(output(schema).is_verbatim());
}

/// The schema has a part that strict mode can't say.
#[track_caller]
fn assert_inexpressible(schema: &Value, part: &str) {
    let output = output(schema);
    let reason = output.upstream().map(Value::to_string).unwrap_err().to_string();
    assert!(reason.starts_with(&format!("strict mode can't express the schema: `{part}` ")), "{reason}");
    assert!(!output.is_verbatim());
}

#[track_caller]
fn assert_accepts(schema: &Value, answer: &str, accepted: &str) {
    assert_eq!(output(schema).accept(answer).unwrap_or_else(|error| panic!("{error}")), accepted);
}

#[track_caller]
fn assert_rejects(schema: &Value, answer: &str, message: &str) {
    assert_eq!(output(schema).accept(answer).unwrap_err().to_string(), message);
}

/// Checks answers as a model held to the upstream schema would give them: each fits what goes upstream and, undone, what
/// the caller asked for. Beside it stands what the caller gets, if that is not the same.
#[track_caller]
fn assert_round_trips(schema: &Value, answers: &[(&str, Option<&str>)]) {
    let upstream: Value = upstream(schema).parse().unwrap();
    let upstream = jsonschema::validator_for(&upstream).unwrap();
    let output = output(schema);
    for (answer, expected) in answers {
        let written: Value = answer.parse().unwrap();
        if let Err(error) = upstream.validate(&written) {
            panic!("{answer} is not what was asked for: {error}");
        }
        let accepted = output.accept(answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
        assert_eq!(accepted, expected.unwrap_or(answer));
        assert!(expected.is_none() || !output.is_verbatim());
    }
}

/// An object schema with all that strict mode asks for.
fn closed(properties: &Value) -> Value {
    let required: Vec<&String> = properties.as_object().unwrap().keys().collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// Checks the provider's rules independently of how the schema was derived.
#[track_caller]
fn assert_is_strict(schema: &Value) {
    assert_eq!(schema["type"], "object", "the root is an object: {schema}");
    assert!(schema.get("anyOf").is_none(), "the root is no union: {schema}");
    assert_part_is_strict(schema, schema);
}

#[track_caller]
fn assert_part_is_strict(part: &Value, root: &Value) {
    const KNOWN: &[&str] = &[
        "$defs",
        "$ref",
        "$schema",
        "additionalProperties",
        "anyOf",
        "const",
        "definitions",
        "description",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "multipleOf",
        "pattern",
        "properties",
        "required",
        "title",
        "type",
    ];
    let schema = part.as_object().unwrap_or_else(|| panic!("{part} is no object"));
    for keyword in schema.keys() {
        assert!(KNOWN.contains(&keyword.as_str()), "{keyword} in {part}");
    }
    let kinds = ["type", "anyOf", "$ref"].iter().filter(|keyword| schema.contains_key(**keyword)).count();
    assert_eq!(kinds, 1, "a type, a union or a reference: {part}");
    if let Some(reference) = schema.get("$ref") {
        assert_eq!(schema.len(), 1, "nothing beside a reference: {part}");
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        assert!(root.pointer(pointer).is_some(), "{pointer} leads somewhere");
        let depth = pointer.split('/').count();
        assert!(depth == 1 || depth == 3, "{pointer} leads to the root or a definition there");
    }
    if let Some(properties) = schema.get("properties") {
        let names: Vec<&String> = properties.as_object().unwrap().keys().collect();
        let mut required: Vec<&str> =
            schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        required.sort_unstable();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(required, sorted, "all properties are required: {part}");
        assert_eq!(schema["additionalProperties"], false, "the object is closed: {part}");
    }
    let named =
        ["properties", "$defs", "definitions"].iter().filter_map(|keyword| schema.get(*keyword)?.as_object());
    named.flat_map(|schemas| schemas.values()).for_each(|schema| assert_part_is_strict(schema, root));
    schema
        .get("anyOf")
        .into_iter()
        .flat_map(|branches| branches.as_array().unwrap())
        .chain(schema.get("items"))
        .for_each(|schema| assert_part_is_strict(schema, root));
}
