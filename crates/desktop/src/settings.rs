//! The settings as the window shows them, and its changes to them.

use std::collections::BTreeMap;

use gateway::settings::{Origin, OriginError, Settings, Unsupported};
use serde_json::{Map, Value, json};

use crate::{
    config::Config,
    problem::Problem,
    view::{Cure, NotificationKinds, SettingChange, SettingsView},
};

/// Each setting that a variable of the environment can fix: its name in the window, and the variable.
const VARIABLES: &[(&str, &str)] = &[
    ("port", "CODEX_GATEWAY_PORT"),
    ("reasoningEffort", "CODEX_GATEWAY_REASONING_EFFORT"),
    ("ignoreUnsupportedParameters", "CODEX_GATEWAY_UNSUPPORTED_PARAMETERS"),
    ("maxActiveTurns", "CODEX_GATEWAY_MAX_ACTIVE_TURNS"),
    ("turnTimeoutSeconds", "CODEX_GATEWAY_TURN_TIMEOUT_SECONDS"),
    ("idleTimeoutSeconds", "CODEX_GATEWAY_IDLE_TIMEOUT_SECONDS"),
    ("allowedOrigins", "CODEX_GATEWAY_ALLOWED_ORIGINS"),
    ("responseHistory", "CODEX_GATEWAY_RESPONSE_HISTORY"),
    ("logText", "CODEX_GATEWAY_LOG_TEXT"),
];

/// What the window shows. `efforts` are those that some model of Codex knows.
pub(crate) fn view(config: &Config, efforts: Vec<String>) -> SettingsView {
    let settings = config.settings();
    let desktop = settings.desktop;
    SettingsView {
        port: settings.port,
        start_at_launch: desktop.start_at_launch,
        start_at_login: desktop.start_at_login,
        click_toggles: desktop.click_toggles,
        reasoning_effort: settings.reasoning_effort.clone(),
        ignore_unsupported_parameters: settings.unsupported_parameters == Unsupported::Ignore,
        model_aliases: settings.model_aliases.clone(),
        max_body_bytes: body_limit(&settings),
        max_active_turns: u32::try_from(settings.max_active_turns).unwrap_or(u32::MAX),
        turn_timeout_seconds: settings.turn_timeout.as_secs(),
        idle_timeout_seconds: settings.idle_timeout.as_secs(),
        allowed_origins: settings.allowed_origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
        response_history: settings.response_history,
        log_text: settings.log_text,
        notifications: NotificationKinds {
            trouble: desktop.notifications.trouble,
            quota: desktop.notifications.quota,
            refused_clients: desktop.notifications.refused_clients,
            sign_in: desktop.notifications.sign_in,
        },
        config_path: config.path.display().to_string(),
        fixed: VARIABLES
            .iter()
            .filter_map(|(name, _)| Some(((*name).to_owned(), fixed_by(config, name)?.to_owned())))
            .collect(),
        warnings: settings.warnings.clone(),
        efforts,
        platform: std::env::consts::OS.to_owned(),
    }
}

/// Writes one setting's new value into the file.
pub(crate) fn change(config: &Config, change: SettingChange) -> Result<(), Problem> {
    let (name, field, value) = match change {
        SettingChange::Port(0) => {
            return Err(Problem::Setting("a port is a number from 1 to 65535".to_owned()));
        }
        SettingChange::Port(port) => ("port", Field::Of("port"), json!(port)),
        SettingChange::StartAtLaunch(on) => ("startAtLaunch", Field::OfDesktop("start_at_launch"), json!(on)),
        SettingChange::StartAtLogin(on) => ("startAtLogin", Field::OfDesktop("start_at_login"), json!(on)),
        SettingChange::ClickToggles(on) => ("clickToggles", Field::OfDesktop("click_toggles"), json!(on)),
        SettingChange::ReasoningEffort(effort) => {
            ("reasoningEffort", Field::Of("reasoning_effort"), json!(effort))
        }
        SettingChange::IgnoreUnsupportedParameters(on) => {
            let choice = if on { Unsupported::Ignore } else { Unsupported::Refuse };
            ("ignoreUnsupportedParameters", Field::Of("unsupported_parameters"), json!(choice))
        }
        SettingChange::ModelAliases(aliases) => {
            ("modelAliases", Field::Of("model_aliases"), json!(checked(aliases)?))
        }
        SettingChange::MaxActiveTurns(0) => {
            return Err(Problem::Setting("at least 1 request must be able to run".to_owned()));
        }
        SettingChange::MaxActiveTurns(turns) => {
            ("maxActiveTurns", Field::Of("max_active_turns"), json!(turns))
        }
        SettingChange::TurnTimeoutSeconds(0) | SettingChange::IdleTimeoutSeconds(0) => {
            return Err(Problem::Setting("a time is at least 1 second".to_owned()));
        }
        SettingChange::TurnTimeoutSeconds(seconds) => {
            ("turnTimeoutSeconds", Field::Of("turn_timeout_seconds"), json!(seconds))
        }
        SettingChange::IdleTimeoutSeconds(seconds) => {
            ("idleTimeoutSeconds", Field::Of("idle_timeout_seconds"), json!(seconds))
        }
        SettingChange::AllowedOrigins(origins) => {
            ("allowedOrigins", Field::Of("allowed_origins"), json!(parsed(&origins)?))
        }
        SettingChange::ResponseHistory(history) => {
            ("responseHistory", Field::Of("response_history"), json!(history))
        }
        SettingChange::LogText(on) => ("logText", Field::Of("log_text"), json!(on)),
        SettingChange::Notifications(kinds) => {
            let NotificationKinds { trouble, quota, refused_clients, sign_in } = kinds;
            let kinds = json!({
                "trouble": trouble, "quota": quota, "refused_clients": refused_clients, "sign_in": sign_in,
            });
            ("notifications", Field::OfDesktop("notifications"), kinds)
        }
    };
    if let Some(by) = fixed_by(config, name) {
        return Err(Problem::Fixed { by });
    }
    write(config, field, value)
}

