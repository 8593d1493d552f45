//! Settings: from the command line, else the environment, else the configuration file, else a default.

mod choices;
mod desktop;
mod file;
mod live;
mod lock;
mod mistake;
mod origins;
mod places;
mod sources;
#[cfg(test)]
mod tests;
mod token;
mod wanted;

use std::{
    collections::BTreeMap,
    env,
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    time::Duration,
};

use origins::Origins;
use sources::Sources;

pub use choices::{CodexHome, ResponseHistory, TokenPlace, Unsupported};
pub use desktop::{DesktopSettings, Notifications};
pub use file::{ConfigFile, FileError, WrittenToken, edit, write};
pub use live::NeedsRestart;
pub(crate) use live::{Live, needs_restart};
pub use mistake::Mistake;
pub use origins::{Origin, OriginError};
pub(crate) use places::own_codex_home;
pub use places::{config_path, usual_config_path};
pub use token::{Token, TokenError};

/// Everything that the gateway can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Always a loopback address.
    pub host: IpAddr,
    /// 0 takes any free port.
    pub port: u16,
    /// `None` where none of the sources holds one; it may still be in the keyring.
    pub token: Option<Token>,
    /// The effort for requests that name none; the model's own default when `None`.
    pub reasoning_effort: Option<String>,
    /// The Codex to run; searched for when `None`.
    pub codex: Option<PathBuf>,
    /// Turns that run at the same time.
    pub max_active_turns: usize,
    /// Turns that may wait for their place.
    pub max_queued_turns: usize,
    /// How long a turn may wait for its place.
    pub queue_timeout: Duration,
    /// How long Codex may take to answer one request of the gateway, which is not the time of a turn.
    pub request_timeout: Duration,
    /// How long a turn may take from its start to its end.
    pub turn_timeout: Duration,
    /// Conversations that are kept in Codex for their next message.
    pub kept_conversations: usize,
    /// How long a conversation is kept after its last answer.
    pub conversation_timeout: Duration,
    /// How long Codex may say nothing of a turn.
    pub idle_timeout: Duration,
    pub max_body_bytes: usize,
    /// Web pages that may use the gateway.
    pub allowed_origins: Vec<Origin>,
    pub unsupported_parameters: Unsupported,
    /// What callers' model names mean, by exact name; `*` stands for every name that nothing else explains.
    pub model_aliases: BTreeMap<String, String>,
    pub codex_home: CodexHome,
    /// Whether the request log keeps what was said, redacted.
    pub log_text: bool,
    /// What only the tray application heeds.
    pub desktop: DesktopSettings,
    /// Where responses are kept that later requests may refer to.
    pub response_history: ResponseHistory,
    /// For how long.
    pub response_history_time: Duration,
    /// The file for those on the disk.
    pub response_history_file: PathBuf,
    /// What was accepted and yet means nothing, for people to read.
    pub warnings: Vec<String>,
}

/// Variables that hold a path.
const PATHS: [&str; 2] = ["CODEX_GATEWAY_CODEX", "CODEX_GATEWAY_CWD"];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// For how many days responses are kept where nothing else is said.
const HISTORY_DAYS: u32 = 30;

/// Values that were given on the command line.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub token: Option<String>,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub cwd: Option<PathBuf>,
    pub reasoning_effort: Option<String>,
    pub codex: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{origin} {problem}")]
    Invalid { origin: String, problem: String },
}

/// The token of the command line or `CODEX_GATEWAY_TOKEN`, which goes before every place where one is kept.
pub fn token_override(overrides: &Overrides) -> Result<Option<Token>, SettingsError> {
    let sources = Sources { variable: |name: &str| env::var(name).ok(), path: Path::new("") };
    sources.token(overrides.token.clone(), None)
}

/// What holds where no source says anything.
impl Default for Settings {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8000,
            token: None,
            reasoning_effort: None,
            codex: None,
            max_active_turns: 16,
            max_queued_turns: 64,
            queue_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(30),
            turn_timeout: Duration::from_secs(600),
            idle_timeout: Duration::from_secs(600),
            kept_conversations: 16,
            conversation_timeout: Duration::from_secs(600),
            max_body_bytes: 64 * 1024 * 1024,
            allowed_origins: Vec::new(),
            unsupported_parameters: Unsupported::default(),
            model_aliases: BTreeMap::new(),
            codex_home: CodexHome::default(),
            log_text: false,
            desktop: DesktopSettings::default(),
            response_history: ResponseHistory::default(),
            response_history_time: DAY * HISTORY_DAYS,
            response_history_file: places::data_folder().unwrap_or_default().join("responses.redb"),
            warnings: Vec::new(),
        }
    }
}

impl Settings {
    /// Reads all sources. The file at `path` need not exist; without a path, no file is read.
    pub fn load(overrides: &Overrides, path: Option<&Path>) -> Result<Self, SettingsError> {
        Self::from_sources(overrides, |name| env::var(name).ok(), path)
    }

    /// What the file at `path` says alone.
    pub fn of_file(path: &Path) -> Result<Self, SettingsError> {
        Self::from_sources(&Overrides::default(), |_| None, Some(path))
    }

