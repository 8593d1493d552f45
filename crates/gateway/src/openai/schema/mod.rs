//! Structured output: an answer that fits the caller's JSON Schema.
//!
//! The caller's schema may say anything that JSON Schema can say. The provider holds the model to a schema too, but
//! always in strict mode, which knows only a part of JSON Schema. So there are two schemas, and two ways between them:
//!
//! ```text
//! caller's schema ──strict──▶ upstream schema ──▶ model
//!        │                                          │
//!     validate ◀──────────── undo ◀── text ─────────┘
//! ```
//!
//! Invariant: what [`OutputSchema::accept`] returns fits the caller's own schema, whatever went upstream.

mod error;
mod graph;
mod limits;
mod strict;
#[cfg(test)]
mod tests;
mod text;
mod validator;

use std::borrow::Cow;

use serde_json::Value;

pub(crate) use error::{OutputError, SchemaError};
pub(crate) use strict::Inexpressible;

use strict::Strict;
use validator::CallerSchema;

/// What a caller wants an answer to look like.
#[derive(Debug)]
pub(crate) struct OutputSchema {
    caller: CallerSchema,
    upstream: Upstream,
}

/// What the provider is told.
#[derive(Debug)]
enum Upstream {
    Derived(Strict),
    /// The caller calls the schema strict, but by our rules it is not. The provider's rules change from time to time,
    /// so it has the last word.
    Unchanged(Value),
    /// Nothing: the model is free, and only its answer is checked.
    Unconstrained(Inexpressible),
}

impl OutputSchema {
    /// Reads a caller's schema. `strict` is the caller's word for whether it is of OpenAI's strict kind.
    ///
    /// # Errors
    ///
    /// Where the schema is not a valid JSON Schema, refers to another document, or is too large or too deep.
    pub(crate) fn new(schema: &Value, strict: Option<bool>) -> Result<Self, SchemaError> {
        limits::check(schema)?;
        let caller = CallerSchema::compile(schema)?;
        let upstream = match Strict::derive(schema) {
            Ok(derived) => Upstream::Derived(derived),
            Err(_) if strict == Some(true) => Upstream::Unchanged(schema.clone()),
            Err(reason) => Upstream::Unconstrained(reason),
        };
        Ok(Self { caller, upstream })
    }

    /// The schema to hold the model to, in the provider's strict mode.
    ///
    /// # Errors
    ///
    /// Where strict mode can't say what the schema means: the part that it can't say. The model is then not held to
    /// anything, and should be told the schema in words.
    pub(crate) fn upstream(&self) -> Result<&Value, &Inexpressible> {
        match &self.upstream {
            Upstream::Derived(strict) => Ok(strict.schema()),
            Upstream::Unchanged(schema) => Ok(schema),
            Upstream::Unconstrained(reason) => Err(reason),
        }
    }

    /// Whether the model is told upstream all that the caller's schema says. Else it should be told the schema in words.
    pub(crate) fn is_told(&self) -> bool {
        match &self.upstream {
            Upstream::Derived(strict) => strict.is_told(),
            Upstream::Unchanged(_) => true,
            Upstream::Unconstrained(_) => false,
        }
    }

    /// Whether the model's text is the answer as it comes, so that it can be streamed. It can still turn out not to
    /// fit, by a rule that strict mode doesn't enforce: [`accept`](Self::accept) the whole text at the end.
    pub(crate) fn is_verbatim(&self) -> bool {
        match &self.upstream {
            Upstream::Derived(strict) => strict.is_verbatim(),
            Upstream::Unchanged(_) => true,
            Upstream::Unconstrained(_) => false,
        }
    }

    /// Makes the answer of the model's whole text: JSON that fits the caller's schema. Numbers, strings and the order of
    /// members stay as the model wrote them.
    ///
    /// # Errors
    ///
    /// Where the text is not JSON, or doesn't fit: where in it, and why.
    pub(crate) fn accept(&self, text: &str) -> Result<String, OutputError> {
        let answer = match &self.upstream {
            Upstream::Derived(strict) => strict.undo(text)?,
            Upstream::Unchanged(_) => Cow::Borrowed(text),
            Upstream::Unconstrained(_) => Cow::Borrowed(text::unfenced(text)),
        };
        self.caller.check(&answer)?;
        Ok(answer.into_owned())
    }

    /// What can be given of an answer that was cut off: as far as it goes, without what is asked for upstream only.
    pub(crate) fn so_far<'t>(&self, text: &'t str) -> &'t str {
        match &self.upstream {
            Upstream::Derived(strict) => strict.so_far(text),
            Upstream::Unchanged(_) | Upstream::Unconstrained(_) => text,
        }
    }

    /// Checks a text that the model wrote by the caller's schema itself, as it does the arguments of a call.
    ///
    /// # Errors
    ///
    /// As for [`accept`](Self::accept).
    pub(crate) fn check(&self, text: &str) -> Result<(), OutputError> {
        self.caller.check(text)
    }
}

/// A schema with another description ahead of its own.
pub(crate) fn described(mut schema: Value, description: &str) -> Value {
    if let Some(fields) = schema.as_object_mut() {
        let own = fields.get("description").and_then(Value::as_str);
        let described = own.map_or_else(|| description.to_owned(), |own| format!("{description}\n{own}"));
        fields.insert("description".to_owned(), described.into());
    }
    schema
}

/// Makes the answer of the model's whole text where any JSON object will do. A Markdown fence around it is taken off.
///
/// # Errors
///
/// Where the text is not JSON, or is no object.
pub(crate) fn json_object(text: &str) -> Result<String, OutputError> {
    let text = text::unfenced(text);
    match text::parse(text)? {
        Value::Object(_) => Ok(text.to_owned()),
        _ => Err(OutputError::NotAnObject),
    }
}
