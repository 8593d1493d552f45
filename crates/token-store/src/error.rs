//! What keeps a token from being read or kept, and what to do about it.

use std::{path::PathBuf, time::Duration};

use gateway::settings::{FileError, SettingsError};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the local token can't be read or kept, because {0}")]
    Keyring(#[from] KeyringError),
    /// The file says that the token is in the keyring.
    #[error("the local token should be in the keyring, which has none for {config}")]
    NoEntry { config: PathBuf },
    #[error("there is no local token yet")]
    NoToken,
    /// It is read and never written.
    #[error("the local token is given by the command line or CODEX_GATEWAY_TOKEN")]
    Overridden,
    /// The file, or a token in it, can't be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The token of the file is another than before the keyring was asked. It is left there.
    #[error("another program has changed the token in {config} meanwhile: try again")]
    Changed { config: PathBuf },
    #[error("no random numbers can be had: {0}")]
    Random(#[from] getrandom::Error),
}

impl StoreError {
    /// What the person can do, in sentences; `None` where the error says it.
    pub fn cure(&self) -> Option<&'static str> {
        match self {
            Self::Keyring(error) => Some(error.cure()),
            Self::NoEntry { .. } => Some(
                "Run `codex-gateway token --rotate`, which makes a new one; programs need it in place of the old one.",
            ),
            Self::NoToken => Some("Run `codex-gateway init`."),
            Self::Overridden => Some("Change it there, or take it away."),
            Self::Settings(_) | Self::Changed { .. } | Self::Random(_) => None,
        }
    }
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        Self::Settings(error.into())
    }
}

/// Why the keyring gave nothing. No text holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Nothing that answers to that name, or no session that it could be in.
    #[error("there is no keyring here")]
    Missing,
    /// The person did not unlock it, or there was no way to ask them.
    #[error("the keyring is locked")]
    Locked,
    /// It may be asking for its password in a window.
    #[error("the keyring did not answer within {} s", after.as_secs_f32())]
    Silent { after: Duration },
    #[error("the keyring refused: {reason}")]
    Refused { reason: String },
}

impl KeyringError {
    /// What the person can do, in sentences.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Missing => {
                "Try again in a desktop session with a keyring, such as GNOME Keyring or KWallet; or give the token by \
                 CODEX_GATEWAY_TOKEN; or keep a new one in the config file by `codex-gateway token --rotate --file`."
            }
            Self::Locked => {
                "Unlock it, by its own application or by logging in to the desktop, and try again."
            }
            Self::Silent { .. } => {
                "It may be asking for its password in a window: answer there, and try again. If no keyring can be had, \
                 `codex-gateway token --rotate --file` keeps a new token in the config file."
            }
            Self::Refused { .. } => {
                "Look at it in its own application. `codex-gateway token --rotate --file` keeps a new token in the \
                 config file instead."
            }
        }
    }
}
