//! The local token: where it is kept, and how it is shown.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gateway::{
    HistoryKey,
    settings::{FileError, ResponseHistory, Settings, SettingsError, Token, TokenPlace as Keep},
};
use token_store::{KeyringError, Place, StoreError, Stored, TokenStore};

use crate::{
    Options,
    problem::Problem,
    view::{TokenPlace, TokenView, Trouble},
};

const HIDDEN: &str = "••••••";

/// How long a person who unlocks the keyring may take to find its password, and type it.
const PASSWORD_PATIENCE: Duration = Duration::from_secs(120);

/// The token that the gateway is opened with, as far as it is known.
#[derive(Debug)]
pub(crate) struct Tokens {
    /// Fails where what the environment says can't be a token.
    store: Result<TokenStore, SettingsError>,
    now: Mutex<Now>,
}

#[derive(Debug, Clone)]
enum Now {
    Known(Kept),
    /// It is somewhere, and could not be had.
    Missing(Obstacle),
    /// Nobody has looked yet.
    Unread,
}

/// Why the token could not be had.
#[derive(Debug, Clone)]
struct Obstacle {
    trouble: Trouble,
    /// Whether it is that there is no keyring. At a login, there may be one in a moment.
    is_without_keyring: bool,
}

/// A token, and where it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    token: Token,
    place: TokenPlace,
}

impl Tokens {
    pub(crate) fn new(options: &Options) -> Self {
        let store = TokenStore::new(&options.config, &options.overrides);
        let store = store.map(|store| store.with_keyring(options.keyring.clone()));
        Self { store, now: Mutex::new(Now::Unread) }
    }

    pub(crate) fn token(&self) -> Result<Token, Problem> {
        match &*self.now() {
            Now::Known(kept) => Ok(kept.token.clone()),
            Now::Missing(obstacle) => Err(obstacle.into()),
            Now::Unread => Err(Problem::Token("it has not been read yet".to_owned())),
        }
    }

    pub(crate) fn view(&self) -> TokenView {
        match &*self.now() {
            Now::Known(kept) => TokenView { masked: masked(&kept.token), place: kept.place },
            Now::Missing(Obstacle { trouble: Trouble::Keyring { .. } | Trouble::TokenLost, .. }) => {
                TokenView { masked: HIDDEN.to_owned(), place: TokenPlace::Keyring }
            }
            Now::Missing(_) | Now::Unread => TokenView { masked: HIDDEN.to_owned(), place: TokenPlace::File },
        }
    }

