//! How the parts of a caller's schema lead to each other, by nesting and by reference.
//!
//! The validator follows references recursively, and tries every branch of a union. A small schema can so ask for an
//! endless stack or endless time; it is found out here, before anything walks it.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::error::{SchemaError, shortened};

/// How many schemas may lead to each other for one and the same value. The validator's stack has room for this many
/// for each of the 128 levels that an answer can have.
const MAX_IN_PLACE: usize = 16;
/// How often unions may have the validator look at one and the same value.
const MAX_ALTERNATIVES: usize = 100_000;

/// What is known of a schema that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Graph {
    /// How often a value is looked at, at worst.
    pub(super) alternatives: usize,
    /// Whether a part of the schema is a part of itself. Then it is at worst so often again for each level of the answer.
    pub(super) is_recursive: bool,
}

impl Graph {
    pub(super) fn of(root: &Value) -> Result<Self, SchemaError> {
        let all = post_order([root], |schema| [in_place(root, schema), below(schema).concat()].concat());
        check_references(root, &all.schemas)?;
        let in_place_first = post_order(all.schemas.iter().copied(), |schema| in_place(root, schema));
        if in_place_first.is_circular || height(root, &in_place_first.schemas) > MAX_IN_PLACE {
            return Err(SchemaError::TooIntricate);
        }
        let alternatives = alternatives(root, &all.schemas);
        if alternatives > MAX_ALTERNATIVES {
            return Err(SchemaError::TooIntricate);
        }
        Ok(Self { alternatives, is_recursive: all.is_circular })
    }
}

/// The JSON pointer of a reference within the same document. The root's is empty.
pub(super) fn pointer(reference: &str) -> Option<Cow<'_, str>> {
    let fragment = reference.strip_prefix('#').filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
    if !fragment.contains('%') {
        return Some(Cow::Borrowed(fragment));
    }
    let mut decoded = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let [first, behind @ ..] = rest {
        match (first, behind) {
            (b'%', [high, low, behind @ ..]) => {
                let digit =
                    |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                decoded.push(digit(*high)? * 16 + digit(*low)?);
                rest = behind;
            }
            (b'%', _) => return None,
            (byte, behind) => {
                decoded.push(*byte);
                rest = behind;
            }
        }
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// Refuses references that are no paths from the root: to other documents, and by name.
fn check_references(root: &Value, schemas: &[&Value]) -> Result<(), SchemaError> {
    let refused = |reference: &str| Err(SchemaError::Reference { reference: shortened(reference, 150) });
    let mut has_references = false;
    for schema in schemas {
        for keyword in ["$ref", "$dynamicRef", "$recursiveRef"] {
            if let Some(reference) = string(schema, keyword) {
                has_references = true;
                if keyword != "$ref" || pointer(reference).is_none() {
                    return refused(reference);
                }
            }
        }
    }
    // Below an `$id` (`id` in draft 4) paths start from there, unless it is a mere name.
    let is_old = string(root, "$schema").is_some_and(|dialect| dialect.contains("draft-04"));
    for schema in schemas.iter().filter(|schema| has_references && !std::ptr::eq(**schema, root)) {
        let id = string(schema, "$id").or_else(|| string(schema, "id").filter(|_| is_old));
        if let Some(id) = id.filter(|id| !id.starts_with('#')) {
            return refused(id);
        }
    }
    Ok(())
}

fn string<'s>(schema: &'s Value, keyword: &str) -> Option<&'s str> {
    schema.get(keyword)?.as_str()
}

/// The longest way from any schema to others for the same value. The schemas come after those that they lead to.
fn height(root: &Value, schemas: &[&Value]) -> usize {
    let mut heights = HashMap::new();
    let mut highest = 0;
    for schema in schemas {
        let below =
            in_place(root, schema).into_iter().filter_map(|next| heights.get(&address(next)).copied()).max();
        let height = below.map_or(0, |height: usize| height + 1);
        heights.insert(address(schema), height);
        highest = highest.max(height);
    }
    highest
}

/// How often the validator looks at one value, at worst. The schemas come after those that they lead to, but for those
/// that lead back: what the validator found there, it remembers.
fn alternatives(root: &Value, schemas: &[&Value]) -> usize {
    let mut known: HashMap<*const Value, usize> = HashMap::new();
    let mut most = 1;
    for schema in schemas {
        let of = |next: &Value| known.get(&address(next)).copied().unwrap_or(1);
        let ways = below(schema).into_iter().filter_map(|group| group.into_iter().map(of).max());
        let count = ways.chain(in_place(root, schema).into_iter().map(of)).fold(0, usize::saturating_add);
        // What is left unevaluated is found by evaluating once more.
        let is_unevaluated = ["unevaluatedItems", "unevaluatedProperties"]
            .iter()
            .any(|keyword| schema.get(*keyword).is_some());
        let count = count.max(1).saturating_mul(if is_unevaluated { 2 } else { 1 });
        known.insert(address(schema), count);
        most = most.max(count);
    }
    most
}

