//! Deep, huge and intricate schemas and answers: refused or worked through, in short time and on a small stack.

use std::thread;

use serde_json::{Map, Value, json};

use super::{OutputSchema, SchemaError, assert_inexpressible, closed, output};

/// Runs on as much stack as a worker of the server has.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(2 << 20).spawn(test).unwrap().join().unwrap();
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!({"type": "string"}), |inner, _| json!({"type": "array", "items": inner}))
}

/// Definitions `D0` to `D{count - 1}`, each made of the name of the next.
fn chain(count: usize, definition: impl Fn(&str) -> Value) -> Map<String, Value> {
    let next = |index| format!("#/$defs/D{}", (index + 1) % count);
    (0..count).map(|index| (format!("D{index}"), definition(&next(index)))).collect()
}

#[test]
fn a_deep_schema_is_refused() {
    on_a_small_stack(|| {
        assert!(OutputSchema::new(&nested(63), None).is_ok());
        assert_eq!(OutputSchema::new(&nested(64), None).unwrap_err(), SchemaError::TooDeep { limit: 64 });
        assert_eq!(OutputSchema::new(&nested(1_000), None).unwrap_err(), SchemaError::TooDeep { limit: 64 });
    });
}

#[test]
fn a_large_schema_is_refused() {
    let of_size = |size: usize| json!({"type": "string", "description": "x".repeat(size)});
    assert!(OutputSchema::new(&of_size(1_000_000), None).is_ok());
    assert_eq!(
        OutputSchema::new(&of_size(1 << 20), None).unwrap_err(),
        SchemaError::TooLarge { limit: 1 << 20 }
    );
}

#[test]
fn what_is_too_large_for_the_provider_leaves_the_model_free() {
    let properties = |count: usize| -> Value {
        (0..count).map(|index| (format!("p{index}"), json!({"type": "string"}))).collect()
    };
    assert!(output(&closed(&properties(5_000))).upstream().is_ok());
    assert_inexpressible(&closed(&properties(5_001)), "#");

    let values = |count: usize, length: usize| -> Value {
        let values: Vec<String> = (0..count).map(|index| format!("{index:0length$}")).collect();
        closed(&json!({"p": {"type": "string", "enum": values}}))
    };
    assert!(output(&values(1_000, 15)).upstream().is_ok());
    assert_inexpressible(&values(1_001, 4), "#");
    assert_inexpressible(&values(1_000, 16), "#");
    assert!(output(&values(250, 400)).upstream().is_ok());
    assert_inexpressible(&values(250, 500), "#");

    let objects =
        |levels| (0..levels).fold(json!({"type": "string"}), |inner, _| closed(&json!({"p": inner})));
    assert!(output(&objects(10)).upstream().is_ok());
    assert_inexpressible(&objects(11), "#");
}

#[test]
fn schemas_that_lead_to_too_many_others_for_one_value_are_refused() {
    on_a_small_stack(|| {
        let of = |definitions: Map<String, Value>| {
            let schema =
                json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/D0"}}, "$defs": definitions});
            OutputSchema::new(&schema, None).map(drop)
        };
        // In circles, whose last leads to the first; in a long chain; and doubling at every step.
        for size in [1, 2, 10_000] {
            assert_eq!(of(chain(size, |next| json!({"$ref": next}))), Err(SchemaError::TooIntricate));
        }
        let mut chained = chain(10_000, |next| json!({"anyOf": [{"$ref": next}, {"type": "null"}]}));
        chained.insert("D9999".to_owned(), json!({"type": "string"}));
        assert_eq!(of(chained), Err(SchemaError::TooIntricate));
        let mut doubling = chain(60, |next| {
            let child = json!({"type": "object", "properties": {"child": {"$ref": next}}});
            json!({"anyOf": [child, child]})
        });
        doubling.insert("D59".to_owned(), json!({"type": "string"}));
        assert_eq!(of(doubling), Err(SchemaError::TooIntricate));
    });
}

