//! What is switched off, so that the model sees the caller's messages and nothing else.
//!
//! Codex is made for agents: by itself it adds tools, skills, instructions, permissions and an environment to every
//! prompt, and runs the person's hooks and MCP servers. A caller of the OpenAI API expects none of it, and a prompt
//! that was injected somewhere must find no tool that reaches this machine.

use std::{ffi::OsString, path::Path};

use app_server::protocol::ThreadStart;
use serde_json::{Map, Value, json};

/// Overrides of `config.toml` for the whole process.
const OVERRIDES: &[(&str, &str)] = &[
    ("web_search", "\"disabled\""),
    ("project_doc_max_bytes", "0"),
    ("notify", "[]"),
    ("include_environment_context", "false"),
    ("include_apps_instructions", "false"),
    ("include_collaboration_mode_instructions", "false"),
    ("include_permissions_instructions", "false"),
    ("skills.include_instructions", "false"),
    ("skills.bundled.enabled", "false"),
    ("memories.use_memories", "false"),
    ("memories.generate_memories", "false"),
    ("tools.experimental_request_user_input.enabled", "false"),
    ("tools.update_plan.enabled", "false"),
    ("agents.enabled", "false"),
    // Seconds after which a thread without a subscriber is unloaded; half an hour by default, which keeps every
    // request's thread in memory that long.
    ("thread_unload_delay_secs", "1"),
];

/// A variable that takes this machine from Codex: no program of an MCP server is started and no command runs, whatever
/// the configuration says by then. An `environments.toml` in the Codex home comes before it.
pub(super) const NO_MACHINE: (&str, &str) = ("CODEX_EXEC_SERVER_URL", "none");

/// Features of Codex that add tools or text to the prompt, or run something on this machine: those that are on by
/// default, and those that a person may try out.
const FEATURES: &[&str] = &[
    "apps",
    "browser_use",
    "code_mode",
    "code_mode_only",
    "computer_use",
    "current_time_reminder",
    "deferred_executor",
    "executor_capability_discovery_v2",
    "goals",
    "hooks",
    "image_generation",
    // A text that is added after an image that Codex scaled down.
    "image_resize_notice",
    "in_app_browser",
    "memories",
    "multi_agent",
    "multi_agent_v2",
    "multi_env_copy_file",
    "plugins",
    "remote_plugin",
    "request_permissions_tool",
    "rollout_budget",
    "send_message_to_user_async",
    "shell_snapshot",
    "shell_tool",
    "skill_search",
    "sleep_tool",
    "token_budget",
    "tool_suggest",
    "unified_exec",
    "view_image",
    "workspace_dependencies",
];

/// The arguments that start a bare app-server. `catalog` is the derived model catalog, where one could be made.
pub(super) fn arguments(catalog: Option<&Path>) -> Vec<OsString> {
    let mut arguments = Vec::new();
    let mut set = |key: &str, value: &str| {
        arguments.push(OsString::from("-c"));
        arguments.push(OsString::from(format!("{key}={value}")));
    };
    for (key, value) in OVERRIDES {
        set(key, value);
    }
    for feature in FEATURES {
        set(&format!("features.{feature}"), "false");
    }
    // Without it, large images are scaled down much further.
    set("features.unified_image_budget", "true");
    if let Some(catalog) = catalog {
        // JSON's string syntax is valid TOML.
        set("model_catalog_json", &Value::from(catalog.to_string_lossy()).to_string());
    }
    arguments.extend(["app-server", "--listen", "stdio://"].map(OsString::from));
    arguments
}

/// How every thread is started: in memory only, read-only, asking nobody, with nowhere to run anything. What depends on
/// the person's configuration is missing still.
pub(super) fn thread(cwd: &Path) -> ThreadStart {
    ThreadStart {
        model: None,
        cwd: cwd.to_string_lossy().into_owned(),
        ephemeral: true,
        approval_policy: "never",
        approvals_reviewer: "user",
        sandbox: "read-only",
        environments: Vec::new(),
        dynamic_tools: Vec::new(),
        // Empty, they replace those of the person's configuration.
        base_instructions: String::new(),
        developer_instructions: String::new(),
        experimental_raw_events: true,
        config: Map::new(),
    }
}

/// The overrides that a thread needs besides, by the person's configuration.
pub(super) fn overrides(config: &Map<String, Value>) -> Map<String, Value> {
    let mut overrides = Map::new();
    // Each MCP server is switched off by name, since an empty table would only be merged with theirs.
    let servers = config.get("mcp_servers").and_then(Value::as_object);
    let disabled: Map<String, Value> =
        servers.into_iter().flatten().map(|(name, _)| (name.clone(), json!({"enabled": false}))).collect();
    if !disabled.is_empty() {
        overrides.insert("mcp_servers".to_owned(), disabled.into());
    }
    // A verbosity can't be unset, but the API's default has a name.
    if config.get("model_verbosity").is_some_and(|verbosity| !verbosity.is_null()) {
        overrides.insert("model_verbosity".to_owned(), json!("medium"));
    }
    overrides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_is_named_in_toml() {
        let arguments = arguments(Some(Path::new("/tmp/a \"b\"/catalog.json")));
        assert!(arguments.contains(&OsString::from(r#"model_catalog_json="/tmp/a \"b\"/catalog.json""#)));
        assert_eq!(arguments.last().unwrap(), "stdio://");
    }

    #[test]
    fn each_mcp_server_of_the_person_is_switched_off_by_name() {
        let overrides = |config: Value| Value::from(overrides(config.as_object().unwrap()));
        assert_eq!(
            overrides(json!({"mcp_servers": {"files": {"command": "x"}, "web": {"url": "y"}}, "model": "m"})),
            json!({"mcp_servers": {"files": {"enabled": false}, "web": {"enabled": false}}}),
        );
        assert_eq!(overrides(json!({"mcp_servers": {}, "model_verbosity": null})), json!({}));
        assert_eq!(overrides(json!({"model_verbosity": "high"})), json!({"model_verbosity": "medium"}));
    }
}
