//! The functions that a chat offers: wrapped in `function`, and in the older form.

use crate::openai::{
    error::ApiError,
    tools::{
        Asked, Offered, ToolUse, choice_in_a_word, choose, expect_function, function_of, must_call, name_of,
    },
    value::{At, Fields},
};

pub(super) fn parse(fields: &mut Fields) -> Result<ToolUse, ApiError> {
    let mut offered = Vec::new();
    if let Some(tools) = fields.take("tools") {
        for tool in tools.list()? {
            offered.push(wrapped_function(tool)?);
        }
    }
    if let Some(functions) = fields.take("functions") {
        for function in functions.list()? {
            offered.push(function_of(function.object()?)?);
        }
    }
    let parallel = fields.take("parallel_tool_calls").map(At::bool).transpose()?.unwrap_or(true);
    let asked = match (fields.take("tool_choice"), fields.take("function_call")) {
        (Some(choice), _) => choice_of(choice)?,
        (None, Some(choice)) => function_call(choice)?,
        (None, None) => Asked::Auto,
    };
    choose(offered, asked, parallel)
}

fn wrapped_function(tool: At) -> Result<Offered, ApiError> {
    let mut tool = tool.object()?;
    expect_function(tool.require("type")?)?;
    let function = function_of(tool.require("function")?.object()?)?;
    tool.finish()?;
    Ok(function)
}

fn choice_of(choice: At) -> Result<Asked, ApiError> {
    if choice.value().is_string() {
        let path = choice.path().to_owned();
        return choice_in_a_word(&path, &choice.string()?);
    }
    let mut choice = choice.object()?;
    let kind = choice.require("type")?;
    let kind_path = kind.path().to_owned();
    match kind.string()?.as_str() {
        "function" => {
            let (path, name) = function_name(&mut choice)?;
            choice.finish()?;
            Ok(Asked::Named { path, name })
        }
        "allowed_tools" => {
            let mut allowed = choice.require("allowed_tools")?.object()?;
            choice.finish()?;
            let required = must_call(allowed.require("mode")?)?;
            let mut names = Vec::new();
            for tool in allowed.require("tools")?.list()? {
                let mut tool = tool.object()?;
                expect_function(tool.require("type")?)?;
                names.push(function_name(&mut tool)?);
                tool.finish()?;
            }
            allowed.finish()?;
            Ok(Asked::Allowed { names, required })
        }
        other => Err(ApiError::unsupported(
            &kind_path,
            format!("`{kind_path}` is `{other}`; only `function` and `allowed_tools` are supported."),
        )),
    }
}

/// The name within `{"function": {"name": …}}`, and where it stands.
fn function_name(choice: &mut Fields) -> Result<(String, String), ApiError> {
    name_of(choice.require("function")?.object()?)
}

/// The older `function_call`.
fn function_call(choice: At) -> Result<Asked, ApiError> {
    if choice.value().is_string() {
        return choice_of(choice);
    }
    let (path, name) = name_of(choice.object()?)?;
    Ok(Asked::Named { path, name })
}
