//! The caller's functions as Codex's dynamic tools.

use app_server::{FunctionCall, protocol::DynamicTool};

use super::tool_schema::Native;
use crate::turn::{Item, Tool, ToolCall};

/// Names that Codex keeps for tools of its own: a function of such a name would vanish in silence, or be refused.
const RESERVED: &[&str] = &["exec_command", "mcp", "shell_command"];

/// How Codex calls the group of a client's functions, on models that are given groups.
const NAMESPACE: &str = "functions";

/// The caller's functions, and the names that they have at Codex.
#[derive(Debug, Default)]
pub(super) struct Tools {
    tools: Vec<DynamicTool>,
    /// The caller's name and Codex's, where they differ.
    renamed: Vec<(String, String)>,
}

impl Tools {
    pub(super) fn new(tools: &[Tool]) -> Self {
        let mut renamed = Vec::new();
        for tool in tools.iter().filter(|tool| RESERVED.contains(&tool.name.as_str())) {
            let mut name = format!("{}_", tool.name);
            while tools.iter().any(|other| other.name == name) {
                name.push('_');
            }
            renamed.push((tool.name.clone(), name));
        }
        let mut this = Self { tools: Vec::new(), renamed };
        this.tools = tools.iter().map(|tool| offered(this.at_codex(&tool.name), tool)).collect();
        this
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// The functions as Codex is given them, in the caller's order.
    pub(super) fn dynamic_tools(&self) -> &[DynamicTool] {
        &self.tools
    }

    /// A conversation in which the functions have the names that Codex is given.
    pub(super) fn rename(&self, items: &[Item]) -> Option<Vec<Item>> {
        (!self.renamed.is_empty()).then(|| {
            let mut items = items.to_vec();
            for item in &mut items {
                if let Item::FunctionCall { name, .. } = item {
                    *name = self.at_codex(name).to_owned();
                }
            }
            items
        })
    }

    /// Whether Codex knows the function that is called. What it does not know it answers by itself.
    pub(super) fn offer(&self, call: &FunctionCall) -> bool {
        let is_ours = matches!(call.namespace.as_deref(), None | Some("" | NAMESPACE));
        is_ours && self.tools.iter().any(|DynamicTool::Function { name, .. }| *name == call.name)
    }

    /// A call of the model's, with the name that the caller knows.
    pub(super) fn call(&self, call: &FunctionCall) -> ToolCall {
        let FunctionCall { call_id, name, arguments, .. } = call.clone();
        let known = self.renamed.iter().find(|(_, renamed)| *renamed == name);
        ToolCall { id: call_id, name: known.map_or(name, |(caller, _)| caller.clone()), arguments }
    }

    fn at_codex<'a>(&'a self, name: &'a str) -> &'a str {
        let renamed = self.renamed.iter().find(|(caller, _)| caller == name);
        renamed.map_or(name, |(_, renamed)| renamed.as_str())
    }
}

/// A function as Codex is given it. What Codex would keep from the model of its schema is told in words.
fn offered(name: &str, tool: &Tool) -> DynamicTool {
    let Native { schema, is_whole } = Native::of(&tool.parameters);
    let mut description = tool.description.clone();
    if !is_whole {
        let apart = if description.is_empty() { "" } else { "\n\n" };
        let words = format!("{apart}The arguments must be valid by this JSON Schema: {}", tool.parameters);
        description.push_str(&words);
    }
    DynamicTool::Function { name: name.to_owned(), description, input_schema: schema }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tool(name: &str) -> Tool {
        Tool { name: name.to_owned(), description: String::new(), parameters: json!({"type": "object"}) }
    }

    fn call(name: &str, namespace: Option<&str>) -> FunctionCall {
        FunctionCall {
            call_id: "c".into(),
            name: name.into(),
            namespace: namespace.map(str::to_owned),
            arguments: "{}".into(),
        }
    }

    #[test]
    fn only_what_codex_knows_is_offered() {
        let tools = Tools::new(&[tool("mcp"), tool("look_up")]);
        for known in [call("look_up", None), call("look_up", Some("functions")), call("mcp_", Some(""))] {
            assert!(tools.offer(&known), "{known:?}");
        }
        for unknown in [call("mcp", None), call("look", None), call("look_up", Some("web"))] {
            assert!(!tools.offer(&unknown), "{unknown:?}");
        }
        assert!(!Tools::default().offer(&call("look_up", None)));
    }

    #[test]
    fn a_reserved_name_is_changed_on_the_way_in_and_back() {
        let tools = Tools::new(&[tool("exec_command"), tool("exec_command_"), tool("look_up")]);
        let names: Vec<_> =
            tools.dynamic_tools().iter().map(|DynamicTool::Function { name, .. }| name).collect();
        assert_eq!(names, ["exec_command__", "exec_command_", "look_up"]);
        let call = |name: &str| call(name, None);
        assert_eq!(tools.call(&call("exec_command__")).name, "exec_command");
        assert_eq!(tools.call(&call("exec_command_")).name, "exec_command_");
        let history =
            [Item::FunctionCall { call_id: "c".into(), name: "exec_command".into(), arguments: "{}".into() }];
        let renamed = tools.rename(&history).unwrap();
        assert!(matches!(&renamed[0], Item::FunctionCall { name, .. } if name == "exec_command__"));
        assert!(Tools::new(&[tool("look_up")]).rename(&history).is_none());
    }

    #[test]
    fn what_a_schema_loses_is_told_in_the_description() {
        let parameters =
            json!({"type": "object", "properties": {"at": {"type": "string", "format": "time"}}});
        let words = format!("The arguments must be valid by this JSON Schema: {parameters}");
        for (own, expected) in [("", words.clone()), ("Rings", format!("Rings\n\n{words}"))] {
            let tool = Tool { name: "ring".into(), description: own.into(), parameters: parameters.clone() };
            let tools = Tools::new(&[tool]);
            let [DynamicTool::Function { description, .. }] = tools.dynamic_tools() else {
                panic!("one function goes in");
            };
            assert_eq!(*description, expected);
        }
    }
}
