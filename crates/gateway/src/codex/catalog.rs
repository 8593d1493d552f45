//! The model catalog that Codex is given: its own, less what adds tools or text to a prompt.
//!
//! Some of Codex's tools hang on the model's entry in the catalog and on no switch. So the installed Codex is asked for
//! its catalog, each entry is emptied of tools and instructions, and Codex is started with the result. It is made anew
//! at each start, so that a new version of Codex brings its new models.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    process::Stdio,
    time::Duration,
};

use app_server::{Command, LaunchError};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json, value::RawValue};
use tokio::time::timeout;

/// The context window of each model, in tokens, by the model's name.
pub(super) type ContextWindows = HashMap<String, u64>;

/// A derived catalog.
#[derive(Debug)]
pub(super) struct Catalog {
    /// As JSON.
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
    Catalog::of(&output.stdout).map_err(problem)
}

impl Catalog {
    /// Derives it of what Codex printed. An error says what that is instead.
    fn of(printed: &[u8]) -> Result<Self, String> {
        let mut catalog: Fields<'_> = serde_json::from_slice(printed)
            .map_err(|error| format!("printed something that is no JSON object: {error}"))?;
        let mut models: Vec<Fields<'_>> = catalog.get("models").and_then(Field::read).unwrap_or_default();
        if models.is_empty() {
            return Err("printed no list of models".to_owned());
        }
        let windows = models.iter().filter_map(context_window).collect();
        let emptied = emptied();
        for model in &mut models {
            model.extend(emptied.iter().map(|(field, value)| (Cow::Borrowed(*field), Field::Set(value))));
        }
        catalog.insert("models".into(), Field::Models(models));
        let text = serde_json::to_string(&catalog).map_err(|error| format!("can't be written: {error}"))?;
        Ok(Self { text, windows })
    }
}

/// An object whose values stay as they are written: most of the catalog are texts that are dropped.
type Fields<'a> = BTreeMap<Cow<'a, str>, Field<'a>>;

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Field<'a> {
    Kept(&'a RawValue),
    Set(&'a Value),
    Models(Vec<Fields<'a>>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::Kept(Deserialize::deserialize(deserializer)?))
    }
}

impl<'a> Field<'a> {
    fn read<T: Deserialize<'a>>(&self) -> Option<T> {
        let Self::Kept(value) = self else { return None };
        serde_json::from_str(value.get()).ok()
    }
}

/// A model's name, and the largest window that it can be given.
fn context_window(model: &Fields<'_>) -> Option<(String, u64)> {
    let size = |field| model.get(field)?.read();
    Some((model.get("slug")?.read()?, size("context_window").max(size("max_context_window"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_lose_their_tools_and_texts_and_keep_the_rest() {
        let printed = json!({"version": 1, "models": [{
            "slug": "m", "priority": 3, "context_window": 1000, "max_context_window": null, "tool_mode": "code_mode_only",
            "base_instructions": "You are …", "truncation_policy": {"mode": "tokens", "limit": 10000}, "of": {"a": [1.50]},
        }]});
        let Catalog { text, windows } = Catalog::of(printed.to_string().as_bytes()).unwrap();
        assert_eq!(windows, HashMap::from([("m".to_owned(), 1000)]));
        let derived: Value = serde_json::from_str(&text).unwrap();
        let model = &derived["models"][0];
        assert_eq!((&derived["version"], &model["of"]), (&json!(1), &json!({"a": [1.50]})));
        assert_eq!((&model["slug"], &model["priority"]), (&json!("m"), &json!(3)));
        assert_eq!((&model["tool_mode"], &model["base_instructions"]), (&Value::Null, &json!("")));
        assert_eq!(model["truncation_policy"]["mode"], "bytes");
    }

    #[test]
    fn something_else_is_not_a_catalog() {
        for other in [r#"{}"#, r#"{"models": []}"#, r#"{"models": [1]}"#, r#"[]"#, "models"] {
            let problem = Catalog::of(other.as_bytes()).unwrap_err();
            assert!(problem.starts_with("printed "), "{other}: {problem}");
        }
    }
}
