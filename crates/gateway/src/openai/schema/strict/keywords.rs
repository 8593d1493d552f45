//! What strict mode makes of each keyword: one readable table.
//!
//! From OpenAI's guide to structured outputs ("Supported schemas"), its SDKs' own checks, and what the backend behind
//! Codex was seen to take and to refuse. Where those differ, or differed within the last year, the safe side is taken:
//! `default` and `examples` are left out.

use serde_json::{Map, Value};

use crate::json_type::type_of;

/// What becomes of a keyword.
#[derive(Debug, Clone, Copy)]
enum Support {
    /// Part of what a schema is made of: handled where the schema is derived.
    Structure,
    /// Known to strict mode.
    Known,
    /// Known to strict mode with such a value.
    KnownIf(fn(&Value) -> bool),
    /// A rule that strict mode refuses.
    Unknown,
}

use Support::{Known, KnownIf, Structure, Unknown};

/// Every type.
pub(super) const ANY: &[&str] = &["array", "boolean", "integer", "null", "number", "object", "string"];
const ARRAY: &[&str] = &["array"];
const NUMBER: &[&str] = &["integer", "number"];
const OBJECT: &[&str] = &["object"];
const STRING: &[&str] = &["string"];

/// The keywords that constrain a value, and the types of value that they constrain. All others are annotations.
const KEYWORDS: &[(&str, &[&str], Support)] = &[
    ("$dynamicRef", ANY, Structure),
    ("$recursiveRef", ANY, Structure),
    ("$ref", ANY, Structure),
    ("additionalItems", ARRAY, Structure),
    ("additionalProperties", OBJECT, Structure),
    ("allOf", ANY, Structure),
    ("anyOf", ANY, Unknown),
    ("const", ANY, Known),
    ("contains", ARRAY, Unknown),
    ("contentEncoding", STRING, Unknown),
    ("contentMediaType", STRING, Unknown),
    ("dependencies", OBJECT, Unknown),
    ("dependentRequired", OBJECT, Unknown),
    ("dependentSchemas", OBJECT, Unknown),
    ("else", ANY, Unknown),
    ("enum", ANY, Known),
    ("exclusiveMaximum", NUMBER, KnownIf(Value::is_number)),
    ("exclusiveMinimum", NUMBER, KnownIf(Value::is_number)),
    ("format", STRING, KnownIf(is_known_format)),
    ("if", ANY, Unknown),
    ("items", ARRAY, Structure),
    ("maxContains", ARRAY, Unknown),
    ("maxItems", ARRAY, Known),
    ("maxLength", STRING, Known),
    ("maxProperties", OBJECT, Unknown),
    ("maximum", NUMBER, Known),
    ("minContains", ARRAY, Unknown),
    ("minItems", ARRAY, Known),
    ("minLength", STRING, Known),
    ("minProperties", OBJECT, Unknown),
    ("minimum", NUMBER, Known),
    ("multipleOf", NUMBER, Known),
    ("not", ANY, Unknown),
    ("oneOf", ANY, Unknown),
    ("pattern", STRING, KnownIf(is_plain_pattern)),
    ("patternProperties", OBJECT, Structure),
    ("prefixItems", ARRAY, Structure),
    ("properties", OBJECT, Structure),
    ("propertyNames", OBJECT, Unknown),
    ("required", OBJECT, Structure),
    ("then", ANY, Unknown),
    ("type", ANY, Structure),
    ("unevaluatedItems", ARRAY, Unknown),
    ("unevaluatedProperties", OBJECT, Structure),
    ("uniqueItems", ARRAY, Unknown),
];

/// The string formats that strict mode enforces. It refuses all others.
const FORMATS: &[&str] =
    &["date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid"];

/// What to do with a keyword of a schema whose values have certain types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Goes upstream as it is.
    Kept,
    /// Handled where the schema is derived.
    Structure,
    /// Can't go upstream, but the answer must keep to it.
    Rule,
    /// Constrains nothing, but the model is shown it as it is.
    Description,
    /// Constrains nothing, but the model is told it: a default, say, or examples.
    Hint,
    /// Means nothing to the model.
    Annotation,
}

