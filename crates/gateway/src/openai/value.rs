//! Reads a JSON request field by field, with errors that name the field.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::error::ApiError;

/// A value and where it stands, such as `messages[2].content`.
#[derive(Debug)]
pub(super) struct At {
    path: String,
    value: Value,
}

/// An object whose fields are taken out one by one.
#[derive(Debug)]
pub(super) struct Fields {
    path: String,
    fields: Map<String, Value>,
}

impl At {
    #[cfg(test)]
    pub(super) fn new(path: impl Into<String>, value: Value) -> Self {
        Self { path: path.into(), value }
    }

    pub(super) fn is_empty_list(&self) -> bool {
        self.value.as_array().is_some_and(Vec::is_empty)
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    pub(super) fn into_value(self) -> Value {
        self.value
    }

    /// The error for a value of another type than `expected`.
    pub(super) fn wrong_type(&self, expected: &str) -> ApiError {
        wrong_type(&self.path, expected, &self.value)
    }

    pub(super) fn string(self) -> Result<String, ApiError> {
        match self.value {
            Value::String(text) => Ok(text),
            other => Err(wrong_type(&self.path, "a string", &other)),
        }
    }

    pub(super) fn bool(self) -> Result<bool, ApiError> {
        self.value.as_bool().ok_or_else(|| wrong_type(&self.path, "true or false", &self.value))
    }

    /// A whole number within a range.
    pub(super) fn integer(self, range: RangeInclusive<u32>) -> Result<u32, ApiError> {
        let number = self.value.as_u64().or_else(|| {
            // `5.0` is a whole number too.
            let number = self.value.as_f64()?;
            (number >= 0.0 && number.fract() == 0.0 && number <= f64::from(u32::MAX)).then_some(number as u64)
        });
        let number = number.and_then(|number| u32::try_from(number).ok());
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            let wanted = if *most == u32::MAX {
                format!("a whole number of at least {least}")
            } else {
                format!("a whole number from {least} to {most}")
            };
            ApiError::invalid(&self.path, "invalid_value", format!("`{}` must be {wanted}.", self.path))
        })
    }

    /// The elements of a list, each with its index in its path.
    pub(super) fn list(self) -> Result<Vec<At>, ApiError> {
        match self.value {
            Value::Array(values) => Ok(values
                .into_iter()
                .enumerate()
                .map(|(index, value)| At { path: format!("{}[{index}]", self.path), value })
                .collect()),
            other => Err(wrong_type(&self.path, "a list", &other)),
        }
    }

    pub(super) fn object(self) -> Result<Fields, ApiError> {
        match self.value {
            Value::Object(fields) => Ok(Fields { path: self.path, fields }),
            other => Err(wrong_type(&self.path, "an object", &other)),
        }
    }
}

impl Fields {
    pub(super) fn new(fields: Map<String, Value>) -> Self {
        Self { path: String::new(), fields }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Where a field of this object stands.
    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| !value.is_null())
    }

    /// Takes a field out. One that is `null` is the same as one that is not there.
    pub(super) fn take(&mut self, name: &str) -> Option<At> {
        let value = self.fields.remove(name).filter(|value| !value.is_null())?;
        Some(At { path: self.path_of(name), value })
    }

    pub(super) fn require(&mut self, name: &str) -> Result<At, ApiError> {
        self.take(name).ok_or_else(|| {
            let path = self.path_of(name);
            ApiError::invalid(&path, "missing_required_parameter", format!("`{path}` is required."))
        })
    }

    /// Refuses the first field that is left, unless it is `null`: whatever was not taken out would be ignored.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        match self.fields.iter().find(|(_, value)| !value.is_null()) {
            None => Ok(()),
            Some((name, _)) => {
                let path = self.path_of(name);
                Err(ApiError::unsupported(&path, format!("`{path}` is not supported. Remove it.")))
            }
        }
    }
}

fn wrong_type(path: &str, expected: &str, value: &Value) -> ApiError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    ApiError::invalid(path, "invalid_type", format!("`{path}` must be {expected}, not {found}."))
}
