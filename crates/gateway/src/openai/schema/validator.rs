//! The caller's own schema, by which every answer is judged.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ValidationError, Validator};
use serde_json::Value;

use super::error::{OutputError, SchemaError};
use super::graph::Graph;
use super::limits::Size;
use super::text;

/// How many errors may be gathered to find the one worth telling. The validator looks into every branch of a union, and
/// into the unions within, so that they can be many more than the answer has values.
const MAX_ERRORS: usize = 1_000_000;

#[derive(Debug)]
pub(super) struct CallerSchema {
    validator: Validator,
    graph: Graph,
}

impl CallerSchema {
    /// Compiles a schema by the draft that it names. Where it names none, or a dialect of its own, by the newest, or by draft
    /// 7, which most generators speak.
    pub(super) fn compile(schema: &Value) -> Result<Self, SchemaError> {
        let graph = Graph::of(schema)?;
        // A format is a hint, as it is by default in the newest draft: the model is held to those that strict mode
        // knows, and the caller didn't ask for an error over the others.
        let options = || jsonschema::options().offline().should_validate_formats(false);
        let names_draft = schema
            .get("$schema")
            .and_then(Value::as_str)
            .is_some_and(|dialect| dialect.contains("://json-schema.org/"));
        let validator = match options().build(schema) {
            Err(_) if !names_draft => options()
                .with_draft(Draft::Draft202012)
                .build(schema)
                .or_else(|error| options().with_draft(Draft::Draft7).build(schema).map_err(|_| error)),
            built => built,
        };
        Ok(Self { validator: validator.map_err(schema_error)?, graph })
    }

    pub(super) fn check(&self, answer: &str) -> Result<(), OutputError> {
        let answer = text::parse(answer)?;
        if self.validator.is_valid(&answer) { Ok(()) } else { Err(self.explain(&answer)) }
    }

    fn explain(&self, answer: &Value) -> OutputError {
        if self.most_errors(answer).is_some_and(|errors| errors <= MAX_ERRORS)
            && let Err(error) = self.validator.validate(answer)
        {
            return closest(&error);
        }
        OutputError::mismatch("#", "some value within fits none of the schemas that it may fit")
    }

    /// How many errors there may be to gather, if that can be counted.
    fn most_errors(&self, answer: &Value) -> Option<usize> {
        let size = Size::of(answer);
        let levels = if self.graph.is_recursive { size.levels } else { 1 };
        self.graph.alternatives.checked_pow(u32::try_from(levels).ok()?)?.checked_mul(size.values)
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
    SchemaError::invalid(&format!("#{}", error.instance_path()), &error.masked().to_string())
}
