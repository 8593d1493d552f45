//! Unions: strict mode knows `anyOf`, with nothing but a description beside it.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::keywords::{self, Fate};
use super::shape::Shape;
use super::typed::tell;
use super::{Derivation, Derived, Inexpressible, definitions};

impl Derivation<'_> {
    /// Derives a schema that is a union by `keyword`. A `oneOf` becomes an `anyOf`: that only one branch fits is left to
    /// the check of the answer.
    pub(super) fn union(&mut self, schema: &Map<String, Value>, keyword: &str, at: &str) -> Derived {
        if schema.contains_key("anyOf") && schema.contains_key("oneOf") {
            return Err(Inexpressible::new(at, "is two unions at once"));
        }
        let Some(Value::Array(branches)) = schema.get(keyword) else {
            return Err(Inexpressible::new(at, "is a union of nothing"));
        };
        let mut derived_branches = Vec::with_capacity(branches.len());
        let mut shapes = Vec::with_capacity(branches.len());
        for (index, branch) in branches.iter().enumerate() {
            let (branch, shape) = self.schema(&typed(branch, schema), &format!("{at}/{keyword}/{index}"))?;
            derived_branches.push(Value::Object(branch));
            shapes.push(shape);
        }
        let mut derived = Map::new();
        let mut rules = Map::new();
        for (other, value) in schema {
            if other == keyword {
                derived.insert("anyOf".to_owned(), Value::Array(std::mem::take(&mut derived_branches)));
            } else if keywords::is_description(other) {
                derived.insert(other.clone(), value.clone());
            } else if matches!(keywords::fate(other, value, keywords::ANY), Fate::Kept | Fate::Rule) {
                rules.insert(other.clone(), value.clone());
            } else if !keywords::is_annotation(other, value) && other != "type" {
                return Err(Inexpressible::new(at, "has other rules beside a union"));
            }
        }
        let mut derived = definitions::ordered_like(schema, derived);
        tell(&mut derived, rules);
        Ok((derived, Shape::Union(shapes)))
    }
}

/// A branch with the type that stands beside the union, unless it tells its own.
fn typed<'s>(branch: &'s Value, union: &Map<String, Value>) -> Cow<'s, Value> {
    const TELLING: &[&str] = &["$ref", "allOf", "anyOf", "oneOf", "type"];
    match (branch, union.get("type")) {
        (Value::Object(schema), Some(name))
            if !TELLING.iter().any(|keyword| schema.contains_key(*keyword)) =>
        {
            let mut schema = schema.clone();
            schema.insert("type".to_owned(), name.clone());
            Cow::Owned(Value::Object(schema))
        }
        _ => Cow::Borrowed(branch),
    }
}
