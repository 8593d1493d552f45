//! The token that a gateway is opened with, and the place where it is kept.

use std::{
    io::{IsTerminal, stderr, stdin},
    path::Path,
    pin::pin,
    time::Duration,
};

use gateway::{
    HistoryKey,
    settings::{ResponseHistory, Settings, SettingsError, Token, TokenPlace},
};
use token_store::{Keyring, StoreError, TokenStore};

use crate::{args::Options, out};

/// How long a person may take to unlock the keyring in a window.
const UNLOCKING: Duration = Duration::from_secs(60);
/// When they are told that something is waited for.
const NOTICE: Duration = Duration::from_secs(2);

/// The settings, with the token from wherever it is.
pub(crate) async fn settings(path: &Path, options: &Options) -> anyhow::Result<Settings> {
    let settings = Settings::load(&options.overrides(), Some(path))?;
    if settings.token.is_some() {
        return Ok(settings);
    }
    let stored = waited_for(store(path, options)?.load()).await?;
    Ok(Settings { token: stored.map(|stored| stored.token), ..settings })
}

/// The key of responses on the disk, where the settings want them there and the keyring gives one.
pub(crate) async fn history_key(path: &Path, options: &Options, settings: &Settings) -> Option<HistoryKey> {
    if settings.response_history != ResponseHistory::Disk {
        return None;
    }
    let key = async { waited_for(store(path, options)?.history_key()).await };
    key.await.inspect_err(|error| tracing::warn!("responses are kept in memory only: {error:#}")).ok()
}

/// Makes a new token with `rotate`, and moves the token to `place` if one is named.
pub(crate) async fn change(
    path: &Path,
    options: &Options,
    rotate: bool,
    place: Option<TokenPlace>,
) -> anyhow::Result<()> {
    let store = store(path, options)?;
    match (rotate, place) {
        (true, Some(place)) => drop(waited_for(store.save(Token::generate()?, place)).await?),
        (true, None) => drop(waited_for(store.rotate()).await?),
        (false, Some(TokenPlace::Keyring)) => drop(waited_for(store.move_to_keyring()).await?),
        (false, Some(TokenPlace::File)) => drop(waited_for(store.keep_in_file()).await?),
        (false, None) => return Ok(()),
    }
    if rotate {
        out::note("This token is new: a gateway that runs takes the old one until it is started again.");
    }
    Ok(())
}

/// Puts the token into the keyring, for a config file that is about to be written.
pub(crate) async fn put_in_keyring(path: &Path, options: &Options, token: &Token) -> anyhow::Result<()> {
    waited_for(store(path, options)?.put_in_keyring(token)).await
}

/// Where the token of the file at `path` is kept. A person at a terminal is given time to unlock the keyring.
pub(crate) fn store(path: &Path, options: &Options) -> Result<TokenStore, SettingsError> {
    let store = TokenStore::new(path, &options.overrides())?;
    Ok(match at_a_terminal() {
        true => store.with_keyring(Keyring::native().with_patience(UNLOCKING)),
        false => store,
    })
}

fn at_a_terminal() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Waits for a call of the store, which may wait for the keyring, and adds to an error what to do about it.
async fn waited_for<T>(call: impl Future<Output = Result<T, StoreError>>) -> anyhow::Result<T> {
    let mut call = pin!(call);
    let done = match tokio::time::timeout(NOTICE, &mut call).await {
        Ok(done) => done,
        Err(_) => {
            if at_a_terminal() {
                out::note("Waiting for the keyring, which may be asking for its password in a window.");
            }
            call.await
        }
    };
    done.map_err(|error| match error.cure() {
        Some(cure) => anyhow::anyhow!("{error}. {cure}"),
        None => error.into(),
    })
}

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
