//! The model catalog that Codex is given: its own, less what adds tools or text to a prompt.
//!
//! Some of Codex's tools hang on the model's entry in the catalog and on no switch. So the installed Codex is asked for
//! its catalog, each entry is emptied of tools and instructions, and Codex is started with the result. It is made anew
//! at each start, so that a new version of Codex brings its new models.

use std::{collections::HashMap, process::Stdio, time::Duration};

use app_server::{Command, LaunchError};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

/// The context window of each model, in tokens, by the model's name.
pub(super) type ContextWindows = HashMap<String, u64>;

/// A derived catalog.
#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) text: String,
    /// What it no longer says.
    pub(super) windows: ContextWindows,
}

/// More tokens than any conversation has.
const BOUNDLESS: u64 = 1_000_000_000_000;

/// What is set in every entry.
fn emptied() -> [(&'static str, Value); 13] {
    [
        ("tool_mode", Value::Null),
        ("apply_patch_tool_type", Value::Null),
        ("multi_agent_version", Value::Null),
        ("experimental_supported_tools", json!([])),
        ("supports_search_tool", json!(false)),
        ("base_instructions", json!("")),
        ("model_messages", Value::Null),
        // Without this Codex asks for terse answers, which no caller did.
        ("default_verbosity", Value::Null),
        // Nobody asked for the costlier tier either.
        ("default_service_tier", Value::Null),
        ("include_skills_usage_instructions", json!(false)),
        // Tool outputs would be cut to 10,000 tokens.
        ("truncation_policy", json!({"mode": "bytes", "limit": BOUNDLESS})),
        // Codex would have a conversation near the end of its window summarised, and give the model the summary. The
        // gateway, and after it the provider, refuse what is too long instead.
        ("context_window", json!(BOUNDLESS)),
        ("max_context_window", json!(BOUNDLESS)),
    ]
}

/// Asks Codex for its catalog.
pub(super) async fn derive(codex: &Command) -> Result<Catalog, LaunchError> {
    let problem = |problem: String| LaunchError::Tool { command: "codex debug models".to_owned(), problem };
    let mut command = codex.to_tokio();
    command.args(["debug", "models"]).stdin(Stdio::null()).kill_on_drop(true);
    let output = match timeout(Duration::from_secs(15), command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(source)) => return Err(LaunchError::Spawn { path: codex.program.clone(), source }),
        Err(_) => return Err(problem("did not end within 15 s".to_owned())),
    };
    if !output.status.success() {
        return Err(problem(format!("failed ({})", output.status)));
    }
    let catalog: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| problem(format!("printed something that is not JSON: {error}")))?;
    let windows = context_windows(&catalog);
    let derived = empty(catalog).ok_or_else(|| problem("printed no list of models".to_owned()))?;
    Ok(Catalog { text: derived.to_string(), windows })
}

/// The largest window that each model can be given.
fn context_windows(catalog: &Value) -> ContextWindows {
    let models = catalog.get("models").and_then(Value::as_array);
    let window = |model: &Value| {
        let name = model.get("slug")?.as_str()?.to_owned();
        let size = |field| model.get(field).and_then(Value::as_u64);
        Some((name, size("context_window").max(size("max_context_window"))?))
    };
    models.into_iter().flatten().filter_map(window).collect()
}

/// The catalog with every entry emptied; `None` if it does not look like one.
fn empty(mut catalog: Value) -> Option<Value> {
    let models = catalog.get_mut("models")?.as_array_mut()?;
    for model in models.iter_mut() {
        let model: &mut Map<String, Value> = model.as_object_mut()?;
        model.extend(emptied().map(|(field, value)| (field.to_owned(), value)));
    }
    (!models.is_empty()).then_some(catalog)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_lose_their_tools_and_texts_and_keep_the_rest() {
        let catalog = json!({"models": [{
            "slug": "m", "priority": 3, "context_window": 1000, "tool_mode": "code_mode_only", "base_instructions": "You are …",
            "truncation_policy": {"mode": "tokens", "limit": 10000},
        }]});
        assert_eq!(context_windows(&catalog), HashMap::from([("m".to_owned(), 1000)]));
        let derived = empty(catalog).unwrap();
        let model = &derived["models"][0];
        assert_eq!((&model["slug"], &model["priority"]), (&json!("m"), &json!(3)));
        assert_eq!((&model["tool_mode"], &model["base_instructions"]), (&Value::Null, &json!("")));
        assert_eq!(model["truncation_policy"]["mode"], "bytes");
    }

    #[test]
    fn something_else_is_not_a_catalog() {
        for other in [json!({}), json!({"models": []}), json!({"models": [1]}), json!([])] {
            assert_eq!(empty(other), None);
        }
    }
}
