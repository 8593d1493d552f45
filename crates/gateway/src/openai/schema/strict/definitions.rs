//! The definitions at the root: those that are referred to, and those that must become one.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::super::graph;
use super::shape::{Shape, Shapes};
use super::{Derivation, Inexpressible};

/// Where definitions stand. Draft 2019-09 renamed the second to the first; strict mode knows both.
const CONTAINERS: [&str; 2] = ["$defs", "definitions"];

/// The definitions that were referred to so far.
#[derive(Debug)]
pub(super) struct Definitions {
    /// By JSON pointer into the caller's schema: where it stands upstream.
    places: HashMap<String, Place>,
    /// Pointers of those that are not derived yet.
    pending: Vec<String>,
    /// The names in use in the first container.
    names: HashSet<String>,
}

#[derive(Debug, Clone)]
struct Place {
    container: &'static str,
    name: String,
    reference: String,
}

impl Definitions {
    pub(super) fn new(caller: &Value) -> Self {
        let names = caller.get(CONTAINERS[0]).and_then(Value::as_object);
        Self {
            places: HashMap::new(),
            pending: Vec::new(),
            names: names.map(|names| names.keys().cloned().collect()).unwrap_or_default(),
        }
    }

    /// The place of what a pointer points to, which is its own if that is a definition at the root.
    fn place(&mut self, pointer: &str) -> Place {
        if let Some(place) = self.places.get(pointer) {
            return place.clone();
        }
        let segments: Vec<&str> = pointer.split('/').skip(1).collect();
        let own = CONTAINERS
            .into_iter()
            .find(|container| matches!(segments[..], [first, _] if first == *container));
        let last = segments.last().map_or_else(|| "root".to_owned(), |last| unescaped(last));
        let place = match own {
            Some(container) => Place { container, name: last, reference: format!("#{pointer}") },
            None => {
                let name = self.free_name(&last);
                let reference = format!("#/{}/{name}", CONTAINERS[0]);
                Place { container: CONTAINERS[0], name, reference }
            }
        };
        self.places.insert(pointer.to_owned(), place.clone());
        self.pending.push(pointer.to_owned());
        place
    }

    fn free_name(&mut self, wanted: &str) -> String {
        let wanted: String =
            wanted.chars().filter(|char| char.is_ascii_alphanumeric() || *char == '_').collect();
        let numbered = (1..).map(|number| match number {
            1 => wanted.clone(),
            _ => format!("{wanted}_{number}"),
        });
        let name = numbered
            .into_iter()
            .find(|name| !name.is_empty() && !self.names.contains(name))
            .unwrap_or_default();
        self.names.insert(name.clone());
        name
    }
}

impl Derivation<'_> {
    /// A caller's reference as it must be upstream, and the JSON pointer of what it refers to.
    pub(super) fn refer(&mut self, reference: &str) -> Option<(String, String)> {
        self.resolve(reference)?;
        let pointer = graph::pointer(reference)?;
        if pointer.is_empty() && !self.wrapped {
            return Some((reference.to_owned(), String::new()));
        }
        Some((self.definitions.place(&pointer).reference, pointer.into_owned()))
    }

    /// Adds every definition that was referred to, and those that they refer to, to the derived root.
    pub(super) fn with_definitions(
        &mut self,
        mut root: Map<String, Value>,
        root_shape: Shape,
    ) -> Result<(Map<String, Value>, Shapes), Inexpressible> {
        let mut shapes = Shapes { root: root_shape, definitions: HashMap::new() };
        let mut containers: HashMap<&str, Map<String, Value>> = HashMap::new();
        while let Some(pointer) = self.definitions.pending.pop() {
            let Some(schema) = self.caller.pointer(&pointer) else { continue };
            let (schema, shape) = self.schema(schema, &format!("#{pointer}"))?;
            let place = self.definitions.place(&pointer);
            containers.entry(place.container).or_default().insert(place.name, Value::Object(schema));
            shapes.definitions.insert(pointer, shape);
        }
        let none = Map::new();
        for container in CONTAINERS {
            if let Some(definitions) = containers.remove(container) {
                let own = self.caller.get(container).and_then(Value::as_object).unwrap_or(&none);
                root.insert(container.to_owned(), Value::Object(ordered_like(own, definitions)));
            }
        }
        Ok((ordered_like(self.caller.as_object().unwrap_or(&none), root), shapes))
    }
}

/// The members in the order that those of the model have; then the others. The order matters, since the model writes
/// properties in the order of the schema.
pub(super) fn ordered_like(
    model: &Map<String, Value>,
    mut members: Map<String, Value>,
) -> Map<String, Value> {
    let mut ordered = Map::new();
    for name in model.keys() {
        if let Some(value) = members.get_mut(name) {
            ordered.insert(name.clone(), value.take());
        }
    }
    for (name, value) in members {
        ordered.entry(name).or_insert(value);
    }
    ordered
}

fn unescaped(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}
