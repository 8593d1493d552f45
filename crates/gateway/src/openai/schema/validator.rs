//! The caller's own schema, by which every answer is judged.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ReferencingError, ValidationError, Validator};
use serde_json::Value;

use super::error::{OutputError, SchemaError};
use super::{limits, text};

/// How many errors may be gathered to find the one worth telling. The validator looks into every branch of a union at
/// every level of the answer, so that they can be many more than the answer has parts.
const MAX_ERRORS: usize = 100_000;

#[derive(Debug)]
pub(super) struct CallerSchema {
    validator: Validator,
    /// The most branches that one union of the schema has.
    widest_union: usize,
}

impl CallerSchema {
    /// Compiles a schema by the draft that it names; else by the newest, or by draft 7, which most generators speak.
    pub(super) fn compile(schema: &Value) -> Result<Self, SchemaError> {
        // A format is a hint, as it is by default in the newest draft: the model is held to those that strict mode
        // knows, and the caller didn't ask for an error over the others.
        let options = || jsonschema::options().offline().should_validate_formats(false);
        let validator = match options().build(schema) {
            Err(error) if schema.get("$schema").is_none() => {
                options().with_draft(Draft::Draft7).build(schema).map_err(|_| error)
            }
            built => built,
        };
        Ok(Self { validator: validator.map_err(schema_error)?, widest_union: widest_union(schema) })
    }

    pub(super) fn check(&self, answer: &str) -> Result<(), OutputError> {
        let answer = text::parse(answer)?;
        if self.validator.is_valid(&answer) { Ok(()) } else { Err(self.explain(&answer)) }
    }

    fn explain(&self, answer: &Value) -> OutputError {
        let depth = limits::depth(answer, usize::MAX);
        let worst = u32::try_from(depth).ok().and_then(|depth| self.widest_union.checked_pow(depth));
        match self.validator.validate(answer) {
            Err(error) if worst.is_some_and(|errors| errors <= MAX_ERRORS) => closest(&error),
            _ => OutputError::mismatch("#", "some value within fits none of the schemas that it may fit"),
        }
    }
}

/// The error to tell. Of the branches of a union, the one that the answer follows furthest is most likely meant.
fn closest(error: &ValidationError<'_>) -> OutputError {
    let depth = |error: &ValidationError<'_>| error.instance_path().segments().count();
    if let ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } =
        error.kind()
        && let Some(deepest) = context.iter().flatten().max_by_key(|error| depth(error))
        && depth(deepest) > depth(error)
    {
        return closest(deepest);
    }
    OutputError::mismatch(&format!("#{}", error.instance_path()), &error.masked().to_string())
}

fn schema_error(error: ValidationError<'_>) -> SchemaError {
    match error.kind() {
        ValidationErrorKind::Referencing(ReferencingError::Unretrievable { uri, .. }) => {
            SchemaError::Remote { uri: super::error::shortened(uri, 150) }
        }
        _ => SchemaError::invalid(&format!("#{}", error.instance_path()), &error.masked().to_string()),
    }
}

fn widest_union(schema: &Value) -> usize {
    let mut widest = 1;
    let mut open = vec![schema];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(elements) => open.extend(elements),
            Value::Object(members) => {
                for keyword in ["anyOf", "oneOf"] {
                    let branches = members.get(keyword).and_then(Value::as_array);
                    widest = branches.map_or(widest, |branches| widest.max(branches.len()));
                }
                open.extend(members.values());
            }
            _ => {}
        }
    }
    widest
}