/// The keywords that say nothing of a value, or nothing that is not said beside them.
const SILENT: &[&str] = &[
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$id",
    "$recursiveAnchor",
    "$schema",
    "$vocabulary",
    "definitions",
    "discriminator",
    "id",
];

pub(super) fn fate(keyword: &str, value: &Value, types: &[&str]) -> Fate {
    match KEYWORDS.binary_search_by_key(&keyword, |(name, ..)| name).map(|index| KEYWORDS[index]) {
        Ok((_, _, Structure)) => Fate::Structure,
        Ok((_, applies_to, _)) if !applies_to.iter().any(|name| types.contains(name)) => Fate::Annotation,
        Ok((_, _, Known)) => Fate::Kept,
        Ok((_, _, KnownIf(is_known))) if is_known(value) => Fate::Kept,
        Ok(_) => Fate::Rule,
        Err(_) if matches!(keyword, "description" | "title") => Fate::Description,
        Err(_) if SILENT.contains(&keyword) => Fate::Annotation,
        // That a property may be left out is said in another way.
        Err(_) if keyword == "default" && value.is_null() => Fate::Annotation,
        Err(_) => Fate::Hint,
    }
}

/// Whether a keyword constrains nothing.
pub(super) fn is_annotation(keyword: &str, value: &Value) -> bool {
    matches!(fate(keyword, value, ANY), Fate::Annotation | Fate::Description | Fate::Hint)
}

/// Whether a keyword is an annotation that the model is shown, or told.
pub(super) fn is_for_the_model(keyword: &str, value: &Value) -> bool {
    matches!(fate(keyword, value, ANY), Fate::Description | Fate::Hint)
}

/// The keyword by which a schema is a union.
pub(super) fn union_in(schema: &Map<String, Value>) -> Option<&'static str> {
    match (schema.contains_key("anyOf"), schema.contains_key("oneOf")) {
        (true, _) => Some("anyOf"),
        (false, true) => Some("oneOf"),
        (false, false) => None,
    }
}

/// The types that a schema allows, or seems to mean: generators leave `type` out beside `enum` and `properties`. None
/// where a value of any type would do.
pub(super) fn types(schema: &Map<String, Value>) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(only)) => vec![only],
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).collect(),
        _ => {
            let mut types: Vec<&str> = Vec::new();
            for value in values(schema).into_iter().flatten() {
                if !types.contains(&type_of(value)) {
                    types.push(type_of(value));
                }
            }
            if types.is_empty() && schema.contains_key("properties") {
                types.push("object");
            }
            if types.is_empty() && (schema.contains_key("items") || schema.contains_key("prefixItems")) {
                types.push("array");
            }
            types
        }
    }
}

/// The only values that a schema allows. None where it doesn't name them.
pub(super) fn values(schema: &Map<String, Value>) -> Option<Vec<&Value>> {
    match (schema.get("enum").and_then(Value::as_array), schema.get("const")) {
        (Some(values), only) => {
            Some(values.iter().filter(|value| only.is_none_or(|only| only == *value)).collect())
        }
        (None, Some(only)) => Some(vec![only]),
        (None, None) => None,
    }
}

/// Whether a value is of a type that a schema names.
pub(super) fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => type_of(value) == name,
    }
}

fn is_known_format(format: &Value) -> bool {
    format.as_str().is_some_and(|format| FORMATS.contains(&format))
}

/// Whether a pattern looks neither ahead nor behind, which the provider refuses. Pydantic's `Decimal` and zod's `email`
/// do.
fn is_plain_pattern(pattern: &Value) -> bool {
    let Some(pattern) = pattern.as_str() else { return false };
    let escapes_removed = pattern.replace(r"\\", "").replace(r"\(", "");
    !["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| escapes_removed.contains(look))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_is_sorted_and_names_each_keyword_once() {
        assert!(KEYWORDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn patterns_that_look_around_are_known_from_those_that_only_look_like_it() {
        for (pattern, is_plain) in [
            (r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$", false),
            (r"(?<=a)b", false),
            (r"\\(?=a)", false),
            (r"^[a-z]+$", true),
            (r"^(?:a|b)$", true),
            (r"(?<year>\d{4})", true),
            (r"\(?=", true),
        ] {
            assert_eq!(is_plain_pattern(&json!(pattern)), is_plain, "{pattern}");
        }
    }
}
