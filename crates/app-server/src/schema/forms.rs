//! Finding one's way in a schema: which forms a value can have, and what each form says of its fields.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The definitions of a schema, by which its references are followed.
#[derive(Clone, Copy)]
pub(super) struct Forms<'a>(pub(super) &'a BTreeMap<String, Value>);

/// One form: a schema that is neither a reference nor only a choice of others.
pub(super) type Form<'a> = &'a Value;

impl<'a> Forms<'a> {
    /// Every form that a value of this schema can have. The parts of an `allOf` count as forms too: Codex's schemas
    /// use it for single references only.
    pub(super) fn of(self, schema: &'a Value) -> Vec<Form<'a>> {
        let mut forms = Vec::new();
        self.collect(schema, 0, &mut forms);
        forms
    }

    fn collect(self, schema: &'a Value, depth: usize, forms: &mut Vec<Form<'a>>) {
        /// Deeper than any schema that is not a circle.
        const DEEPEST: usize = 32;
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
        let referred = reference.and_then(|name| self.0.get(name));
        let choices = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|choice| schema.get(choice)?.as_array());
        let inner: Vec<&Value> = choices.flatten().chain(referred).collect();
        if (inner.is_empty() && *schema != Value::Bool(false)) || schema.get("properties").is_some() {
            forms.push(schema);
        }
        if depth < DEEPEST {
            inner.into_iter().for_each(|inner| self.collect(inner, depth + 1, forms));
        }
    }

    /// The forms of one field, over all forms of the object.
    pub(super) fn of_field(self, objects: &[Form<'a>], name: &str) -> Vec<Form<'a>> {
        let schemas = objects.iter().filter_map(|object| object.get("properties")?.get(name));
        schemas.flat_map(|schema| self.of(schema)).collect()
    }

    /// The forms of an array's elements.
    pub(super) fn of_elements(self, arrays: &[Form<'a>]) -> Vec<Form<'a>> {
        let schemas = arrays.iter().filter_map(|array| array.get("items"));
        schemas.flat_map(|schema| self.of(schema)).collect()
    }

    /// The forms that fit a value by its type, and by its tag: a field that each form gives another fixed value.
    pub(super) fn fitting(self, forms: &[Form<'a>], value: &Value) -> Vec<Form<'a>> {
        let fits = |form: &Form<'a>| types(form).contains(type_of(value)) && allows(form, value);
        let fitting: Vec<_> = forms.iter().copied().filter(fits).collect();
        match value {
            Value::Object(fields) if fitting.len() > 1 => {
                fitting.into_iter().filter(|form| self.has_tags(form, fields)).collect()
            }
            _ => fitting,
        }
    }

    fn has_tags(self, form: Form<'a>, fields: &Map<String, Value>) -> bool {
        fields.iter().filter(|(_, value)| value.is_string()).all(|(name, value)| {
            let forms = self.of_field(&[form], name);
            forms.is_empty() || forms.iter().any(|form| allows(form, value))
        })
    }
}

/// Whether an object of this form can have fields that it does not name.
pub(super) fn is_open(object: Form<'_>) -> bool {
    object.get("additionalProperties").is_some_and(|more| *more != Value::Bool(false))
}

/// The fields that an object of this form must have.
pub(super) fn required<'a>(object: Form<'a>) -> impl Iterator<Item = &'a str> {
    object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

/// The types that a value of this form can have, by their names in JSON Schema; all where the form does not say.
pub(super) fn types(form: Form<'_>) -> BTreeSet<&'static str> {
    let known = |name: &str| TYPES.into_iter().find(|known| *known == name);
    let mut types: BTreeSet<&str> = match (form.get("type"), form.get("enum").and_then(Value::as_array)) {
        (Some(Value::String(name)), _) => known(name).into_iter().collect(),
        (Some(Value::Array(names)), _) => names.iter().filter_map(|name| known(name.as_str()?)).collect(),
        (_, Some(values)) => values.iter().map(type_of).collect(),
        _ if form.get("properties").is_some() => BTreeSet::from(["object"]),
        _ => TYPES.into(),
    };
    if types.contains("number") {
        types.insert("integer");
    }
    types
}

/// The types of several forms together.
pub(super) fn all_types(forms: &[Form<'_>]) -> BTreeSet<&'static str> {
    forms.iter().flat_map(|form| types(form)).collect()
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether a value is in the fixed set of values that the form allows, if it has one.
fn allows(form: Form<'_>, value: &Value) -> bool {
    form.get("enum").and_then(Value::as_array).is_none_or(|values| values.contains(value))
        && form.get("const").is_none_or(|constant| constant == value)
}
