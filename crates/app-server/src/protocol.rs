//! The part of Codex's protocol that is used: one type a request, named as Codex names its method.
//!
//! Only the fields that are sent or read are here. The installed Codex can print its whole protocol with
//! `codex app-server generate-json-schema --experimental`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::RateLimit;

/// A request: its parameters are the value itself.
pub trait Request: Serialize {
    const METHOD: &'static str;
    type Response: DeserializeOwned + Send + 'static;
}

macro_rules! request {
    ($($type:ident $(<$($life:lifetime),* $(,)? $($generic:ident)?>)? = $method:literal -> $response:ty;)*) => {
        /// Every method that is called.
        pub(crate) const METHODS: &[&str] = &[$($method),*];

        $(impl $(<$($life,)* $($generic: Serialize)?>)? Request for $type $(<$($life,)* $($generic)?>)? {
            const METHOD: &'static str = $method;
            type Response = $response;
        })*

        /// What is understood of an answer to `method`, for tests that compare it with Codex's schema.
        #[cfg(test)]
        pub(crate) fn understood(method: &str, answer: &str) -> Result<String, serde_json::Error> {
            match method {
                $($method => serde_json::from_str::<$response>(answer).map(|answer| format!("{answer:?}")),)*
                _ => panic!("`{method}` is never called"),
            }
        }
    };
}

request! {
    Initialize = "initialize" -> InitializeResponse;
    ThreadStart = "thread/start" -> ThreadStartResponse;
    ThreadInjectItems<'a, T> = "thread/inject_items" -> Done;
    ThreadUnsubscribe<'a> = "thread/unsubscribe" -> Done;
    TurnStart<'a> = "turn/start" -> TurnStartResponse;
    TurnInterrupt<'a> = "turn/interrupt" -> Done;
    ModelList = "model/list" -> ModelListResponse;
    AccountRateLimitsRead = "account/rateLimits/read" -> AccountRateLimitsReadResponse;
    AccountRead = "account/read" -> AccountReadResponse;
    AccountLoginStart = "account/login/start" -> AccountLoginStartResponse;
    ConfigRead = "config/read" -> ConfigReadResponse;
    ServerDiagnostics = "server/diagnostics" -> ServerDiagnosticsResponse;
}

/// An answer whose content does not matter.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Done {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Initialize {
    client_info: ClientInfo,
    capabilities: Capabilities,
}

impl Initialize {
    /// Asks for the experimental part of the protocol, which has `thread/inject_items`, and to be spared the
    /// notifications that nobody here reads.
    pub(crate) fn new(client_info: ClientInfo) -> Self {
        Self {
            client_info,
            capabilities: Capabilities {
                experimental_api: true,
                opt_out_notification_methods: UNREAD_NOTIFICATIONS,
            },
        }
    }
}

const UNREAD_NOTIFICATIONS: &[&str] = &[
    "thread/started",
    "thread/settings/updated",
    "thread/tokenUsage/updated",
    "remoteControl/status/changed",
    "turn/diff/updated",
    "turn/plan/updated",
    "item/reasoning/summaryPartAdded",
    "item/reasoning/textDelta",
];

