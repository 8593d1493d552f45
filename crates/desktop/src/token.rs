//! The local token: where it comes from, and how it is shown.

use gateway::settings::{Settings, Token, WrittenToken};

use crate::{
    config::Config,
    problem::Problem,
    view::{TokenPlace, TokenView},
};

/// A token, and where it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) token: Token,
    pub(crate) place: TokenPlace,
}

/// The variable that outranks every other place.
pub(crate) const VARIABLE: &str = "CODEX_GATEWAY_TOKEN";

impl Kept {
    /// The token of the settings, else a new one, which is written to the configuration file where that can be.
    pub(crate) fn find(config: &Config) -> Result<Self, Problem> {
        if let Some(kept) = Self::of(&config.settings()) {
            return Ok(kept);
        }
        let token = Token::generate().map_err(Problem::Random)?;
        let place = match write(config, &token) {
            Ok(()) => TokenPlace::File,
            Err(problem) => {
                tracing::warn!(%problem, "the token is good for this run only");
                TokenPlace::Memory
            }
        };
        Ok(Self { token, place })
    }

    pub(crate) fn of(settings: &Settings) -> Option<Self> {
        let place = match std::env::var_os(VARIABLE) {
            Some(_) => TokenPlace::Environment,
            None => TokenPlace::File,
        };
        settings.token.clone().map(|token| Self { token, place })
    }

    pub(crate) fn rotate(&self, config: &Config) -> Result<Self, Problem> {
        if self.place == TokenPlace::Environment {
            return Err(Problem::Fixed { variable: VARIABLE });
        }
        let token = Token::generate().map_err(Problem::Random)?;
        write(config, &token)?;
        Ok(Self { token, place: TokenPlace::File })
    }

    pub(crate) fn view(&self) -> TokenView {
        TokenView { masked: masked(&self.token), place: self.place }
    }
}

pub(crate) fn write(config: &Config, token: &Token) -> Result<(), Problem> {
    let written = WrittenToken::from(token).into_value();
    Ok(config.edit(|object| {
        object.insert("token".to_owned(), written);
    })?)
}

/// The token with all but its prefix and its last four characters hidden. Of a short one that a person chose, nothing is
/// shown.
pub(crate) fn masked(token: &Token) -> String {
    const PREFIX: &str = "codex-gateway-local-";
    const HIDDEN: &str = "••••••";
    match token.expose().strip_prefix(PREFIX) {
        Some(secret) if secret.len() >= 32 => format!("{PREFIX}{HIDDEN}{}", &secret[secret.len() - 4..]),
        Some(_) => format!("{PREFIX}{HIDDEN}"),
        None => HIDDEN.to_owned(),
    }
}
