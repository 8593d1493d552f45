//! The schema that goes upstream: the caller's, in the words that OpenAI's strict mode knows.
//!
//! Strict mode wants an object at the root; `additionalProperties: false` and every property `required` in each object;
//! a `type`, `anyOf` or `$ref` in each schema; no keyword beside `$ref`; and it knows few keywords. So:
//!
//! - what it knows goes upstream as it is, byte for byte;
//! - a property that may be left out may be `null` upstream, and that `null` is taken out of the answer;
//! - a root that is no plain object goes upstream as the only property of one, and is taken out of the answer;
//! - a rule that it doesn't know is told to the model in the description, and checked in the answer; so are defaults and
//!   examples, of which there is nothing to check;
//! - what nothing can stand for (maps with free keys, values of any type) makes the whole schema [`Inexpressible`].
//!
//! Invariant: an answer that fits the upstream schema and keeps to the rules told in it fits the caller's once undone.

mod all_of;
mod budget;
mod definitions;
mod keywords;
mod object;
mod reference;
mod shape;
mod typed;
mod union;

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use self::definitions::Definitions;
use self::shape::{Shape, Shapes};
use super::error::{OutputError, shortened};
use super::text;

/// The property that holds the value where the caller's root is no plain object.
const WRAPPER: &str = "value";

/// A schema for strict mode, and how to undo in the answer what was changed for it.
#[derive(Debug)]
pub(super) struct Strict {
    schema: Value,
    shapes: Shapes,
    wrapped: bool,
    /// Whether a `null` in the answer can stand for a property that is left out.
    has_nulls: bool,
    is_told: bool,
}

/// The part of a caller's schema that strict mode can't say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("strict mode can't express the schema: `{at}` {why}")]
pub(crate) struct Inexpressible {
    /// A URI fragment into the caller's schema.
    at: String,
    why: &'static str,
}

impl Inexpressible {
    fn new(at: &str, why: &'static str) -> Self {
        Self { at: shortened(at, 100), why }
    }
}

impl Strict {
    /// Derives what goes upstream from a caller's schema.
    pub(super) fn derive(schema: &Value) -> Result<Self, Inexpressible> {
        let mut derivation = Derivation::new(schema);
        let (root, shape) = derivation.root()?;
        let (derived, shapes) = derivation.with_definitions(root, shape)?;
        budget::check(&derived)?;
        Ok(Self {
            schema: Value::Object(derived),
            shapes,
            wrapped: derivation.wrapped,
            has_nulls: derivation.has_nulls,
            is_told: derivation.is_told,
        })
    }

    /// Whether the schema tells the model all that the caller's says. Some rules are too long for a description.
    pub(super) fn is_told(&self) -> bool {
        self.is_told
    }

    pub(super) fn schema(&self) -> &Value {
        &self.schema
    }

    pub(super) fn is_verbatim(&self) -> bool {
        !self.wrapped && !self.has_nulls
    }

    /// The answer as the caller's schema means it, of the answer that the upstream schema asks for.
    pub(super) fn undo<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, OutputError> {
        let text = match self.wrapped {
            true => text::only_member(text, WRAPPER)?.ok_or_else(|| {
                OutputError::mismatch("#", "value is not in the object that it was asked for in")
            })?,
            false => text,
        };
        if !self.has_nulls {
            return Ok(Cow::Borrowed(text));
        }
        match self.shapes.nulls_in(&text::parse(text)?) {
            Some(nulls) => text::without(text, &nulls).map(Cow::Owned),
            None => Ok(Cow::Borrowed(text)),
        }
    }

    /// The same of an answer that was cut off. What stands for a property that is left out stays.
    pub(super) fn so_far<'t>(&self, text: &'t str) -> &'t str {
        if self.wrapped { text::begun_member(text, WRAPPER) } else { text }
    }
}

/// A part of the caller's schema, derived.
type Derived = Result<(Map<String, Value>, Shape), Inexpressible>;

/// The work on one caller's schema.
#[derive(Debug)]
struct Derivation<'a> {
    caller: &'a Value,
    wrapped: bool,
    has_nulls: bool,
    is_told: bool,
    definitions: Definitions,
    /// How many schemas were merged out of `allOf`, which can multiply.
    merged: usize,
}

impl<'a> Derivation<'a> {
    fn new(caller: &'a Value) -> Self {
        Self {
            caller,
            wrapped: false,
            has_nulls: false,
            is_told: true,
            definitions: Definitions::new(caller),
            merged: 0,
        }
    }

    fn root(&mut self) -> Derived {
        if let Some(plain) = self.plain_object(self.caller)? {
            let (mut derived, shape) = self.typed(&plain, "#")?;
            if let Some(dialect) = self.caller.get("$schema") {
                derived.insert("$schema".to_owned(), dialect.clone());
            }
            return Ok((derived, shape));
        }
        self.wrapped = true;
        let (derived, shape) = self.schema(self.caller, "#")?;
        let mut wrapper = Map::new();
        wrapper.insert("type".to_owned(), json!("object"));
        wrapper.insert("properties".to_owned(), json!({ WRAPPER: derived }));
        wrapper.insert("required".to_owned(), json!([WRAPPER]));
        wrapper.insert("additionalProperties".to_owned(), json!(false));
        Ok((wrapper, shape))
    }

    /// The schema itself if strict mode takes it at the root, or what it comes to: pydantic and zod write the root of
    /// recursive models as a `$ref`.
    fn plain_object(&mut self, schema: &Value) -> Result<Option<Map<String, Value>>, Inexpressible> {
        let Value::Object(schema) = schema else { return Ok(None) };
        if schema.contains_key("allOf") {
            let merged = self.merge_all_of(schema, "#")?;
            return self.plain_object(&Value::Object(merged));
        }
        if let Some(target) = reference::alone(schema).and_then(|reference| self.resolve(reference)) {
            let plain = self.plain_object(target)?;
            return Ok(plain.map(|plain| reference::described(plain, schema)));
        }
        let is_union = keywords::union_in(schema).is_some() && !schema.contains_key("properties");
        let is_plain = !is_union && !schema.contains_key("$ref") && keywords::types(schema) == ["object"];
        Ok(is_plain.then(|| schema.clone()))
    }

    fn schema(&mut self, schema: &Value, at: &str) -> Derived {
        let Value::Object(schema) = schema else {
            return Err(Inexpressible::new(at, "takes any value, or none at all"));
        };
        if schema.contains_key("allOf") {
            let merged = self.merge_all_of(schema, at)?;
            return self.schema(&Value::Object(merged), at);
        }
        if schema.contains_key("$ref") {
            return self.reference(schema, at);
        }
        match keywords::union_in(schema) {
            Some(keyword) if !schema.contains_key("properties") => self.union(schema, keyword, at),
            _ => self.typed(schema, at),
        }
    }
}
