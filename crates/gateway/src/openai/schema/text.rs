//! Changes to JSON text that leave every other byte of it as it is.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::OutputError;

/// What to take out of a value.
#[derive(Debug)]
pub(super) enum Cut {
    Whole,
    /// Some members of an object, or something within them.
    Members(HashMap<String, Cut>),
    /// Something within some elements of a list.
    Elements(HashMap<usize, Cut>),
}

/// Reads a value. More than 128 levels are refused.
pub(super) fn parse(text: &str) -> Result<Value, OutputError> {
    Ok(serde_json::from_str(text)?)
}

/// The text without white space and a Markdown code fence around it.
pub(super) fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let Some(fenced) = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else {
        return text;
    };
    match fenced.get(..4) {
        Some(language) if language.eq_ignore_ascii_case("json") => fenced[4..].trim(),
        _ => fenced.trim(),
    }
}

/// The text of an object's only member, if it has that name and no other member is there.
pub(super) fn only_member<'t>(text: &'t str, name: &str) -> Result<Option<&'t str>, OutputError> {
    let Ok(Members(members)) = serde_json::from_str(text) else {
        parse(text)?;
        return Ok(None);
    };
    match members.as_slice() {
        [(only, value)] if only == name => Ok(Some(value.get())),
        _ => Ok(None),
    }
}

/// The same of a text that breaks off somewhere: as much as there is of the member's text.
pub(super) fn begun_member<'t>(text: &'t str, name: &str) -> &'t str {
    if let Ok(Some(whole)) = only_member(text, name) {
        return whole;
    }
    let mut rest = text.trim_start();
    for token in ["{", &format!("\"{name}\""), ":"] {
        match rest.strip_prefix(token) {
            Some(after) => rest = after.trim_start(),
            None => return "",
        }
    }
    rest
}

/// The text of a value without what is cut from it.
pub(super) fn without(text: &str, cut: &Cut) -> Result<String, OutputError> {
    let mut kept = String::with_capacity(text.len());
    write_kept(text, Some(cut), &mut kept)?;
    Ok(kept)
}

fn write_kept(text: &str, cut: Option<&Cut>, kept: &mut String) -> Result<(), OutputError> {
    match cut {
        Some(Cut::Whole) => {}
        None => kept.push_str(text),
        Some(Cut::Members(cuts)) => {
            let Members(members) = serde_json::from_str(text)?;
            let mut separator = "";
            kept.push('{');
            for (name, value) in members {
                let cut = cuts.get(&name);
                if matches!(cut, Some(Cut::Whole)) {
                    continue;
                }
                kept.push_str(separator);
                kept.push_str(&serde_json::to_string(&name)?);
                kept.push(':');
                write_kept(value.get(), cut, kept)?;
                separator = ",";
            }
            kept.push('}');
        }
        Some(Cut::Elements(cuts)) => {
            let elements: Vec<&RawValue> = serde_json::from_str(text)?;
            let mut separator = "";
            kept.push('[');
            for (index, element) in elements.into_iter().enumerate() {
                kept.push_str(separator);
                write_kept(element.get(), cuts.get(&index), kept)?;
                separator = ",";
            }
            kept.push(']');
        }
    }
    Ok(())
}

/// The members of an object in their order, their values as text.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}