#[test]
fn long_chains_through_properties_take_little_stack() {
    on_a_small_stack(|| {
        let chained = chain(
            10_000,
            |next| json!({"type": "object", "properties": {"a": {"$ref": next}, "b": {"type": "string"}}}),
        );
        let schema = json!({"$ref": "#/$defs/D0", "$defs": chained});
        assert!(output(&schema).upstream().is_err());
        assert_eq!(output(&schema).accept(r#"{"a": {"a": {}}}"#).unwrap(), r#"{"a": {"a": {}}}"#);
    });
}

#[test]
fn an_answer_can_be_as_deep_as_the_schema_is_intricate() {
    on_a_small_stack(|| {
        let mut chained = chain(8, |next| json!({"anyOf": [{"type": "null"}, {"$ref": next}]}));
        chained.insert(
            "D7".to_owned(),
            json!({
                "type": "object",
                "properties": {"a": {"$ref": "#/$defs/D0"}, "b": {"type": "string"}},
                "required": ["a"],
            }),
        );
        let schema = json!({"$ref": "#/$defs/D7", "$defs": chained});
        let answer = |leaf: &str| format!("{}{leaf}{}", r#"{"b": null, "a": "#.repeat(120), "}".repeat(120));
        assert!(output(&schema).accept(&answer(r#"{"a": null, "b": "x"}"#)).is_ok());
        assert!(output(&schema).accept(&answer("1")).is_err());
    });
}

#[test]
fn schemas_that_double_at_every_level_take_little_time() {
    let doubling = chain(60, |next| {
        json!({
            "type": "object",
            "properties": {"l": {"$ref": next}, "r": {"$ref": next}, "n": {"type": "string"}},
            "anyOf": [{"required": ["l"]}, {"required": ["r"]}, {"required": ["n"]}],
        })
    });
    let schema = json!({"$ref": "#/$defs/D0", "$defs": doubling});
    assert_eq!(output(&schema).accept(r#"{"l": null, "r": null, "n": "x"}"#).unwrap(), r#"{"n":"x"}"#);
}

#[test]
fn ambiguous_unions_in_a_deep_answer_take_little_time() {
    on_a_small_stack(|| {
        // Every branch fits as long as the leaf does, and the leaf is at fault only at the very end.
        let branch = |name: &str| {
            json!({
                "type": "object",
                "properties": {"child": {"$ref": "#/$defs/Node"}, name: {"type": "string"}},
                "required": ["child"],
            })
        };
        let schema = json!({
            "$defs": {"Node": {"anyOf": [branch("a"), branch("b"), branch("c"), {"type": "integer"}]}},
            "type": "object",
            "properties": {"node": {"$ref": "#/$defs/Node"}},
            "required": ["node"],
        });
        let output = output(&schema);
        let answer = |leaf: &str| {
            let open = r#"{"c": null, "child": "#.repeat(60);
            format!(r#"{{"node": {open}{leaf}{}}}"#, "}".repeat(60))
        };
        let accepted = output.accept(&answer("1")).unwrap();
        assert!(!accepted.contains("null"), "{accepted}");
        let message = output.accept(&answer(r#""x""#)).unwrap_err().to_string();
        assert!(message.ends_with("some value within fits none of the schemas that it may fit"), "{message}");
    });
}

#[test]
fn a_deep_answer_is_refused() {
    on_a_small_stack(|| {
        let schema = json!({
            "type": "object",
            "properties": {"all": {"$ref": "#/$defs/List"}, "b": {"type": "string"}},
            "required": ["all"],
            "$defs": {"List": {"type": "array", "items": {"$ref": "#/$defs/List"}}},
        });
        let answer =
            |levels: usize| format!(r#"{{"all": {}{}, "b": null}}"#, "[".repeat(levels), "]".repeat(levels));
        assert!(output(&schema).accept(&answer(120)).is_ok());
        assert!(output(&schema).accept(&answer(200)).is_err());
        assert!(output(&schema).accept(&answer(100_000)).is_err());
    });
}
