//! How programs are told of the gateway: the lines to paste, for each kind of program.

mod text;

use std::fmt;

/// What a program needs to know.
#[derive(Clone, PartialEq, Eq)]
pub struct Access {
    /// Such as `http://127.0.0.1:8000/v1`.
    pub base_url: String,
    /// As it shall stand in the text: the local token, or a mask of it.
    pub token: String,
}

/// A kind of program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Python,
    Notebook,
    Node,
    Curl,
    Environment,
    LangChain,
    AiSdk,
    LlamaIndex,
    Llm,
    Aider,
    Continue,
    Elsewhere,
}

impl Program {
    /// In the order in which they are shown.
    pub const ALL: &[Self] = &[
        Self::Python,
        Self::Notebook,
        Self::Node,
        Self::Curl,
        Self::Environment,
        Self::LangChain,
        Self::AiSdk,
        Self::LlamaIndex,
        Self::Llm,
        Self::Aider,
        Self::Continue,
        Self::Elsewhere,
    ];

    pub fn id(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Notebook => "notebook",
            Self::Node => "node",
            Self::Curl => "curl",
            Self::Environment => "environment",
            Self::LangChain => "langchain",
            Self::AiSdk => "ai-sdk",
            Self::LlamaIndex => "llamaindex",
            Self::Llm => "llm",
            Self::Aider => "aider",
            Self::Continue => "continue",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// For people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Notebook => "Notebook",
            Self::Node => "Node",
            Self::Curl => "curl",
            Self::Environment => "Environment",
            Self::LangChain => "LangChain",
            Self::AiSdk => "Vercel AI SDK",
            Self::LlamaIndex => "LlamaIndex",
            Self::Llm => "llm",
            Self::Aider => "aider",
            Self::Continue => "Continue",
            Self::Elsewhere => "Other programs",
        }
    }

    /// `python`, `javascript`, `shell`, `yaml` or `text`.
    pub fn language(self) -> &'static str {
        match self {
            Self::Python | Self::Notebook | Self::LangChain | Self::LlamaIndex => "python",
            Self::Node | Self::AiSdk => "javascript",
            Self::Curl | Self::Environment | Self::Llm | Self::Aider => "shell",
            Self::Continue => "yaml",
            Self::Elsewhere => "text",
        }
    }

    /// What one must know of such a program.
    pub fn note(self) -> Option<&'static str> {
        match self {
            Self::Python => Some("Needs `pip install openai`."),
            Self::Notebook => Some(
                "Jupyter must run on this machine: a notebook in the cloud, such as Colab, can't reach the gateway.",
            ),
            Self::Node => Some("Needs `npm install openai`, and a file that ends with .mjs."),
            Self::Curl => None,
            Self::Environment => {
                Some("For programs that use OpenAI's own libraries and their usual variables.")
            }
            Self::LangChain => Some("Needs `pip install langchain-openai`."),
            Self::AiSdk => Some(
                "Needs `npm install ai @ai-sdk/openai-compatible`. With @ai-sdk/openai, take createOpenAI({ baseURL, \
                 apiKey }).chat(model).",
            ),
            Self::LlamaIndex => Some(
                "Needs `pip install llama-index-llms-openai-like`. The temperature is set because its own default can't \
                 be honoured.",
            ),
            Self::Llm => Some("For the command `llm` by Simon Willison (`pip install llm`). Run once."),
            Self::Aider => Some(
                "Aider sends a temperature, which Codex can't honour: switch on that such parameters are ignored, in the \
                 settings.",
            ),
            Self::Continue => {
                Some("For ~/.continue/config.yaml. If it holds models already, add this one to them.")
            }
            Self::Elsewhere => Some(
                "Only programs on this machine reach the gateway. A web application, a notebook in the cloud and a \
                 container with a network of its own do not; nor does Cursor, which sends its requests through its \
                 maker's servers.",
            ),
        }
    }

    /// The lines to paste, which ask for `model`.
    pub fn text(self, access: &Access, model: &str) -> String {
        match self {
            Self::Python => text::python(access, model),
            Self::Notebook => text::notebook(access, model),
            Self::Node => text::node(access, model),
            Self::Curl => text::curl(access, model),
            Self::Environment => text::environment(access),
            Self::LangChain => text::langchain(access, model),
            Self::AiSdk => text::ai_sdk(access, model),
            Self::LlamaIndex => text::llama_index(access, model),
            Self::Llm => text::llm(access, model),
            Self::Aider => text::aider(access, model),
            Self::Continue => text::continue_config(access, model),
            Self::Elsewhere => text::elsewhere(access, model),
        }
    }
}

impl Access {
    /// The lines that make a client in Python.
    pub fn python_client(&self) -> String {
        text::python_client(self)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_has_an_id_of_its_own_and_is_told_the_token_as_it_is_given() {
        let access =
            Access { base_url: "http://127.0.0.1:1/v1".to_owned(), token: r#"a'b"c\d$e`f"#.to_owned() };
        let mut ids: Vec<_> = Program::ALL.iter().map(|program| program.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Program::ALL.len());
        for program in Program::ALL {
            let text = program.text(&access, "m");
            assert!(text.contains("127.0.0.1:1/v1"), "{text}");
        }
        assert!(access.python_client().ends_with(r#"api_key="a'b\"c\\d$e`f")"#));
        assert!(!format!("{access:?}").contains("a'b"));
    }
}