    fn from_sources(
        overrides: &Overrides,
        variable: impl Fn(&str) -> Option<String>,
        path: Option<&Path>,
    ) -> Result<Self, SettingsError> {
        let file::Read { config, unknown } = path.map(file::read).transpose()?.unwrap_or_default();
        let path = path.unwrap_or(Path::new(""));
        let mut warnings: Vec<String> =
            unknown.iter().map(|field| format!("`{field}` in {} means nothing", path.display())).collect();
        // Scripts hand on variables of theirs that may be empty. No path is.
        let variable =
            |name: &str| variable(name).filter(|value| !value.is_empty() || !PATHS.contains(&name));
        let sources = Sources { variable, path };

        if config.token.is_some() && config.token_place == Some(TokenPlace::Keyring) {
            warnings.push(format!(
                "`token` in {} counts, although `token_place` is `keyring`: `codex-gateway token --keyring` moves it there",
                path.display()
            ));
        }
        let token = sources.token(overrides.token.clone(), config.token.map(|token| token.0))?;
        let host = sources.pick(overrides.host.clone(), "host", config.host)?;
        let host = host.map(|host| host.try_map(|host: String| loopback(&host))).transpose()?;
        let cwd = sources.pick(overrides.cwd.clone(), "cwd", config.cwd)?;
        // Whoever wrote the file did not know where the gateway would be started from.
        let codex = config.codex.filter(|codex| !codex.as_os_str().is_empty());
        let codex = codex.map(|codex| match path.parent() {
            Some(folder) if !codex.starts_with("~") => folder.join(codex),
            _ => codex,
        });
        if let Some(cwd) = cwd {
            warnings.push(format!(
                "{} has no effect: the model has no access to files, so Codex works in an empty folder",
                cwd.origin
            ));
        }
        let effort =
            sources.pick(overrides.reasoning_effort.clone(), "reasoning_effort", config.reasoning_effort)?;
        let default = Self::default();
        let settings = Self {
            host: host.unwrap_or(default.host),
            port: sources.pick(overrides.port, "port", config.port)?.map_or(default.port, |port| port.value),
            token,
            reasoning_effort: effort.map(|effort| effort.value).filter(|effort| !effort.is_empty()),
            codex: sources
                .pick(overrides.codex.clone(), "codex", codex)?
                .map(|codex| places::program(codex.value)),
            max_active_turns: sources.positive(
                "max_active_turns",
                config.max_active_turns,
                default.max_active_turns,
            )?,
            max_queued_turns: sources.or(
                "max_queued_turns",
                config.max_queued_turns,
                default.max_queued_turns,
            )?,
            queue_timeout: sources.seconds(
                "queue_timeout_seconds",
                config.queue_timeout_seconds,
                default.queue_timeout,
            )?,
            request_timeout: sources.seconds(
                "request_timeout_seconds",
                config.request_timeout_seconds,
                default.request_timeout,
            )?,
            turn_timeout: sources.seconds(
                "turn_timeout_seconds",
                config.turn_timeout_seconds,
                default.turn_timeout,
            )?,
            idle_timeout: sources.seconds(
                "idle_timeout_seconds",
                config.idle_timeout_seconds,
                default.idle_timeout,
            )?,
            kept_conversations: sources.or(
                "kept_conversations",
                config.kept_conversations,
                default.kept_conversations,
            )?,
            conversation_timeout: sources.seconds(
                "conversation_timeout_seconds",
                config.conversation_timeout_seconds,
                default.conversation_timeout,
            )?,
            max_body_bytes: sources.positive(
                "max_body_bytes",
                config.max_body_bytes,
                default.max_body_bytes,
            )?,
            allowed_origins: sources
                .or("allowed_origins", config.allowed_origins.map(Origins), Origins(default.allowed_origins))?
                .0,
            unsupported_parameters: sources.or(
                "unsupported_parameters",
                config.unsupported_parameters,
                default.unsupported_parameters,
            )?,
            model_aliases: config.model_aliases,
            codex_home: sources.or("codex_home", config.codex_home, default.codex_home)?,
            log_text: sources.or("log_text", config.log_text, default.log_text)?,
            desktop: config.desktop.unwrap_or_default(),
            response_history: sources.or(
                "response_history",
                config.response_history,
                default.response_history,
            )?,
            response_history_time: DAY
                * sources.positive("response_history_days", config.response_history_days, HISTORY_DAYS)?,
            response_history_file: default.response_history_file,
            warnings,
        };
        settings.check_folders()?;
        Ok(settings)
    }

    /// What is kept on the disk must have a place there, which is never the folder that the gateway happens to run in.
    fn check_folders(&self) -> Result<(), SettingsError> {
        let kept = self.codex_home == CodexHome::Own || self.response_history == ResponseHistory::Disk;
        match places::data_folder() {
            None if kept => Err(SettingsError::Invalid {
                origin: "`own` for `codex_home`, or `disk` for `response_history`,".to_owned(),
                problem: "needs a home folder, and there is none: set HOME or XDG_DATA_HOME".to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

/// Only addresses of this machine: the gateway must never be reachable from another one.
fn loopback(host: &str) -> Result<IpAddr, String> {
    let address = match host {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => host.trim_matches(['[', ']']).parse().ok(),
    };
    address.filter(IpAddr::is_loopback).ok_or_else(|| {
        format!("is `{host}`, but the gateway listens on loopback only: use 127.0.0.1, ::1 or localhost")
    })
}