    /// Why the token could not be had.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        match &*self.now() {
            Now::Missing(obstacle) => Some(obstacle.trouble.clone()),
            Now::Known(_) | Now::Unread => None,
        }
    }

    /// Whether the token waits for a keyring, of which there is none.
    pub(crate) fn is_without_keyring(&self) -> bool {
        matches!(&*self.now(), Now::Missing(Obstacle { is_without_keyring: true, .. }))
    }

    pub(crate) fn is_missing(&self) -> bool {
        matches!(&*self.now(), Now::Missing(_))
    }

    /// The token with all but its ends hidden.
    pub(crate) fn masked(&self) -> String {
        self.view().masked
    }

    /// Sees to it that the token is known, if it can be.
    pub(crate) async fn ensure(&self) {
        let now = self.now().clone();
        match now {
            Now::Known(_) => {}
            Now::Unread => self.open().await,
            Now::Missing(_) => self.reload().await,
        }
    }

    /// Looks for the token at the start: one that is not made yet, or lies in the file, goes into the keyring, if there
    /// is one and the person has not chosen the file.
    async fn open(&self) {
        let opened = async { Ok::<_, Obstacle>(self.store()?.prefer_keyring().await?) };
        match opened.await {
            Ok(preferred) => {
                if let Some(obstacle) = preferred.obstacle {
                    tracing::info!("the token is kept in the configuration file: {obstacle}");
                }
                self.know(preferred.stored);
            }
            Err(Obstacle { trouble: Trouble::Other { message }, .. }) => self.make_up(&message),
            Err(obstacle) => self.set(Now::Missing(obstacle)),
        }
    }

    /// Looks for the token again, since another program may have changed it.
    pub(crate) async fn reload(&self) {
        let loaded = async { Ok::<_, Obstacle>(self.store()?.load().await?) };
        match loaded.await {
            Ok(Some(stored)) => self.know(stored),
            Ok(None) => self.open().await,
            // A token that works is not given up for a file that is broken, or a keyring that is locked now.
            Err(obstacle) if !self.is_known() => self.set(Now::Missing(obstacle)),
            Err(obstacle) => tracing::warn!("the token can't be read again: {}", obstacle.message()),
        }
    }

    /// The key of responses on the disk, where the settings want them there and the keyring gives one.
    pub(crate) async fn history_key(&self, settings: &Settings) -> Option<HistoryKey> {
        if settings.response_history != ResponseHistory::Disk {
            return None;
        }
        let key = self.store().ok()?.history_key().await;
        key.inspect_err(|error| tracing::warn!("responses are kept in memory only: {error}")).ok()
    }

    /// Makes a new token, and keeps it where the present one is.
    pub(crate) async fn rotate(&self) -> Result<(), Problem> {
        let stored = self.store()?.rotate().await?;
        self.know(stored);
        Ok(())
    }

    /// Keeps the token in the file. Where it can't be had, a new one is made.
    pub(crate) async fn keep_in_file(&self) -> Result<(), Problem> {
        let store = self.store()?;
        let stored = match self.token() {
            Ok(token) => store.save(token, Keep::File).await?,
            Err(_) => store.save(Token::generate().map_err(Problem::Random)?, Keep::File).await?,
        };
        self.know(stored);
        Ok(())
    }

    /// Asks the keyring again: for the token, or to take the one that is in the file. The person may have to type its
    /// password first.
    pub(crate) async fn retry_keyring(&self) -> Result<(), Problem> {
        let store = self.store()?.with_patience(PASSWORD_PATIENCE);
        let stored = match self.token() {
            Ok(token) => store.save(token, Keep::Keyring).await?,
            Err(_) => match store.load().await? {
                Some(stored) => stored,
                None => store.prefer_keyring().await?.stored,
            },
        };
        self.know(stored);
        Ok(())
    }

    fn store(&self) -> Result<&TokenStore, Obstacle> {
        let trouble = |error: &SettingsError| Trouble::Config { message: error.to_string() };
        self.store.as_ref().map_err(|error| Obstacle { trouble: trouble(error), is_without_keyring: false })
    }

    /// For a machine on which nothing can be written: the gateway is good for this run.
    fn make_up(&self, why: &str) {
        self.set(match Token::generate() {
            Ok(token) => {
                tracing::warn!("the token is good for this run only: {why}");
                Now::Known(Kept { token, place: TokenPlace::Memory })
            }
            Err(error) => Now::Missing(StoreError::Random(error).into()),
        });
    }

    fn know(&self, stored: Stored) {
        let place = match stored.place {
            Place::Override => TokenPlace::Environment,
            Place::File => TokenPlace::File,
            Place::Keyring => TokenPlace::Keyring,
        };
        self.set(Now::Known(Kept { token: stored.token, place }));
    }

    fn is_known(&self) -> bool {
        matches!(&*self.now(), Now::Known(_))
    }

    fn set(&self, now: Now) {
        *self.now() = now;
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<StoreError> for Obstacle {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        let is_without_keyring = matches!(error, StoreError::Keyring(KeyringError::Missing));
        let trouble = match error {
            StoreError::Keyring(_) => Trouble::Keyring { message },
            StoreError::NoEntry { .. } => Trouble::TokenLost,
            StoreError::Settings(SettingsError::File(FileError::Write { .. } | FileError::Busy { .. })) => {
                Trouble::Other { message }
            }
            StoreError::Settings(_) => Trouble::Config { message },
            StoreError::NoToken
            | StoreError::Overridden
            | StoreError::Changed { .. }
            | StoreError::Random(_) => Trouble::Other { message },
        };
        Self { trouble, is_without_keyring }
    }
}

impl Obstacle {
    fn message(&self) -> &str {
        match &self.trouble {
            Trouble::Keyring { message } | Trouble::Config { message } | Trouble::Other { message } => {
                message
            }
            Trouble::TokenLost => "the keyring no longer has it; make a new one",
            _ => "it could not be had",
        }
    }
}

impl From<&Obstacle> for Problem {
    fn from(obstacle: &Obstacle) -> Self {
        Self::Token(obstacle.message().to_owned())
    }
}

impl From<Obstacle> for Problem {
    fn from(obstacle: Obstacle) -> Self {
        Self::from(&obstacle)
    }
}

/// The token with all but its prefix and its last four characters hidden. Of a short one that a person chose, nothing is
/// shown.
fn masked(token: &Token) -> String {
    const PREFIX: &str = "codex-gateway-local-";
    match token.expose().strip_prefix(PREFIX) {
        Some(secret) if secret.len() >= 32 => format!("{PREFIX}{HIDDEN}{}", &secret[secret.len() - 4..]),
        Some(_) => format!("{PREFIX}{HIDDEN}"),
        None => HIDDEN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_is_shown_of_a_token_and_nothing_of_a_short_one() {
        let shown = |token: &str| masked(&Token::parse(token).unwrap());
        let long = "codex-gateway-local-0123456789abcdef0123456789abcdef3f9a";
        assert_eq!(shown(long), "codex-gateway-local-••••••3f9a");
        assert_eq!(shown("codex-gateway-local-abcd"), "codex-gateway-local-••••••");
        assert_eq!(shown("hunter2"), "••••••");
    }
}
