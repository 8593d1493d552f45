//! The functions that a Responses API request offers.

use serde_json::{Value, json};

use crate::openai::{
    error::ApiError,
    tools::{
        Asked, Offered, ToolUse, choice_in_a_word, choose, expect_function, function_of, must_call, name_of,
    },
    value::{At, Fields},
};

/// What a request says about its functions, and how the response says it again.
pub(super) struct Tools {
    pub(super) used: ToolUse,
    pub(super) tools: Value,
    pub(super) tool_choice: Value,
    pub(super) parallel_tool_calls: bool,
}

pub(super) fn parse(fields: &mut Fields) -> Result<Tools, ApiError> {
    let mut offered = Vec::new();
    if let Some(tools) = fields.take("tools") {
        for tool in tools.list()? {
            offered.push(function(tool)?);
        }
    }
    let parallel = fields.take("parallel_tool_calls").map(At::bool).transpose()?.unwrap_or(true);
    let choice = fields.take("tool_choice");
    let tool_choice = choice.as_ref().map_or(json!("auto"), |choice| choice.value().clone());
    let asked = choice.map_or(Ok(Asked::Auto), choice_of)?;
    let tools = offered.iter().map(repeated).collect();
    let used = choose(offered, asked, parallel)?;
    Ok(Tools { used, tools, tool_choice, parallel_tool_calls: parallel })
}

/// A function as responses repeat it.
fn repeated(Offered { tool, strict, .. }: &Offered) -> Value {
    json!({
        "type": "function",
        "name": tool.name,
        "description": (!tool.description.is_empty()).then_some(&tool.description),
        "parameters": tool.parameters,
        "strict": strict,
    })
}

fn function(tool: At) -> Result<Offered, ApiError> {
    let mut tool = tool.object()?;
    expect_function(tool.require("type")?)?;
    for (field, default) in [("defer_loading", false), ("async", false)] {
        let other = tool.take(field).filter(|value| value.value() != default);
        if let Some(other) = other {
            let path = other.path();
            return Err(ApiError::unsupported(path, format!("`{path}` is not supported. Remove it.")));
        }
    }
    function_of(tool)
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
            let (path, name) = name_of(choice)?;
            Ok(Asked::Named { path, name })
        }
        "allowed_tools" => {
            let required = must_call(choice.require("mode")?)?;
            let mut names = Vec::new();
            for tool in choice.require("tools")?.list()? {
                let mut tool = tool.object()?;
                expect_function(tool.require("type")?)?;
                names.push(name_of(tool)?);
            }
            choice.finish()?;
            Ok(Asked::Allowed { names, required })
        }
        other => Err(ApiError::unsupported(
            &kind_path,
            format!("`{kind_path}` is `{other}`; only `function` and `allowed_tools` are supported."),
        )),
    }
}
