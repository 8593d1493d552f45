//! The functions that a caller offers, and which of them the model may or must call.

use serde_json::{Value, json};

use super::{
    error::ApiError,
    schema::{self, OutputSchema},
    value::{At, Fields},
};
use crate::turn::Tool;

/// What a caller says about calling functions.
#[derive(Debug, Default)]
pub(super) struct ToolUse {
    /// The functions that the model is offered.
    pub(super) tools: Vec<Tool>,
    /// What arguments are held to, by the function's name: of those that are `strict`, and of all where one must be called.
    pub(super) held: Vec<(String, OutputSchema)>,
    /// The call that must come, where one must. The functions are not offered then.
    pub(super) forced: Option<Forced>,
    /// Whether the model may make several calls at once.
    pub(super) parallel: bool,
    /// Whether an answer without a call is an error.
    pub(super) must_call: bool,
}

/// A forced call. Codex has no word for it, so the model's text is constrained to what the call needs.
#[derive(Debug)]
pub(super) enum Forced {
    /// The text is the arguments of this function.
    Arguments { name: String, schema: OutputSchema },
    /// The text is `{"call": {"name": …, "arguments": …}}`.
    AnyOf { schema: OutputSchema },
}

/// How many functions OpenAI takes.
const MAX_TOOLS: usize = 128;

/// A function as the caller describes it.
pub(super) struct Offered {
    path: String,
    pub(super) tool: Tool,
    pub(super) strict: bool,
}

/// The name of a function, which is all that is said of it, and where it stands.
pub(super) fn name_of(mut function: Fields) -> Result<(String, String), ApiError> {
    let name = function.require("name")?;
    let path = name.path().to_owned();
    let name = name.string()?;
    function.finish()?;
    Ok((path, name))
}

/// Reads the name, the description, the parameters and `strict`.
pub(super) fn function_of(mut function: Fields) -> Result<Offered, ApiError> {
    let path = function.path().to_owned();
    let name = function.require("name")?;
    let name_path = name.path().to_owned();
    let name = name.string()?;
    let is_usual = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_usual) {
        return Err(ApiError::invalid(
            &name_path,
            "invalid_value",
            format!("`{name_path}` must be 1 to 64 letters, digits, underscores and hyphens."),
        ));
    }
    let description = function.take("description").map(At::string).transpose()?.unwrap_or_default();
    let parameters = match function.take("parameters") {
        Some(parameters) if parameters.value().is_object() => parameters.into_value(),
        Some(parameters) => return Err(parameters.wrong_type("an object with a JSON Schema")),
        None => json!({"type": "object", "properties": {}}),
    };
    let strict = function.take("strict").map(At::bool).transpose()?.unwrap_or(false);
    function.finish()?;
    Ok(Offered { path, tool: Tool { name, description, parameters }, strict })
}

fn check(offered: &[Offered]) -> Result<(), ApiError> {
    if offered.len() > MAX_TOOLS {
        return Err(ApiError::invalid(
            "tools",
            "invalid_value",
            format!("`tools` has {} functions; at most {MAX_TOOLS} are allowed.", offered.len()),
        ));
    }
    for (index, function) in offered.iter().enumerate() {
        if offered[..index].iter().any(|other| other.tool.name == function.tool.name) {
            let (path, name) = (&function.path, &function.tool.name);
            return Err(ApiError::invalid(
                path,
                "invalid_value",
                format!("`{path}` has the name `{name}`, which an earlier function has already."),
            ));
        }
    }
    Ok(())
}

/// What is asked of the model, before it is known whether the functions are there.
pub(super) enum Asked {
    Auto,
    None,
    Required,
    Named { path: String, name: String },
    Allowed { names: Vec<(String, String)>, required: bool },
}

/// `auto`, `none` or `required`.
pub(super) fn choice_in_a_word(path: &str, choice: &str) -> Result<Asked, ApiError> {
    match choice {
        "auto" => Ok(Asked::Auto),
        "none" => Ok(Asked::None),
        "required" => Ok(Asked::Required),
        other => Err(ApiError::invalid(
            path,
            "invalid_value",
            format!(
                "`{path}` is `{other}`; it must be `auto`, `none`, `required`, a function or `allowed_tools`."
            ),
        )),
    }
}