/// Changes the setting that a cure is. [`Cure::SignIn`] is none. The request may be an old one: what was set since and
/// lets as much pass is left as it is.
pub(crate) fn cure(config: &Config, cure: &Cure) -> Result<(), Problem> {
    let settings = config.settings();
    match cure {
        Cure::IgnoreUnsupportedParameters => change(config, SettingChange::IgnoreUnsupportedParameters(true)),
        Cure::AddModelAlias { name, model } => {
            let mut aliases = settings.model_aliases.clone();
            aliases.entry(name.clone()).or_insert_with(|| model.clone());
            change(config, SettingChange::ModelAliases(aliases))
        }
        Cure::RaiseBodyLimit { bytes } => {
            free("CODEX_GATEWAY_MAX_BODY_BYTES")?;
            write(config, Field::Of("max_body_bytes"), json!((*bytes).max(body_limit(&settings))))
        }
        Cure::RaiseTurnTimeout { seconds } => {
            let seconds = (*seconds).max(settings.turn_timeout.as_secs());
            change(config, SettingChange::TurnTimeoutSeconds(seconds))
        }
        Cure::SignIn => Ok(()),
    }
}

/// How large a request may be, in bytes.
pub(crate) fn body_limit(settings: &Settings) -> u64 {
    u64::try_from(settings.max_body_bytes).unwrap_or(u64::MAX)
}

/// A field of the configuration file.
pub(crate) enum Field {
    Of(&'static str),
    /// Within the object `desktop`.
    OfDesktop(&'static str),
}

/// Writes one field; `null` removes it.
pub(crate) fn write(config: &Config, field: Field, value: Value) -> Result<(), Problem> {
    Ok(config.edit(|object| match field {
        Field::Of(name) => set(object, name, value),
        Field::OfDesktop(name) => {
            let desktop = object.entry("desktop").or_insert_with(|| json!({}));
            if let Value::Object(desktop) = desktop {
                set(desktop, name, value);
            } else {
                *desktop = json!({ name: value });
            }
        }
    })?)
}

fn set(object: &mut Map<String, Value>, name: &str, value: Value) {
    match value {
        Value::Null => drop(object.shift_remove(name)),
        value => drop(object.insert(name.to_owned(), value)),
    }
}

fn checked(aliases: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Problem> {
    let is_empty = |(name, model): (&String, &String)| name.trim().is_empty() || model.trim().is_empty();
    match aliases.iter().any(is_empty) {
        true => Err(Problem::Setting("an alias needs a name and a model".to_owned())),
        false => Ok(aliases),
    }
}

/// The origins, each once.
fn parsed(origins: &[String]) -> Result<Vec<Origin>, Problem> {
    let mut parsed = Vec::new();
    for origin in origins {
        let origin =
            origin.trim().parse().map_err(|error: OriginError| Problem::Setting(error.to_string()))?;
        if !parsed.contains(&origin) {
            parsed.push(origin);
        }
    }
    Ok(parsed)
}

/// Whether a setting, by its name in the window, is nowhere fixed from outside.
pub(crate) fn can_change(config: &Config, name: &str) -> bool {
    fixed_by(config, name).is_none()
}

/// What outranks the file for a setting: the command line, or a variable of the environment.
fn fixed_by(config: &Config, name: &str) -> Option<&'static str> {
    if name == "port" && config.overrides.port.is_some() {
        return Some("--port");
    }
    let (_, variable) = VARIABLES.iter().find(|(known, _)| *known == name)?;
    is_set(variable).then_some(variable)
}

pub(crate) fn free(variable: &'static str) -> Result<(), Problem> {
    if is_set(variable) { Err(Problem::Fixed { by: variable }) } else { Ok(()) }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}
