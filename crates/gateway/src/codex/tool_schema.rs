//! A function's JSON Schema in the words that Codex passes on.
//!
//! Codex reads the schema of a tool into a form of its own, which has few keywords. It drops the others in silence, gives
//! a type to what has none (`{"const": 3}` becomes a string), and takes parts out of a schema that it finds too long. So
//! it is given a schema in its own words, and it is known here whether they say all that the caller's said.
//!
//! Invariant, measured on Codex 0.171 (`tests/python/test_tool_schemas.py`): it passes [`Native::schema`] on as it is, but
//! for the order of properties and for definitions that nothing refers to, unless the schema is too long.

use serde_json::{Map, Value, json};

use crate::json_type::type_of;

/// How many bytes of JSON a schema may have. Out of a longer one, Codex takes the descriptions, then the definitions, then
/// what is deep.
const MAX_BYTES: usize = 5_000;

/// A caller's schema in Codex's words.
#[derive(Debug, PartialEq)]
pub(super) struct Native {
    pub(super) schema: Value,
    /// Whether the model will see all that the caller's schema says.
    pub(super) is_whole: bool,
}

impl Native {
    pub(super) fn of(schema: &Value) -> Self {
        let mut root = schema.clone();
        if let Some(root) = root.as_object_mut()
            && !["type", "const", "enum"].iter().any(|typing| root.contains_key(*typing))
            && !is_made_of_others(root)
        {
            // Arguments are an object, whether the schema says so or not.
            root.insert("type".to_owned(), json!("object"));
        }
        let mut translation = Translation { is_whole: true };
        let schema = translation.schema(&root);
        let is_short = serde_json::to_vec(&schema).is_ok_and(|json| json.len() <= MAX_BYTES);
        Self { schema, is_whole: translation.is_whole && is_short }
    }
}

struct Translation {
    is_whole: bool,
}

impl Translation {
    fn schema(&mut self, schema: &Value) -> Value {
        match schema {
            Value::Object(schema) => self.object(schema).into(),
            Value::Bool(true) => json!({}),
            // `false`, for which there is no word, or no schema at all.
            _ => {
                self.is_whole = false;
                json!({})
            }
        }
    }

    fn object(&mut self, schema: &Map<String, Value>) -> Map<String, Value> {
        let mut native = Map::new();
        for (keyword, value) in schema {
            match self.keyword(keyword, value) {
                Some(value) => _ = native.insert(keyword.clone(), value),
                None => self.is_whole &= says_nothing(keyword, value),
            }
        }
        if let Some(only) = schema.get("const") {
            let values = native.insert("enum".to_owned(), json!([only]));
            self.is_whole &=
                values.is_none_or(|values| values.as_array().is_some_and(|values| values.contains(only)));
        }
        self.give_type(&mut native);
        // What Codex would add: to an array, that its items are strings.
        for (name, member) in [("object", "properties"), ("array", "items")] {
            if has_type(&native, name) {
                native.entry(member).or_insert_with(|| json!({}));
            }
        }
        native
    }

    /// The value of a keyword, if Codex knows the keyword and takes such a value.
    fn keyword(&mut self, keyword: &str, value: &Value) -> Option<Value> {
        match (keyword, value) {
            ("type", Value::String(name)) => is_type(name).then(|| value.clone()),
            ("type", Value::Array(names)) => match names.as_slice() {
                [] => None,
                [only] => self.keyword("type", only),
                names => names.iter().all(|name| name.as_str().is_some_and(is_type)).then(|| value.clone()),
            },
            ("$ref" | "description", Value::String(_))
            | ("additionalProperties", Value::Bool(_))
            | ("enum", Value::Array(_)) => Some(value.clone()),
            ("minItems", Value::Number(count)) => count.is_u64().then(|| value.clone()),
            ("required", Value::Array(names)) => names.iter().all(Value::is_string).then(|| value.clone()),
            ("additionalProperties" | "items", Value::Object(_)) | ("items", Value::Bool(_)) => {
                Some(self.schema(value))
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                Some(schemas.iter().map(|schema| self.schema(schema)).collect())
            }
            ("$defs" | "definitions" | "properties", Value::Object(schemas)) => {
                let named = schemas.iter().map(|(name, schema)| (name.clone(), self.schema(schema)));
                Some(Value::Object(named.collect()))
            }
            _ => None,
        }
    }

    /// Says the type of a schema that has none, where Codex would guess one, and drop what it can't guess from.
    fn give_type(&mut self, native: &mut Map<String, Value>) {
        if native.is_empty() || native.contains_key("type") || is_made_of_others(native) {
            return;
        }
        let has = |keyword: &str| native.contains_key(keyword);
        let guess = if let Some(Value::Array(values)) = native.get("enum")
            && !values.is_empty()
        {
            types_of(values)
        } else if has("properties") || has("required") || has("additionalProperties") {
            self.is_whole = false;
            json!("object")
        } else if has("items") {
            self.is_whole = false;
            json!("array")
        } else {
            // Of any type, in words that Codex leaves alone.
            native.insert("anyOf".to_owned(), json!([{}]));
            return;
        };
        native.insert("type".to_owned(), guess);
    }
}

/// Whether a schema without a type has it from others, so that Codex does not look for one.
fn is_made_of_others(schema: &Map<String, Value>) -> bool {
    ["$ref", "allOf", "anyOf", "oneOf"].iter().any(|keyword| schema.contains_key(*keyword))
}

/// Whether nothing is lost without the keyword. That a property may be left out is said by `required`, so a default of
/// `null` adds nothing to it.
fn says_nothing(keyword: &str, value: &Value) -> bool {
    matches!(keyword, "$comment" | "$schema" | "const" | "title") || (keyword == "default" && value.is_null())
}

