//! Objects: closed, with every property required.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::shape::{Presence, Property};
use super::{Derivation, Inexpressible};

/// Keywords that speak of the same object again.
const IN_PLACE: &[&str] =
    &["anyOf", "dependencies", "dependentRequired", "dependentSchemas", "else", "if", "oneOf", "then"];

impl Derivation<'_> {
    /// Adds the keywords of an object to what is derived.
    pub(super) fn object(
        &mut self,
        schema: &Map<String, Value>,
        at: &str,
        derived: &mut Map<String, Value>,
    ) -> Result<HashMap<String, Property>, Inexpressible> {
        let none = Map::new();
        let declared = match schema.get("properties") {
            Some(Value::Object(declared)) => declared,
            // Without names, only an object that is closed has a meaning that can be kept: it is empty.
            _ if schema.get("additionalProperties") == Some(&json!(false)) => &none,
            _ => return Err(Inexpressible::new(at, "is an object with members of any name")),
        };
        refuse_open(schema, declared, at)?;
        let required: HashSet<&str> = match schema.get("required") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => HashSet::new(),
        };
        if required.iter().any(|name| !declared.contains_key(*name)) {
            return Err(Inexpressible::new(at, "requires a property that it doesn't describe"));
        }
        let mut properties = HashMap::with_capacity(declared.len());
        let mut upstream = Map::new();
        for (name, property) in declared {
            let is_required = required.contains(name.as_str());
            // What may not be there at all is best not spoken of.
            if *property == json!(false) && !is_required {
                continue;
            }
            let (mut value, shape) = self.schema(property, &format!("{at}/properties/{}", escaped(name)))?;
            let presence = match is_required {
                true => Presence::Required,
                false if self.admits_null(property) => Presence::Optional,
                false => Presence::NullIfLeftOut,
            };
            if presence == Presence::NullIfLeftOut {
                self.has_nulls = true;
                value = nullable(value);
            }
            upstream.insert(name.clone(), Value::Object(value));
            properties.insert(name.clone(), Property { shape, presence });
        }
        // The caller's own list stays as it is if it names them all.
        let all = || upstream.keys().map(String::as_str).collect();
        let own = schema.get("required").filter(|_| required.len() == upstream.len());
        derived.insert("required".to_owned(), own.cloned().unwrap_or_else(all));
        derived.insert("properties".to_owned(), Value::Object(upstream));
        derived.insert("additionalProperties".to_owned(), json!(false));
        Ok(properties)
    }
}

/// Refuses objects that would lose members, or could never fit, if they were closed.
fn refuse_open(
    schema: &Map<String, Value>,
    declared: &Map<String, Value>,
    at: &str,
) -> Result<(), Inexpressible> {
    let is_open = ["additionalProperties", "unevaluatedProperties"]
        .iter()
        .any(|keyword| schema.get(*keyword).is_some_and(|rest| *rest != json!(false)));
    if is_open {
        return Err(Inexpressible::new(at, "is an object with members of any name"));
    }
    if schema.get("patternProperties").and_then(Value::as_object).is_some_and(|patterns| !patterns.is_empty())
    {
        return Err(Inexpressible::new(at, "is an object whose members have names after a pattern"));
    }
    let in_place = schema.iter().filter(|(keyword, _)| IN_PLACE.contains(&keyword.as_str()));
    for (keyword, value) in in_place {
        if !names_only(keyword, value, declared) {
            return Err(Inexpressible::new(at, "has properties that depend on others"));
        }
    }
    Ok(())
}

/// Whether a keyword that speaks of the same object again names no other properties than those declared.
fn names_only(keyword: &str, value: &Value, declared: &Map<String, Value>) -> bool {
    let is_declared = |name: &Value| name.as_str().is_some_and(|name| declared.contains_key(name));
    let schema = |schema: &Value| match schema {
        Value::Object(schema) => schema.iter().all(|(keyword, value)| names_only(keyword, value, declared)),
        _ => true,
    };
    match (keyword, value) {
        ("properties", Value::Object(properties)) => {
            properties.keys().all(|name| declared.contains_key(name))
        }
        ("required", Value::Array(names)) => names.iter().all(is_declared),
        ("dependencies" | "dependentRequired" | "dependentSchemas", Value::Object(dependents)) => {
            dependents.values().all(|dependent| match dependent {
                Value::Array(names) => names.iter().all(is_declared),
                dependent => schema(dependent),
            })
        }
        ("allOf" | "anyOf" | "oneOf", Value::Array(branches)) => branches.iter().all(schema),
        ("if" | "then" | "else", value) => schema(value),
        ("$ref" | "additionalProperties" | "unevaluatedProperties", _) => false,
        _ => true,
    }
}

/// The schema, or `null`.
fn nullable(mut schema: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Array(branches)) = schema.get_mut("anyOf") {
        branches.push(json!({"type": "null"}));
        return schema;
    }
    let mut nullable = Map::new();
    nullable.insert("anyOf".to_owned(), json!([schema, {"type": "null"}]));
    nullable
}

/// A name as a part of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
