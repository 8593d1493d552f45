//! Schemas that say which types a value may have.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::keywords::{self, Fate};
use super::shape::{Shape, Typed};
use super::{Derivation, Derived, Inexpressible, definitions};

/// The longest rules that the model is told in a description, in bytes; and the longest hints.
const MAX_TOLD: usize = 1_000;

/// What strict mode can't say of a schema.
#[derive(Debug, Default)]
pub(super) struct Untold {
    /// What the answer must keep to.
    pub(super) rules: Map<String, Value>,
    pub(super) hints: Map<String, Value>,
}

impl Derivation<'_> {
    pub(super) fn typed(&mut self, schema: &Map<String, Value>, at: &str) -> Derived {
        let types = keywords::types(schema);
        if types.is_empty() {
            return Err(Inexpressible::new(at, "takes values of any type"));
        }
        // The provider refuses values of other types than the schema's.
        let values: Option<Vec<Value>> = keywords::values(schema).map(|values| {
            let of_type = |value: &&Value| types.iter().any(|name| keywords::is_of_type(value, name));
            values.into_iter().filter(of_type).cloned().collect()
        });
        if values.as_ref().is_some_and(Vec::is_empty) {
            return Err(Inexpressible::new(at, "allows no value at all"));
        }
        if values.iter().flatten().any(|value| value.is_array() || value.is_object()) {
            return Err(Inexpressible::new(at, "names a list or an object as a value"));
        }
        let mut derived = Map::new();
        let mut untold = Untold::default();
        let mut shape = Typed {
            types: types.iter().map(|&name| name.to_owned()).collect(),
            values: values.clone(),
            properties: HashMap::new(),
            items: None,
        };
        for (keyword, value) in schema {
            match keywords::fate(keyword, value, &types) {
                Fate::Rule => {
                    untold.rules.insert(keyword.clone(), value.clone());
                }
                Fate::Hint => {
                    untold.hints.insert(keyword.clone(), value.clone());
                }
                Fate::Kept | Fate::Description => {
                    derived.insert(keyword.clone(), value.clone());
                }
                Fate::Structure | Fate::Annotation => {}
            }
        }
        if let Some(values) = values
            && derived.contains_key("enum")
        {
            derived.insert("enum".to_owned(), Value::Array(values));
        }
        derived.insert("type".to_owned(), schema.get("type").cloned().unwrap_or_else(|| one_or_all(&types)));
        if types.contains(&"object") {
            shape.properties = self.object(schema, at, &mut derived)?;
        }
        if types.contains(&"array") {
            shape.items = Some(Box::new(self.array(schema, at, &mut derived, &mut untold.rules)?));
        }
        let derived = definitions::ordered_like(schema, derived);
        Ok((self.tell(derived, untold), Shape::Typed(shape)))
    }

    /// Tells the model, in the description, what strict mode can't say.
    pub(super) fn tell(&mut self, mut derived: Map<String, Value>, untold: Untold) -> Map<String, Value> {
        for (words, told) in
            [("It must also fit this JSON Schema", untold.rules), ("Its JSON Schema also says", untold.hints)]
        {
            if told.is_empty() {
                continue;
            }
            let told = Value::Object(told).to_string();
            if told.len() > MAX_TOLD {
                self.is_told = false;
                continue;
            }
            let described = derived.get("description").and_then(Value::as_str);
            let described = described.map(|own| format!("{own}\n")).unwrap_or_default();
            derived.insert("description".to_owned(), Value::String(format!("{described}{words}: {told}")));
        }
        derived
    }

    /// Adds the keywords of a list to what is derived.
    fn array(
        &mut self,
        schema: &Map<String, Value>,
        at: &str,
        derived: &mut Map<String, Value>,
        rules: &mut Map<String, Value>,
    ) -> Result<Shape, Inexpressible> {
        // Until draft 2020-12, a list of schemas in `items` was a tuple, and `additionalItems` its rest.
        let (tuple, rest) = match (schema.get("prefixItems"), schema.get("items")) {
            (Some(Value::Array(tuple)), rest) => (Some(("prefixItems", tuple)), rest),
            (_, Some(Value::Array(tuple))) => (Some(("items", tuple)), schema.get("additionalItems")),
            (_, items) => (None, items),
        };
        let rest = rest.filter(|rest| rest.is_object());
        let Some((keyword, tuple)) = tuple else {
            let Some(items) = rest else {
                return Err(Inexpressible::new(at, "is a list of values of any type"));
            };
            let (items, shape) = self.schema(items, &format!("{at}/items"))?;
            derived.insert("items".to_owned(), Value::Object(items));
            return Ok(shape);
        };
        // Strict mode has no tuples. A list of as many elements, each of one of the tuple's kinds, comes closest.
        let mut kinds: Vec<Value> = Vec::new();
        let mut shapes = Vec::new();
        let places =
            tuple.iter().enumerate().map(|(index, element)| (element, format!("{at}/{keyword}/{index}")));
        for (element, at) in places.chain(rest.map(|rest| (rest, format!("{at}/items")))) {
            let (kind, shape) = self.schema(element, &at)?;
            let kind = Value::Object(kind);
            if !kinds.contains(&kind) {
                kinds.push(kind);
                shapes.push(shape);
            }
        }
        if rest.is_none() {
            derived.entry("minItems").or_insert(json!(tuple.len()));
            derived.insert("maxItems".to_owned(), json!(tuple.len()));
        }
        let one_kind = if kinds.len() == 1 { kinds.pop() } else { None };
        if one_kind.is_none() {
            rules.insert(keyword.to_owned(), json!(tuple));
        }
        derived.insert("items".to_owned(), one_kind.unwrap_or_else(|| json!({ "anyOf": kinds })));
        Ok(Shape::Union(shapes))
    }
}

fn one_or_all(types: &[&str]) -> Value {
    if let [only] = types { json!(only) } else { json!(types) }
}
