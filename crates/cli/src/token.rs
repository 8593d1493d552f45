//! The token that a gateway is opened with.

use gateway::settings::{Settings, Token};

/// The token that the gateway is opened with.
pub(crate) struct Choice {
    pub(crate) token: Token,
    /// Whether it was made up for this run, so that nobody else knows it.
    pub(crate) generated: bool,
}

impl Choice {
    pub(crate) fn of(settings: &Settings) -> anyhow::Result<Self> {
        Ok(match settings.token.clone() {
            Some(token) => Self { token, generated: false },
            None => Self { token: Token::generate()?, generated: true },
        })
    }
}
