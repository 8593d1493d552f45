//! Unions: strict mode knows `anyOf`, with nothing but a description beside it.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::keywords::{self, Fate};
use super::shape::Shape;
use super::typed::Untold;
use super::{Derivation, Derived, Inexpressible, definitions};

impl Derivation<'_> {
    /// Derives a schema that is a union by `keyword`. A `oneOf` becomes an `anyOf`: that only one branch fits is left to
    /// the check of the answer.
    pub(super) fn union(&mut self, schema: &Map<String, Value>, keyword: &str, at: &str) -> Derived {
        if keyword == "anyOf" && schema.contains_key("oneOf") {
            return Err(Inexpressible::new(at, "is two unions at once"));
        }
        let Some(Value::Array(branches)) = schema.get(keyword) else {
            return Err(Inexpressible::new(at, "is a union of nothing"));
        };
        let mut derived_branches = Vec::with_capacity(branches.len());
        let mut shapes = Vec::with_capacity(branches.len());
        for (index, branch) in branches.iter().enumerate() {
            let at = format!("{at}/{keyword}/{index}");
            let branch = self.with_type_of(schema, branch, &at)?;
            let (branch, shape) = self.schema(&branch, &at)?;
            derived_branches.push(Value::Object(branch));
            shapes.push(shape);
        }
        let mut derived = Map::new();
        let mut untold = Untold::default();
        derived.insert("anyOf".to_owned(), Value::Array(derived_branches));
        for (other, value) in schema.iter().filter(|(other, _)| *other != keyword && *other != "type") {
            match keywords::fate(other, value, keywords::ANY) {
                Fate::Description => {
                    derived.insert(other.clone(), value.clone());
                }
                Fate::Kept | Fate::Rule => {
                    untold.rules.insert(other.clone(), value.clone());
                }
                Fate::Hint => {
                    untold.hints.insert(other.clone(), value.clone());
                }
                Fate::Structure => return Err(Inexpressible::new(at, "has other rules beside a union")),
                Fate::Annotation => {}
            }
        }
        let derived = definitions::ordered_like(schema, derived);
        Ok((self.tell(derived, untold), Shape::Union(shapes)))
    }

    /// A branch with the type that stands beside the union, unless it tells its own.
    fn with_type_of<'s>(
        &self,
        union: &Map<String, Value>,
        branch: &'s Value,
        at: &str,
    ) -> Result<Cow<'s, Value>, Inexpressible> {
        let (Some(shared), Value::Object(schema)) = (union.get("type"), branch) else {
            return Ok(Cow::Borrowed(branch));
        };
        let telling = match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.resolve(reference).and_then(Value::as_object),
            None => Some(schema).filter(|schema| schema.contains_key("type")),
        };
        let Some(telling) = telling else {
            let mut schema = schema.clone();
            schema.insert("type".to_owned(), shared.clone());
            return Ok(Cow::Owned(Value::Object(schema)));
        };
        let (own, shared) = (keywords::types(telling), keywords::types(union));
        let is_shared =
            |name: &&str| shared.contains(name) || (*name == "integer" && shared.contains(&"number"));
        if own.is_empty() || !own.iter().all(is_shared) {
            return Err(Inexpressible::new(at, "has another type than the union that it is in"));
        }
        Ok(Cow::Borrowed(branch))
    }
}