/// The `mode` of `allowed_tools`: whether one of them must be called.
pub(super) fn must_call(mode: At) -> Result<bool, ApiError> {
    let path = mode.path().to_owned();
    match mode.string()?.as_str() {
        "auto" => Ok(false),
        "required" => Ok(true),
        other => {
            let message = format!("`{path}` is `{other}`; it must be `auto` or `required`.");
            Err(ApiError::invalid(&path, "invalid_value", message))
        }
    }
}

/// Tools other than functions are OpenAI's own, which Codex's are not.
pub(super) fn expect_function(kind: At) -> Result<(), ApiError> {
    let path = kind.path().to_owned();
    match kind.string()?.as_str() {
        "function" => Ok(()),
        other => Err(ApiError::unsupported(
            &path,
            format!("`{path}` is `{other}`; only functions can be offered to the model."),
        )),
    }
}

/// Brings what is asked and what is offered together.
pub(super) fn choose(mut offered: Vec<Offered>, asked: Asked, parallel: bool) -> Result<ToolUse, ApiError> {
    check(&offered)?;
    let known = |offered: &[Offered], path: &str, name: &str| {
        if offered.iter().any(|function| function.tool.name == name) {
            return Ok(());
        }
        let message = format!("`{path}` is `{name}`, but `tools` has no such function.");
        Err(ApiError::invalid(path, "invalid_value", message))
    };
    let required = match asked {
        Asked::Auto => false,
        // Functions that must not be called are not offered.
        Asked::None => {
            offered.clear();
            false
        }
        Asked::Required => true,
        Asked::Named { path, name } => {
            known(&offered, &path, &name)?;
            offered.retain(|function| function.tool.name == name);
            true
        }
        Asked::Allowed { names, required } => {
            for (path, name) in &names {
                known(&offered, path, name)?;
            }
            offered.retain(|function| names.iter().any(|(_, name)| *name == function.tool.name));
            required
        }
    };
    if required {
        let forced = forced(&offered)?;
        if forced.schema().is_told() {
            return Ok(ToolUse { forced: Some(forced), parallel, ..ToolUse::default() });
        }
        // Arguments that strict mode has no words for, or too few: the model is offered the functions, and must be seen to call one,
        // as the caller describes it.
    }
    let held = offered.iter().filter(|function| required || function.strict);
    let held: Result<_, ApiError> =
        held.map(|function| Ok((function.tool.name.clone(), arguments_schema(function)?))).collect();
    Ok(ToolUse {
        held: held?,
        tools: offered.into_iter().map(|function| function.tool).collect(),
        forced: None,
        parallel,
        must_call: required,
    })
}

impl Forced {
    pub(super) fn schema(&self) -> &OutputSchema {
        match self {
            Self::Arguments { schema, .. } | Self::AnyOf { schema } => schema,
        }
    }

    /// Whether the model's text is the arguments as they come, so that they can be streamed.
    pub(super) fn is_verbatim(&self) -> bool {
        matches!(self, Self::Arguments { schema, .. } if schema.is_verbatim())
    }
}

