//! Finding one's way in a schema: which forms a value can have, and what each form says of its fields.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The definitions of a schema, by which its references are followed.
#[derive(Clone, Copy)]
pub(super) struct Definitions<'a>(pub(super) &'a BTreeMap<String, Value>);

/// One way in which a value can be valid: all of these schemas hold, and none of their references and choices is left
/// open.
#[derive(Clone)]
pub(super) struct Form<'a>(Vec<&'a Value>);

impl<'a> Definitions<'a> {
    /// Every form that a value of this schema can have.
    pub(super) fn forms(self, schema: &'a Value) -> Vec<Form<'a>> {
        /// Deeper than any schema that is not a circle.
        const DEEPEST: usize = 16;
        self.expand(schema, DEEPEST)
    }

    fn expand(self, schema: &'a Value, depth: usize) -> Vec<Form<'a>> {
        if depth == 0 || *schema == Value::Bool(false) {
            return Vec::new();
        }
        let parts = |keyword| schema.get(keyword).and_then(Value::as_array).map(Vec::as_slice);
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
        let referred = name.and_then(|name| self.0.get(name));
        // Each of these must hold, by one of its members.
        let all = parts("allOf").unwrap_or_default().iter().chain(referred).map(std::slice::from_ref);
        let choices = all.chain(parts("anyOf")).chain(parts("oneOf"));
        choices.fold(vec![Form(vec![schema])], |forms, choice| {
            let choice: Vec<_> = choice.iter().flat_map(|member| self.expand(member, depth - 1)).collect();
            both(&forms, &choice)
        })
    }

    /// The forms of a field, over all forms of the object.
    pub(super) fn of_field(self, objects: &[Form<'a>], name: &str) -> Vec<Form<'a>> {
        objects
            .iter()
            .flat_map(|object| self.each(object.0.iter().filter_map(|it| it.get("properties")?.get(name))))
            .collect()
    }

    /// The forms of an array's elements, over all forms of the array.
    pub(super) fn of_elements(self, arrays: &[Form<'a>]) -> Vec<Form<'a>> {
        arrays.iter().flat_map(|array| self.each(array.0.iter().filter_map(|it| it.get("items")))).collect()
    }

    /// The forms of a value of which all of these schemas hold; none where nothing is said of it.
    fn each(self, schemas: impl Iterator<Item = &'a Value>) -> Vec<Form<'a>> {
        let forms = schemas.map(|schema| self.forms(schema));
        forms.reduce(|one, other| both(&one, &other)).unwrap_or_default()
    }

    /// The forms that fit a value by its type, and by its tag: a field for which each form has another value.
    pub(super) fn fitting(self, forms: &[Form<'a>], value: &Value) -> Vec<Form<'a>> {
        let fits = |form: &&Form<'a>| form.types().contains(type_of(value)) && form.allows(value);
        let fitting: Vec<_> = forms.iter().filter(fits).cloned().collect();
        match value {
            Value::Object(fields) if fitting.len() > 1 => {
                fitting.into_iter().filter(|form| self.has_tags(form, fields)).collect()
            }
            _ => fitting,
        }
    }

    fn has_tags(self, form: &Form<'a>, fields: &Map<String, Value>) -> bool {
        fields.iter().filter(|(_, value)| value.is_string()).all(|(name, value)| {
            let forms = self.of_field(std::slice::from_ref(form), name);
            forms.is_empty() || forms.iter().any(|form| form.allows(value))
        })
    }
}

/// The forms in which both are valid.
fn both<'a>(one: &[Form<'a>], other: &[Form<'a>]) -> Vec<Form<'a>> {
    let join = |one: &Form<'a>, other: &Form<'a>| Form([one.0.as_slice(), &other.0].concat());
    one.iter().flat_map(|one| other.iter().map(move |other| join(one, other))).collect()
}

impl<'a> Form<'a> {
    /// Whether an object can have fields that no schema names.
    pub(super) fn is_open(&self) -> bool {
        let more = || self.0.iter().filter_map(|schema| schema.get("additionalProperties"));
        let names_fields = self.0.iter().any(|schema| schema.get("properties").is_some());
        (more().next().is_some() || !names_fields) && more().all(|more| *more != Value::Bool(false))
    }

    /// The fields that an object must have.
    pub(super) fn required(&self) -> BTreeSet<&'a str> {
        let lists = self.0.iter().filter_map(|schema| schema.get("required")?.as_array());
        lists.flatten().filter_map(Value::as_str).collect()
    }

    /// The types that a value can have, by their names in JSON Schema.
    fn types(&self) -> BTreeSet<&'static str> {
        let all = BTreeSet::from(TYPES);
        self.0.iter().fold(all, |types, schema| &types & &types_of(schema))
    }

    /// Whether a value is in the fixed set of values, if there is one.
    fn allows(&self, value: &Value) -> bool {
        self.0.iter().all(|schema| {
            schema.get("enum").and_then(Value::as_array).is_none_or(|values| values.contains(value))
                && schema.get("const").is_none_or(|constant| constant == value)
        })
    }
}

/// The types that a value can have in any of the forms.
pub(super) fn types(forms: &[Form<'_>]) -> BTreeSet<&'static str> {
    forms.iter().flat_map(Form::types).collect()
}

const TYPES: [&str; 7] = ["null", "boolean", "integer", "number", "string", "array", "object"];

/// The types that one schema allows by itself; all where it does not say.
fn types_of(schema: &Value) -> BTreeSet<&'static str> {
    let known = |name: &str| TYPES.into_iter().find(|known| *known == name);
    let mut types: BTreeSet<&str> = match schema.get("type") {
        Some(Value::String(name)) => known(name).into_iter().collect(),
        Some(Value::Array(names)) => names.iter().filter_map(|name| known(name.as_str()?)).collect(),
        _ => TYPES.into(),
    };
    if types.contains("number") {
        types.insert("integer");
    }
    types
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
