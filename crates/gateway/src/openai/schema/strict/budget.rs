//! How large a schema the provider takes, by OpenAI's guide to structured outputs.

use serde_json::{Map, Value};

use super::Inexpressible;

const MAX_PROPERTIES: usize = 5_000;
const MAX_NESTING: usize = 10;
const MAX_ENUM_VALUES: usize = 1_000;
/// Characters in the names of properties and definitions, and in the values of `enum` and `const`.
const MAX_CHARACTERS: usize = 120_000;
/// An `enum` of more string values than this has a limit of its own.
const MANY_VALUES: usize = 250;
const MAX_CHARACTERS_OF_MANY: usize = 15_000;

#[derive(Debug, Default)]
struct Spent {
    properties: usize,
    nesting: usize,
    enum_values: usize,
    characters: usize,
    characters_of_many: usize,
}

/// Whether the provider takes a derived schema of this size.
pub(super) fn check(schema: &Map<String, Value>) -> Result<(), Inexpressible> {
    let mut spent = Spent::default();
    spent.add(schema, 0);
    let is_within = spent.properties <= MAX_PROPERTIES
        && spent.nesting <= MAX_NESTING
        && spent.enum_values <= MAX_ENUM_VALUES
        && spent.characters <= MAX_CHARACTERS
        && spent.characters_of_many <= MAX_CHARACTERS_OF_MANY;
    if is_within { Ok(()) } else { Err(Inexpressible::new("#", "is larger than strict mode allows")) }
}

impl Spent {
    /// Adds a schema that stands within so many objects.
    fn add(&mut self, schema: &Map<String, Value>, nesting: usize) {
        self.nesting = self.nesting.max(nesting);
        for (keyword, value) in schema {
            match (keyword.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    self.properties += properties.len();
                    self.add_named(properties, nesting + 1);
                }
                ("$defs" | "definitions", Value::Object(definitions)) => self.add_named(definitions, 0),
                ("anyOf", Value::Array(branches)) => self.add_all(branches, nesting),
                ("items", items) => self.add_all(std::slice::from_ref(items), nesting),
                ("enum", Value::Array(values)) => {
                    let characters: usize = values.iter().map(characters).sum();
                    self.enum_values += values.len();
                    self.characters += characters;
                    if values.len() > MANY_VALUES {
                        self.characters_of_many = self.characters_of_many.max(characters);
                    }
                }
                ("const", value) => self.characters += characters(value),
                _ => {}
            }
        }
    }

    fn add_named(&mut self, schemas: &Map<String, Value>, nesting: usize) {
        for (name, schema) in schemas {
            self.characters += name.chars().count();
            self.add_all(std::slice::from_ref(schema), nesting);
        }
    }

    fn add_all(&mut self, schemas: &[Value], nesting: usize) {
        for schema in schemas.iter().filter_map(Value::as_object) {
            self.add(schema, nesting);
        }
    }
}

fn characters(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}