/// The schemas that a schema applies to the same value.
fn in_place<'s>(root: &'s Value, schema: &'s Value) -> Vec<&'s Value> {
    let Value::Object(schema) = schema else { return Vec::new() };
    let mut found = Vec::new();
    for (keyword, value) in schema {
        match (keyword.as_str(), value) {
            ("allOf" | "anyOf" | "oneOf", Value::Array(branches)) => found.extend(branches),
            ("else" | "if" | "not" | "then", schema) => found.push(schema),
            ("dependencies" | "dependentSchemas", Value::Object(dependents)) => {
                found.extend(dependents.values());
            }
            ("$ref", Value::String(reference)) => {
                found.extend(pointer(reference).and_then(|pointer| root.pointer(&pointer)));
            }
            _ => {}
        }
    }
    found
}

/// The schemas that a schema applies to the parts of a value. Of a group, one applies to each part.
fn below(schema: &Value) -> Vec<Vec<&Value>> {
    let Value::Object(schema) = schema else { return Vec::new() };
    let mut groups = Vec::new();
    for (keyword, value) in schema {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => groups.push(properties.values().collect()),
            ("patternProperties", Value::Object(patterns)) => {
                groups.extend(patterns.values().map(|one| vec![one]));
            }
            ("items" | "prefixItems", Value::Array(elements)) => groups.push(elements.iter().collect()),
            (
                "additionalItems"
                | "additionalProperties"
                | "contains"
                | "contentSchema"
                | "items"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties",
                schema,
            ) => groups.push(vec![schema]),
            _ => {}
        }
    }
    groups
}

/// Schemas, each after all that it leads to, as far as that is possible.
struct PostOrder<'s> {
    schemas: Vec<&'s Value>,
    /// Whether a schema leads back to itself.
    is_circular: bool,
}

/// Walks without recursion: a way through a schema can be as long as the schema is large.
fn post_order<'s>(
    starts: impl IntoIterator<Item = &'s Value>,
    next: impl Fn(&'s Value) -> Vec<&'s Value>,
) -> PostOrder<'s> {
    let mut order = PostOrder { schemas: Vec::new(), is_circular: false };
    let mut is_done: HashMap<*const Value, bool> = HashMap::new();
    for start in starts {
        let mut open = vec![];
        let mut found = Some(start);
        loop {
            if let Some(schema) = found.take() {
                match is_done.get(&address(schema)) {
                    Some(is_done) => order.is_circular |= !is_done,
                    None => {
                        is_done.insert(address(schema), false);
                        open.push((schema, next(schema).into_iter()));
                    }
                }
            }
            let Some((schema, rest)) = open.last_mut() else { break };
            found = rest.next();
            if found.is_none() {
                is_done.insert(address(schema), true);
                order.schemas.push(schema);
                open.pop();
            }
        }
    }
    order
}

/// Tells a schema from others that are equal.
fn address(schema: &Value) -> *const Value {
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pointers_are_decoded() {
        for (reference, expected) in [
            ("#", Some("")),
            ("#/$defs/A", Some("/$defs/A")),
            ("#/%24defs/List%5Bint%5d", Some("/$defs/List[int]")),
            ("#/a~1b/%C3%A9", Some("/a~1b/é")),
            ("#/%4", None),
            ("#/%zz", None),
            ("#/%ff", None),
            ("#name", None),
            ("other.json#/a", None),
            ("", None),
        ] {
            assert_eq!(pointer(reference).as_deref(), expected, "{reference}");
        }
    }

    #[test]
    fn alternatives_multiply_only_where_unions_stand_within_each_other() {
        let alternatives = |schema| Graph::of(&schema).unwrap().alternatives;
        let optional = |schema: Value| json!({"anyOf": [schema, {"type": "null"}]});
        let object =
            |schema: Value| json!({"type": "object", "properties": {"a": schema, "b": {"type": "string"}}});
        assert_eq!(alternatives(object(json!({"type": "string"}))), 1);
        assert_eq!(alternatives(object(optional(object(optional(json!({"type": "string"})))))), 3);
        let twice = |schema: Value| json!({"anyOf": [object(schema.clone()), object(schema)]});
        assert_eq!(alternatives(twice(twice(twice(json!({"type": "string"}))))), 8);
    }

    #[test]
    fn recursion_is_seen() {
        let node =
            json!({"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}});
        assert_eq!(Graph::of(&node), Ok(Graph { alternatives: 2, is_recursive: true }));
        let twice = json!({"properties": {"a": {"$ref": "#/$defs/A"}, "b": {"$ref": "#/$defs/A"}}, "$defs": {"A": {}}});
        assert_eq!(Graph::of(&twice), Ok(Graph { alternatives: 1, is_recursive: false }));
    }
}
