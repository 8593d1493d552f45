//! How the gateway is doing, for the tray and for every place of the window.

use serde::Serialize;
use ts_rs::TS;

use super::SignIn;

/// Everything that is shown of the gateway's state. The page gets it whole whenever it changes.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppState {
    pub switch: Switch,
    /// How many requests are running now.
    pub running: u32,
    /// Where the gateway listens, or would.
    pub base_url: String,
    pub token: TokenView,
    /// What keeps the gateway from answering, if anything does.
    pub trouble: Option<Trouble>,
    /// Whether answers come from the demo's script.
    pub demo: bool,
    /// `None` until Codex has been brought up.
    pub codex: Option<CodexView>,
    /// A sign-in that was begun here, until it has succeeded.
    pub sign_in: Option<SignInState>,
    pub quota: Vec<QuotaWindow>,
    /// The programs that asked since the start, most requests first.
    pub clients: Vec<ClientCount>,
    /// `None` once the person has been through it.
    pub first_run: Option<FirstRun>,
    /// The application's own version.
    pub version: String,
}

/// Whether the gateway listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Switch {
    Off,
    /// It listens, and Codex is being brought up.
    Starting,
    On,
}

/// The local token, without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TokenView {
    /// Such as `codex-gateway-local-••••••3f9a`.
    pub masked: String,
    pub place: TokenPlace,
}

/// Where the token is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TokenPlace {
    Keyring,
    /// The configuration file.
    File,
    /// `CODEX_GATEWAY_TOKEN`; it can't be rotated here.
    Environment,
    /// Made up for this run, because no place could be written.
    Memory,
}

/// What keeps the gateway from answering, with what is needed to say what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Trouble {
    /// Codex isn't installed, or not in any of these places.
    CodexMissing {
        searched: Vec<String>,
    },
    CodexTooOld {
        version: String,
        lacks: String,
    },
    /// Codex stopped; it is being started for the `attempt`th time.
    CodexStopped {
        attempt: u32,
        message: String,
    },
    SignedOut,
    PortTaken {
        port: u16,
        holder: Option<PortHolder>,
        next_free: Option<u16>,
    },
    /// The keyring gave no token: locked, missing, or silent.
    Keyring {
        message: String,
    },
    /// The keyring should have the token, and has none: only a new one helps.
    TokenLost,
    QuotaUsedUp {
        window: String,
        resets_at_ms: Option<u64>,
    },
    /// The configuration file can't be used.
    Config {
        message: String,
    },
    Other {
        message: String,
    },
}

/// The program that holds the port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PortHolder {
    pub name: String,
    pub pid: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CodexView {
    pub path: String,
    pub version: String,
    pub account: AccountView,
    /// What reaches the model beside the caller's messages, in words.
    pub leaks: Vec<String>,
    /// The models, as Codex lists them.
    pub models: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum AccountView {
    /// `method` is Codex's word for the kind of account, such as `chatgpt` or `apiKey`.
    SignedIn {
        method: String,
        plan: Option<String>,
    },
    SignedOut,
    /// The configured model provider needs no account.
    NotNeeded,
}

/// How a sign-in that was begun here is going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum SignInState {
    /// The person is to go on in a browser.
    Waiting(SignIn),
    /// Codex or the provider did not take it.
    Failed { message: String },
}

/// One of the account's limits.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct QuotaWindow {
    /// Such as `5 h` or `week`, or `account` where its length is not known; after the limit's name where only some models
    /// have it.
    pub label: String,
    /// Whether only some models count towards it.
    pub of_some_models: bool,
    /// From 0 to 100.
    pub used_percent: f64,
    pub resets_at_ms: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ClientCount {
    /// Such as `openai-python/3.54.0`.
    pub name: String,
    pub requests: u64,
}

/// The three steps of the first run, and which of them are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct FirstRun {
    pub codex_found: bool,
    /// Signed in, or the demo is on.
    pub can_answer: bool,
    pub snippet_copied: bool,
}
