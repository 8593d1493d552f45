//! The configuration that makes Codex talk to the scripted model, with no login.

use serde::Deserialize;
use serde_json::Value;

/// What `config.toml` says besides the address.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CodexConfig {
    /// The model that Codex uses when a thread names none.
    pub model: String,
    /// Attempts after a failed HTTP request. Codex's own default is 4; here it is 0.
    pub request_max_retries: u32,
    /// Attempts after a stream that broke off. Codex's own default is 5; here it is 0.
    pub stream_max_retries: u32,
    /// Silence after which Codex gives a stream up, in milliseconds; `None` leaves Codex's default.
    pub stream_idle_timeout_ms: Option<u64>,
    /// Whether Codex must be signed in, and sends its credential.
    pub requires_openai_auth: bool,
    /// The environment variable of Codex's that holds the bearer token which it sends; none by default.
    pub env_key: Option<String>,
}

impl Default for CodexConfig {
    fn default() -> Self {
        Self {
            model: "gpt-5.5".to_owned(),
            request_max_retries: 0,
            stream_max_retries: 0,
            stream_idle_timeout_ms: None,
            requires_openai_auth: false,
            env_key: None,
        }
    }
}

impl CodexConfig {
    /// The text of `config.toml`. `base_url` is without `/responses`, which Codex adds.
    pub(crate) fn to_toml(&self, base_url: &str) -> String {
        let Self {
            model,
            request_max_retries,
            stream_max_retries,
            stream_idle_timeout_ms,
            requires_openai_auth,
            env_key,
        } = self;
        // A JSON string is a TOML basic string too.
        let (model, base_url) = (Value::from(model.as_str()), Value::from(base_url));
        let mut text = format!(
            "model = {model}\n\
             model_provider = \"scripted\"\n\
             \n\
             [model_providers.scripted]\n\
             name = \"Scripted\"\n\
             base_url = {base_url}\n\
             wire_api = \"responses\"\n\
             request_max_retries = {request_max_retries}\n\
             stream_max_retries = {stream_max_retries}\n"
        );
        if let Some(timeout) = stream_idle_timeout_ms {
            text.push_str(&format!("stream_idle_timeout_ms = {timeout}\n"));
        }
        if *requires_openai_auth {
            text.push_str("requires_openai_auth = true\n");
        }
        if let Some(variable) = env_key {
            text.push_str(&format!("env_key = {}\n", Value::from(variable.as_str())));
        }
        text
    }
}
