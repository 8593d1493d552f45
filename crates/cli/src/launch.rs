//! Why Codex or the gateway doesn't start, with what to do about it.

use anyhow::{Error, anyhow};
use app_server::LaunchError;
use gateway::{SignInError, StartError};

pub(crate) fn codex(error: LaunchError) -> Error {
    match error.advice() {
        Some(advice) => anyhow!("{error}. {advice}"),
        None => error.into(),
    }
}

pub(crate) fn sign_in(error: SignInError) -> Error {
    match error {
        SignInError::Launch(error) => codex(error),
        error => error.into(),
    }
}

pub(crate) fn gateway(error: StartError) -> Error {
    match error {
        StartError::PortTaken(_) => anyhow!("{error} with --port"),
        error => error.into(),
    }
}
