//! References. Strict mode wants them to point to the root or to a definition at the root, with nothing beside them.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::super::graph;
use super::keywords::{self, Fate};
use super::shape::Shape;
use super::typed::Untold;
use super::{Derivation, Derived, Inexpressible};

impl<'a> Derivation<'a> {
    pub(super) fn reference(&mut self, schema: &Map<String, Value>, at: &str) -> Derived {
        let Some(reference) = alone(schema) else {
            // Rules beside a reference are the same as both in an `allOf`.
            let reference = json!({"$ref": schema.get("$ref")});
            let mut all_of: Map<_, _> = schema
                .iter()
                .filter(|(keyword, _)| *keyword != "$ref")
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            all_of.insert("allOf".to_owned(), json!([reference]));
            let merged = self.merge_all_of(&all_of, at)?;
            return self.schema(&Value::Object(merged), at);
        };
        let Some((upstream, pointer)) = self.refer(reference) else {
            return Err(Inexpressible::new(
                at,
                "refers to something that is not a part of the schema by its place",
            ));
        };
        let mut derived = Map::new();
        derived.insert("$ref".to_owned(), Value::String(upstream));
        let said = described(Map::new(), schema);
        if !said.is_empty() {
            let mut beside = Map::new();
            beside.insert("anyOf".to_owned(), json!([derived]));
            let (shown, hints): (Map<_, _>, Map<_, _>) = said.into_iter().partition(|(keyword, value)| {
                keywords::fate(keyword, value, keywords::ANY) == Fate::Description
            });
            beside.extend(shown);
            derived = self.tell(beside, Untold { hints, ..Untold::default() });
        }
        Ok((derived, Shape::Reference(pointer)))
    }

    /// What a reference points to.
    pub(super) fn resolve(&self, reference: &str) -> Option<&'a Value> {
        self.caller.pointer(&graph::pointer(reference)?)
    }

    /// Whether a caller's schema allows `null`. Where that is hard to tell, it is taken not to.
    pub(super) fn admits_null(&self, schema: &Value) -> bool {
        self.admits_null_beyond(schema, &mut HashSet::new())
    }

    fn admits_null_beyond<'s>(&self, schema: &'s Value, seen: &mut HashSet<&'s str>) -> bool
    where
        'a: 's,
    {
        let Value::Object(schema) = schema else { return schema == &json!(true) };
        schema.iter().all(|(keyword, value)| match (keyword.as_str(), value) {
            ("type", Value::String(only)) => only == "null",
            ("type", Value::Array(types)) => types.contains(&json!("null")),
            ("enum", Value::Array(values)) => values.contains(&Value::Null),
            ("const", only) => only.is_null(),
            ("$ref", Value::String(reference)) => {
                let target = seen.insert(reference).then(|| self.resolve(reference)).flatten();
                target.is_some_and(|target| self.admits_null_beyond(target, seen))
            }
            ("anyOf" | "oneOf", Value::Array(branches)) => {
                branches.iter().any(|branch| self.admits_null_beyond(branch, seen))
            }
            ("allOf", Value::Array(parts)) => parts.iter().all(|part| self.admits_null_beyond(part, seen)),
            ("not" | "if", _) => false,
            _ => true,
        })
    }
}

/// The reference of a schema that says nothing else, but for annotations.
pub(super) fn alone(schema: &Map<String, Value>) -> Option<&str> {
    let is_alone =
        schema.iter().all(|(keyword, value)| keyword == "$ref" || keywords::is_annotation(keyword, value));
    schema.get("$ref").and_then(Value::as_str).filter(|_| is_alone)
}

/// A schema with what another that stands for it tells the model.
pub(super) fn described(mut schema: Map<String, Value>, by: &Map<String, Value>) -> Map<String, Value> {
    for (keyword, value) in by.iter().filter(|(keyword, value)| keywords::is_for_the_model(keyword, value)) {
        schema.insert(keyword.clone(), value.clone());
    }
    schema
}