fn is_type(name: &str) -> bool {
    matches!(name, "array" | "boolean" | "integer" | "null" | "number" | "object" | "string")
}

fn has_type(schema: &Map<String, Value>, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::Array(names)) => names.iter().any(|other| other == name),
        Some(only) => only == name,
        None => false,
    }
}

/// The type that the values have, or the types.
fn types_of(values: &[Value]) -> Value {
    let mut types: Vec<&str> = values.iter().map(type_of).collect();
    types.sort_unstable();
    types.dedup();
    match types.as_slice() {
        [only] => json!(only),
        types => json!(types),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Functions take one argument in most of these tests: this is what Codex is given for its schema.
    fn argument(schema: &Value) -> (Value, bool) {
        let root = json!({"type": "object", "properties": {"a": schema}});
        let Native { mut schema, is_whole } = Native::of(&root);
        (schema["properties"]["a"].take(), is_whole)
    }

    #[test]
    fn what_codex_knows_stays_as_it_is() {
        for schema in [
            json!({}),
            json!({"type": "string", "description": "d", "enum": ["x"]}),
            json!({"type": ["integer", "null"], "enum": [1, null]}),
            json!({"type": "array", "items": {"type": "number"}, "minItems": 2}),
            json!({"type": "object", "properties": {}, "additionalProperties": {"type": "integer"}}),
            json!({"type": "object", "properties": {"const": {"type": "null"}}, "required": ["const"]}),
            json!({"type": "object", "properties": {}, "additionalProperties": false}),
            json!({"description": "d", "anyOf": [{"type": "string"}, {"type": "null"}]}),
            json!({"oneOf": [{"type": "string"}], "allOf": [{"$ref": "#/$defs/x"}]}),
            json!({"$ref": "#/definitions/x", "description": "d"}),
        ] {
            assert_eq!(argument(&schema), (schema.clone(), true), "{schema}");
        }
    }

    #[test]
    fn what_codex_would_get_wrong_is_said_in_another_way() {
        let any = json!([{}]);
        for (schema, native) in [
            (json!(true), json!({})),
            (json!({"title": "T", "$comment": "c", "default": null}), json!({})),
            (json!({"description": "d"}), json!({"description": "d", "anyOf": any})),
            (json!({"type": ["string"]}), json!({"type": "string"})),
            (json!({"type": "array"}), json!({"type": "array", "items": {}})),
            (json!({"type": "array", "items": true}), json!({"type": "array", "items": {}})),
            (json!({"type": ["object", "null"]}), json!({"type": ["object", "null"], "properties": {}})),
            (json!({"const": 3}), json!({"type": "integer", "enum": [3]})),
            (json!({"const": null}), json!({"type": "null", "enum": [null]})),
            (json!({"const": [1]}), json!({"type": "array", "enum": [[1]], "items": {}})),
            (json!({"type": "string", "const": "x"}), json!({"type": "string", "enum": ["x"]})),
            (json!({"const": "x", "enum": ["x", "y"]}), json!({"type": "string", "enum": ["x"]})),
            (
                json!({"enum": [true, 1.5, "x"]}),
                json!({"type": ["boolean", "number", "string"], "enum": [true, 1.5, "x"]}),
            ),
            (json!({"enum": []}), json!({"enum": [], "anyOf": any})),
        ] {
            assert_eq!(argument(&schema), (native, true), "{schema}");
        }
    }

    #[test]
    fn what_codex_has_no_word_for_is_missed() {
        for (schema, native) in [
            (json!(false), json!({})),
            (json!({"not": {}}), json!({})),
            (json!({"type": "any"}), json!({})),
            (json!({"type": "string", "pattern": "^x"}), json!({"type": "string"})),
            (json!({"type": "string", "default": "x"}), json!({"type": "string"})),
            (json!({"maximum": 3}), json!({})),
            (json!({"type": "array", "minItems": 1.0}), json!({"type": "array", "items": {}})),
            (json!({"type": "array", "prefixItems": [{}]}), json!({"type": "array", "items": {}})),
            (json!({"type": "array", "items": [{}]}), json!({"type": "array", "items": {}})),
            (json!({"items": {}}), json!({"type": "array", "items": {}})),
            (json!({"required": ["b"]}), json!({"type": "object", "properties": {}, "required": ["b"]})),
            (
                json!({"anyOf": [{"type": "string", "format": "date"}]}),
                json!({"anyOf": [{"type": "string"}]}),
            ),
            (json!({"const": "x", "enum": ["y"]}), json!({"type": "string", "enum": ["x"]})),
        ] {
            assert_eq!(argument(&schema), (native, false), "{schema}");
        }
    }

    #[test]
    fn arguments_are_an_object() {
        for (schema, native) in [
            (json!({}), json!({"type": "object", "properties": {}})),
            (json!({"required": ["a"]}), json!({"type": "object", "properties": {}, "required": ["a"]})),
            (json!({"$ref": "#/$defs/x", "$defs": {}}), json!({"$ref": "#/$defs/x", "$defs": {}})),
            (json!({"type": "string"}), json!({"type": "string"})),
        ] {
            assert_eq!(Native::of(&schema), Native { schema: native, is_whole: true }, "{schema}");
        }
    }

    #[test]
    fn a_schema_can_be_too_long() {
        let schema = |length| json!({"type": "object", "description": "d".repeat(length), "properties": {}});
        let most = MAX_BYTES - schema(0).to_string().len();
        assert!(Native::of(&schema(most)).is_whole);
        let long = schema(most + 1);
        assert_eq!(Native::of(&long), Native { schema: long, is_whole: false });
    }
}
