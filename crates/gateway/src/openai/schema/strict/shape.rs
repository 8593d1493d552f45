//! What the upstream schema looks like from the answer's side: enough of it to find the `null`s that stand for
//! properties that were left out.

use std::collections::HashMap;

use serde_json::Value;

use super::super::text::Cut;
use super::keywords;

#[derive(Debug)]
pub(super) enum Shape {
    Typed(Typed),
    Union(Vec<Shape>),
    /// A definition, by its JSON pointer in the caller's schema.
    Reference(String),
}

/// A schema with a `type`.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) types: Vec<String>,
    /// The only values, where they are named.
    pub(super) values: Option<Vec<Value>>,
    /// By name.
    pub(super) properties: HashMap<String, Property>,
    pub(super) items: Option<Box<Shape>>,
}

#[derive(Debug)]
pub(super) struct Property {
    pub(super) shape: Shape,
    pub(super) presence: Presence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Required,
    Optional,
    /// Optional, and not allowed to be `null` by the caller: so `null` means that it was left out.
    NullIfLeftOut,
}

#[derive(Debug)]
pub(super) struct Shapes {
    pub(super) root: Shape,
    /// By JSON pointer. The root is not among them unless it is wrapped.
    pub(super) definitions: HashMap<String, Shape>,
}

impl Shapes {
    /// The `null`s of an answer that stand for properties that were left out. None if the answer doesn't look like what
    /// was asked for: then there is no telling.
    pub(super) fn nulls_in(&self, answer: &Value) -> Option<Cut> {
        let mut matching = Matching { shapes: self, known: HashMap::new() };
        matching.fits(&self.root, answer).then(|| matching.nulls(&self.root, answer)).flatten()
    }

    fn definition(&self, pointer: &str) -> Option<&Shape> {
        self.definitions.get(pointer).or_else(|| pointer.is_empty().then_some(&self.root))
    }
}

/// Matches one answer. What was found once about a definition and a value is kept: else a recursive schema with unions
/// would take exponential time.
struct Matching<'s> {
    shapes: &'s Shapes,
    /// By the definition's pointer and the value's address.
    known: HashMap<(&'s str, *const Value), bool>,
}

impl<'s> Matching<'s> {
    fn fits(&mut self, shape: &'s Shape, value: &Value) -> bool {
        match shape {
            Shape::Typed(typed) => self.fits_typed(typed, value),
            Shape::Union(branches) => branches.iter().any(|branch| self.fits(branch, value)),
            Shape::Reference(pointer) => {
                let key = (pointer.as_str(), std::ptr::from_ref(value));
                if let Some(known) = self.known.get(&key) {
                    return *known;
                }
                let shapes = self.shapes;
                let fits = shapes.definition(pointer).is_some_and(|shape| self.fits(shape, value));
                self.known.insert(key, fits);
                fits
            }
        }
    }

    fn fits_typed(&mut self, typed: &'s Typed, value: &Value) -> bool {
        let is_of_type = typed.types.iter().any(|name| keywords::is_of_type(value, name));
        if !is_of_type || typed.values.as_ref().is_some_and(|values| !values.contains(value)) {
            return false;
        }
        match value {
            Value::Object(members) => {
                let is_closed = members.keys().all(|name| typed.properties.contains_key(name));
                is_closed
                    && typed.properties.iter().all(|(name, property)| match members.get(name) {
                        None => property.presence != Presence::Required,
                        Some(Value::Null) if property.presence == Presence::NullIfLeftOut => true,
                        Some(member) => self.fits(&property.shape, member),
                    })
            }
            Value::Array(elements) => typed
                .items
                .as_ref()
                .is_some_and(|items| elements.iter().all(|element| self.fits(items, element))),
            _ => true,
        }
    }

    /// The nulls in a value that fits.
    fn nulls(&mut self, shape: &'s Shape, value: &Value) -> Option<Cut> {
        let typed = self.typed(shape, value)?;
        match value {
            Value::Object(members) => {
                let mut cuts = HashMap::new();
                for (name, property) in &typed.properties {
                    let cut = match members.get(name) {
                        None => None,
                        Some(Value::Null) if property.presence == Presence::NullIfLeftOut => Some(Cut::Whole),
                        Some(member) => self.nulls(&property.shape, member),
                    };
                    cuts.extend(cut.map(|cut| (name.clone(), cut)));
                }
                (!cuts.is_empty()).then_some(Cut::Members(cuts))
            }
            Value::Array(elements) => {
                let items = typed.items.as_ref()?;
                let mut cuts = HashMap::new();
                for (index, element) in elements.iter().enumerate() {
                    cuts.extend(self.nulls(items, element).map(|cut| (index, cut)));
                }
                (!cuts.is_empty()).then_some(Cut::Elements(cuts))
            }
            _ => None,
        }
    }

    /// The schema with a type that a value fits, behind references and unions.
    fn typed(&mut self, mut shape: &'s Shape, value: &Value) -> Option<&'s Typed> {
        loop {
            shape = match shape {
                Shape::Typed(typed) => return Some(typed),
                Shape::Union(branches) => branches.iter().find(|branch| self.fits(branch, value))?,
                Shape::Reference(pointer) => self.shapes.definition(pointer)?,
            }
        }
    }
}
