//! `allOf`, which strict mode doesn't know: merged into one schema where that is possible.

use serde_json::{Map, Value, json};

use super::{Derivation, Inexpressible, keywords, reference};

/// How many parts are merged in one derivation. Parts within parts multiply.
const MAX_PARTS: usize = 200;

impl<'a> Derivation<'a> {
    /// One schema that says what a schema with `allOf` says.
    pub(super) fn merge_all_of(
        &mut self,
        schema: &Map<String, Value>,
        at: &str,
    ) -> Result<Map<String, Value>, Inexpressible> {
        if let Some(reference) = lone_reference(schema) {
            return Ok(reference);
        }
        let mut parts = Vec::new();
        self.collect_parts(schema, at, &mut parts)?;
        let mut merged = Map::new();
        for (keyword, value) in parts.iter().copied().flatten() {
            match (merged.get_mut(keyword), keyword.as_str()) {
                (_, "allOf" | "$ref") => {}
                (Some(Value::String(present)), "description") if value != present.as_str() => {
                    present.push('\n');
                    present.push_str(value.as_str().unwrap_or_default());
                }
                (Some(present), _) if present == value || keywords::is_annotation(keyword, value) => {}
                (Some(present), _) => merge(keyword, present, value, at)?,
                (None, _) => {
                    merged.insert(keyword.clone(), value.clone());
                }
            }
        }
        // A closed part forbids what only other parts declare.
        for part in parts.iter().filter(|part| part.get("additionalProperties") == Some(&json!(false))) {
            let declares = |name| part.get("properties").is_some_and(|own| own.get(name).is_some());
            let all = merged.get("properties").and_then(Value::as_object);
            if all.is_some_and(|all| !all.keys().all(declares)) {
                return Err(Inexpressible::new(at, "combines objects that exclude each other's properties"));
            }
        }
        Ok(merged)
    }

    /// The schema, what it refers to and the parts of its `allOf`, each to be read without those two keywords.
    fn collect_parts<'s>(
        &mut self,
        schema: &'s Map<String, Value>,
        at: &str,
        parts: &mut Vec<&'s Map<String, Value>>,
    ) -> Result<(), Inexpressible>
    where
        'a: 's,
    {
        self.merged += 1;
        if self.merged > MAX_PARTS {
            return Err(Inexpressible::new(at, "combines too many schemas"));
        }
        parts.push(schema);
        let referred = match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => Some(self.resolve(reference).unwrap_or(&Value::Null)),
            None => None,
        };
        let all_of = schema.get("allOf").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for part in referred.into_iter().chain(all_of) {
            match part {
                Value::Object(part) => self.collect_parts(part, at, parts)?,
                Value::Bool(true) => {}
                _ => return Err(Inexpressible::new(at, "combines schemas that can't be merged")),
            }
        }
        Ok(())
    }
}

/// The schema with the reference that is all its `allOf` has. Pydantic wrote a reference with a description so.
fn lone_reference(schema: &Map<String, Value>) -> Option<Map<String, Value>> {
    let Some([Value::Object(only)]) = schema.get("allOf").and_then(Value::as_array).map(Vec::as_slice) else {
        return None;
    };
    reference::alone(only)?;
    let mut others = schema.iter().filter(|(keyword, _)| *keyword != "allOf");
    others
        .all(|(keyword, value)| keywords::is_annotation(keyword, value))
        .then(|| reference::described(only.clone(), schema))
}

/// Adds what another part says by a keyword that is there already.
fn merge(keyword: &str, present: &mut Value, other: &Value, at: &str) -> Result<(), Inexpressible> {
    match (keyword, present, other) {
        ("properties", Value::Object(properties), Value::Object(others)) => {
            for (name, other) in others {
                match properties.get_mut(name) {
                    None => {
                        properties.insert(name.clone(), other.clone());
                    }
                    Some(property) if property == other => {}
                    Some(property) => *property = json!({"allOf": [property.take(), other]}),
                }
            }
            Ok(())
        }
        ("required", Value::Array(names), Value::Array(others)) => {
            for other in others {
                if !names.contains(other) {
                    names.push(other.clone());
                }
            }
            Ok(())
        }
        ("additionalProperties" | "unevaluatedProperties", present, Value::Bool(false)) => {
            *present = json!(false);
            Ok(())
        }
        ("additionalProperties" | "unevaluatedProperties", Value::Bool(false), _) => Ok(()),
        _ => Err(Inexpressible::new(at, "combines schemas that can't be merged")),
    }
}
