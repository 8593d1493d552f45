//! The functions that a chat offers: wrapped in `function`, and in the older form.

use super::CallForm;
use crate::openai::{
    error::ApiError,
    tools::{
        Asked, Offered, ToolUse, choice_in_a_word, choose, expect_function, function_of, must_call, name_of,
    },
    value::{At, Fields},
};

/// The functions, and in which form the caller wants their calls: the one in which it offers them.
pub(super) fn parse(fields: &mut Fields) -> Result<(ToolUse, CallForm), ApiError> {
    let tools = fields.take("tools").map(At::list).transpose()?.unwrap_or_default();
    let functions = fields.take("functions").map(At::list).transpose()?.unwrap_or_default();
    let form = if functions.is_empty() { CallForm::Tools } else { CallForm::Older };
    if form == CallForm::Older && !tools.is_empty() {
        return Err(ApiError::invalid(
            "functions",
            "invalid_value",
            "`functions` is the older form of `tools`. Send only one of them.",
        ));
    }
    let offered: Result<Vec<Offered>, ApiError> = match form {
        CallForm::Tools => tools.into_iter().map(wrapped_function).collect(),
        CallForm::Older => functions.into_iter().map(|function| function_of(function.object()?)).collect(),
    };
    let parallel = fields.take("parallel_tool_calls").map(At::bool).transpose()?.unwrap_or(true);
    let asked = match (fields.take("tool_choice"), fields.take("function_call")) {
        (Some(choice), _) => choice_of(choice)?,
        (None, Some(choice)) => function_call(choice)?,
        (None, None) => Asked::Auto,
    };
    // The older form has room for one call.
    Ok((choose(offered?, asked, parallel && form == CallForm::Tools)?, form))
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