fn forced(offered: &[Offered]) -> Result<Forced, ApiError> {
    if let [only] = offered {
        let schema = arguments_schema(only)?;
        return Ok(Forced::Arguments { name: only.tool.name.clone(), schema });
    }
    if offered.is_empty() {
        return Err(ApiError::invalid(
            "tool_choice",
            "invalid_value",
            "`tool_choice` wants a function called, but `tools` has none.",
        ));
    }
    // Each by itself, so that an error names the function.
    offered.iter().try_for_each(|function| arguments_schema(function).map(drop))?;
    let calls: Vec<Value> = offered
        .iter()
        .enumerate()
        .map(|(index, Offered { tool, .. })| {
            let mut arguments = tool.parameters.clone();
            // The name of a whole document, which it is no longer.
            if let Some(root) = arguments.as_object_mut() {
                ["$id", "id"].iter().for_each(|name| drop(root.shift_remove(*name)));
            }
            rebase(&mut arguments, &format!("#/properties/call/anyOf/{index}/properties/arguments"));
            json!({
                "type": "object",
                "description": tool.description,
                "properties": {
                    "name": {"type": "string", "enum": [tool.name]},
                    "arguments": arguments,
                },
                "required": ["name", "arguments"],
                "additionalProperties": false,
            })
        })
        .collect();
    let any = json!({
        "type": "object",
        "properties": {"call": {"anyOf": calls}},
        "required": ["call"],
        "additionalProperties": false,
    });
    let schema = OutputSchema::new(&any, None)
        .map_err(|error| ApiError::invalid("tools", "invalid_schema", format!("`tools`: {error}")))?;
    Ok(Forced::AnyOf { schema })
}

/// Makes the references of a schema, which are from its root, right for the place where it now stands.
fn rebase(schema: &mut Value, root: &str) {
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("$ref", Value::String(reference)) if reference.starts_with('#') => {
                        reference.replace_range(..1, root);
                    }
                    (_, value) => rebase(value, root),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| rebase(value, root)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The schema of a function's arguments, with the function's name and description, which the model would not see
/// otherwise.
fn arguments_schema(function: &Offered) -> Result<OutputSchema, ApiError> {
    let Tool { name, description, parameters } = &function.tool;
    let what = match description.as_str() {
        "" => format!("Arguments of the function `{name}`"),
        description => format!("Arguments of the function `{name}`: {description}"),
    };
    let path = format!("{}.parameters", function.path);
    OutputSchema::new(&schema::described(parameters.clone(), &what), function.strict.then_some(true))
        .map_err(|error| ApiError::invalid(&path, "invalid_schema", format!("`{path}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(index: usize, name: &str) -> Offered {
        let function = At::new(format!("tools[{index}]"), json!({"name": name}));
        function_of(function.object().unwrap()).unwrap_or_else(|error| panic!("{error:?}"))
    }

    #[test]
    fn a_request_has_a_limited_number_of_functions() {
        let functions = |count| Vec::from_iter((0..count).map(|index| offered(index, &format!("f{index}"))));
        assert!(check(&functions(MAX_TOOLS)).is_ok());
        let error = check(&functions(MAX_TOOLS + 1)).unwrap_err();
        assert_eq!((error.status, error.body.param.as_deref()), (400, Some("tools")));
        assert!(error.body.message.contains("129 functions; at most 128"), "{}", error.body.message);
    }

    #[test]
    fn two_functions_of_one_name_are_told_apart_by_their_place() {
        let error = check(&[offered(0, "f"), offered(1, "g"), offered(2, "f")]).unwrap_err();
        assert_eq!(error.body.param.as_deref(), Some("tools[2]"));
    }

    #[test]
    fn a_name_has_1_to_64_usual_characters() {
        let named = |name: &str| {
            function_of(At::new("tools[0]", json!({"name": name})).object().unwrap())
                .err()
                .map(|error| error.status)
        };
        for usual in ["f", "F_9-x", &"f".repeat(64)] {
            assert_eq!(named(usual), None, "{usual}");
        }
        for unusual in ["", "a b", "é", "a.b", &"f".repeat(65)] {
            assert_eq!(named(unusual), Some(400), "{unusual}");
        }
    }

    #[test]
    fn how_many_must_be_called_is_said_in_known_words() {
        let required = |mode: &str| must_call(At::new("tool_choice.mode", json!(mode)));
        assert!(matches!((required("auto"), required("required")), (Ok(false), Ok(true))));
        for error in
            [required("any").unwrap_err(), choice_in_a_word("tool_choice.mode", "any").err().unwrap()]
        {
            assert_eq!(error.body.param.as_deref(), Some("tool_choice.mode"));
            assert!(error.body.message.starts_with("`tool_choice.mode` is `any`; it must be `auto`"));
        }
    }
}
