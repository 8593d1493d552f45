//! The settings, as the window shows and changes them.

use std::collections::BTreeMap;

use gateway::settings::ResponseHistory;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Every setting that the window shows, with its present value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SettingsView {
    pub port: u16,
    pub start_at_launch: bool,
    pub start_at_login: bool,
    /// Whether a click on the icon starts and stops; only macOS tells of such clicks.
    pub click_toggles: bool,
    /// `None` for the model's own.
    pub reasoning_effort: Option<String>,
    pub ignore_unsupported_parameters: bool,
    pub model_aliases: BTreeMap<String, String>,
    pub max_body_bytes: u64,
    pub max_active_turns: u32,
    /// How long a whole answer may take.
    pub turn_timeout_seconds: u64,
    /// How long Codex may say nothing of an answer.
    pub idle_timeout_seconds: u64,
    /// Web pages that may use the gateway, such as `http://localhost:3000`.
    pub allowed_origins: Vec<String>,
    pub response_history: ResponseHistory,
    pub log_text: bool,
    pub notifications: NotificationKinds,
    /// Where the configuration file is.
    pub config_path: String,
    /// Settings that can't be changed here, by their names here, and what fixes them: a variable of the environment, or an
    /// option of the command line.
    pub fixed: BTreeMap<String, String>,
    /// What is in the configuration file and means nothing, in words.
    pub warnings: Vec<String>,
    /// The efforts that some model of Codex knows.
    pub efforts: Vec<String>,
    pub platform: String,
}

/// Which notifications are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct NotificationKinds {
    pub trouble: bool,
    pub quota: bool,
    pub refused_clients: bool,
    pub sign_in: bool,
}

/// One setting's new value. It applies at once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "setting", content = "value", rename_all = "camelCase")]
pub enum SettingChange {
    Port(u16),
    StartAtLaunch(bool),
    StartAtLogin(bool),
    ClickToggles(bool),
    ReasoningEffort(Option<String>),
    IgnoreUnsupportedParameters(bool),
    ModelAliases(BTreeMap<String, String>),
    MaxActiveTurns(u32),
    TurnTimeoutSeconds(u64),
    IdleTimeoutSeconds(u64),
    AllowedOrigins(Vec<String>),
    ResponseHistory(ResponseHistory),
    LogText(bool),
    Notifications(NotificationKinds),
}