#[derive(Debug, Clone, Serialize)]
pub struct ClientInfo {
    pub name: String,
    pub title: String,
    pub version: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Capabilities {
    experimental_api: bool,
    opt_out_notification_methods: &'static [&'static str],
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InitializeResponse {
    /// Names this client, Codex's version and the platform.
    pub user_agent: String,
    /// The `CODEX_HOME` in use.
    #[serde(default)]
    pub codex_home: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStart {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    pub cwd: String,
    /// Lives in memory only: nothing of the conversation is written to disk.
    pub ephemeral: bool,
    pub approval_policy: &'static str,
    pub approvals_reviewer: &'static str,
    pub sandbox: &'static str,
    /// The execution environments of the thread; none means that nothing can be run.
    pub environments: Vec<Value>,
    pub dynamic_tools: Vec<DynamicTool>,
    pub base_instructions: String,
    pub developer_instructions: String,
    /// Whether each item of the prompt and of the answer is reported as it is, by `rawResponseItem/completed`.
    pub experimental_raw_events: bool,
    /// Overrides of `config.toml` for this thread.
    pub config: Map<String, Value>,
}

/// A function that the client runs for the model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum DynamicTool {
    #[serde(rename_all = "camelCase")]
    Function { name: String, description: String, input_schema: Value },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStartResponse {
    pub thread: Thread,
    /// Files whose text Codex adds to every prompt of the thread.
    #[serde(default)]
    pub instruction_sources: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Thread {
    pub id: String,
}

/// Appends raw Responses API items to a thread's history.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadInjectItems<'a, T> {
    pub thread_id: &'a str,
    pub items: &'a [T],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnsubscribe<'a> {
    pub thread_id: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnStart<'a> {
    pub thread_id: &'a str,
    /// New input; empty where the conversation was injected.
    pub input: &'a [Value],
    pub model: &'a str,
    pub effort: &'a str,
    /// How the reasoning is summarised: `none`, `auto`, `concise` or `detailed`.
    pub summary: &'a str,
    pub service_tier: &'a str,
    /// The JSON Schema that the answer must fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<&'a Value>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct TurnStartResponse {
    pub turn: Turn,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Turn {
    pub id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnInterrupt<'a> {
    pub thread_id: &'a str,
    /// Empty for whichever turn of the thread is running or about to start.
    pub turn_id: &'a str,
}

/// What a function gave back: the answer to a call of a dynamic tool.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolCallAnswer<'a> {
    content_items: [ToolOutput<'a>; 1],
    success: bool,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum ToolOutput<'a> {
    InputText { text: &'a str },
}

impl<'a> ToolCallAnswer<'a> {
    /// One text, which the model gets as it is.
    pub fn text(text: &'a str) -> Self {
        Self { content_items: [ToolOutput::InputText { text }], success: true }
    }

    /// There will be no output.
    pub fn failure(reason: &'a str) -> Self {
        Self { success: false, ..Self::text(reason) }
    }
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelList {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    pub include_hidden: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelListResponse {
    pub data: Vec<Model>,
    #[serde(default)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// The name that `turn/start` takes.
    pub model: String,
    pub display_name: String,
    #[serde(default)]
    pub hidden: bool,
    #[serde(default)]
    pub is_default: bool,
    pub default_reasoning_effort: String,
    #[serde(default)]
    pub supported_reasoning_efforts: Vec<ReasoningEffortOption>,
    #[serde(default = "text_and_image")]
    pub input_modalities: Vec<String>,
    #[serde(default)]
    pub service_tiers: Vec<ServiceTier>,
}

fn text_and_image() -> Vec<String> {
    vec!["text".to_owned(), "image".to_owned()]
}

/// A way of being served that can be chosen for a turn, such as `priority`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ServiceTier {
    pub id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReasoningEffortOption {
    pub reasoning_effort: String,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountRead {
    /// Whether Codex should refresh its tokens first.
    pub refresh_token: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountReadResponse {
    /// `None` when nobody is signed in.
    #[serde(default)]
    pub account: Option<Account>,
    /// Whether the configured model provider needs an OpenAI account at all.
    pub requires_openai_auth: bool,
}

#[derive(Debug, Default, Serialize)]
pub struct AccountRateLimitsRead {}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountRateLimitsReadResponse {
    pub rate_limits: RateLimit,
    /// All limits, where there are several.
    #[serde(default)]
    pub rate_limits_by_limit_id: Option<BTreeMap<String, RateLimit>>,
}

/// How Codex is signed in. Never a credential.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub plan_type: Option<String>,
}

/// Begins a sign-in with ChatGPT. `account/login/completed` tells its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum AccountLoginStart {
    /// In a browser on this machine, which comes back to a port that Codex listens on.
    Chatgpt,
    /// In any browser, with a code.
    ChatgptDeviceCode,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountLoginStartResponse {
    pub login_id: String,
    /// Where the browser must go.
    #[serde(default, alias = "verificationUrl")]
    pub auth_url: String,
    /// What must be typed there.
    #[serde(default)]
    pub user_code: Option<String>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigRead {
    pub include_layers: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct ConfigReadResponse {
    pub config: Map<String, Value>,
}

#[derive(Debug, Default, Serialize)]
pub struct ServerDiagnostics {}

#[derive(Debug, Clone, Deserialize)]
pub struct ServerDiagnosticsResponse {
    pub gauges: Vec<Gauge>,
    pub process: ServerProcess,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Gauge {
    pub name: String,
    pub value: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerProcess {
    #[serde(default)]
    pub resident_memory_bytes: Option<u64>,
}
