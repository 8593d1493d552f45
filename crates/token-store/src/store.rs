//! The token of one configuration file.

use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use gateway::{
    HistoryKey,
    settings::{ConfigFile, Overrides, SettingsError, Token, TokenPlace, WrittenToken, edit, token_override},
};
use tokio::sync::Mutex;

use crate::{
    error::{KeyringError, StoreError},
    keyring::Keyring,
};

/// A token, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub token: Token,
    pub place: Place,
}

/// Where a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The command line or `CODEX_GATEWAY_TOKEN`: read, and never written.
    Override,
    /// The configuration file, with mode 0600.
    File,
    /// The keyring of the operating system.
    Keyring,
}

impl From<TokenPlace> for Place {
    fn from(place: TokenPlace) -> Self {
        match place {
            TokenPlace::File => Self::File,
            TokenPlace::Keyring => Self::Keyring,
        }
    }
}

/// Reads and keeps the token of one configuration file.
///
/// Nothing is remembered between calls, since the command may change the file while the tray application runs. A call
/// that reaches the keyring takes [`PATIENCE`](crate::PATIENCE) at most, or what was set instead; where the token is in
/// the file, the keyring is left alone.
#[derive(Debug, Clone)]
pub struct TokenStore {
    config: PathBuf,
    given: Option<Token>,
    keyring: Keyring,
    /// One change at a time: each reads first and then writes.
    changing: Arc<Mutex<()>>,
}

/// What [`TokenStore::prefer_keyring`] came to.
#[derive(Debug)]
pub struct Preferred {
    pub stored: Stored,
    /// Why the token is not in the keyring, where it was tried.
    pub obstacle: Option<KeyringError>,
}

/// The keyring's entry of the key of stored responses. The others are the paths of configuration files.
const HISTORY: &str = "responses";

impl TokenStore {
    /// The token of the file at `config`, which need not exist. Fails if `overrides` or `CODEX_GATEWAY_TOKEN` holds what
    /// can't be a token.
    pub fn new(config: impl Into<PathBuf>, overrides: &Overrides) -> Result<Self, SettingsError> {
        let given = token_override(overrides)?;
        Ok(Self { config: config.into(), given, keyring: Keyring::native(), changing: Arc::default() })
    }

    /// Takes another keyring, or the same with another patience.
    #[must_use]
    pub fn with_keyring(self, keyring: Keyring) -> Self {
        Self { keyring, ..self }
    }

    /// The same store, for a person who may have to type the keyring's password first.
    #[must_use]
    pub fn with_patience(&self, patience: Duration) -> Self {
        self.clone().with_keyring(self.keyring.clone().with_patience(patience))
    }

    /// The token, wherever it is; `None` where there is none yet. That the keyring should have one and has none is an
    /// error.
    pub async fn load(&self) -> Result<Option<Stored>, StoreError> {
        if let Some(token) = &self.given {
            return Ok(Some(Stored { token: token.clone(), place: Place::Override }));
        }
        let config = ConfigFile::read(&self.config)?;
        if let Some(token) = self.token_in(&config)? {
            return Ok(Some(Stored { token, place: Place::File }));
        }
        if config.token_place != Some(TokenPlace::Keyring) {
            return Ok(None);
        }
        match self.keyring.get(&self.user()).await? {
            Some(token) => Ok(Some(Stored { token, place: Place::Keyring })),
            None => Err(StoreError::NoEntry { config: self.config.clone() }),
        }
    }

    /// Keeps `token` at `place`, from now on: the file says so. What the other place held is removed.
    pub async fn save(&self, token: Token, place: TokenPlace) -> Result<Stored, StoreError> {
        let _changing = self.changing.lock().await;
        self.writable()?;
        self.put(token, place).await
    }

    /// Makes a new token, and keeps it where the present one is, which is good no longer. A gateway that runs has to be
    /// told. It is also the cure for a keyring that has lost the token.
    pub async fn rotate(&self) -> Result<Stored, StoreError> {
        let _changing = self.changing.lock().await;
        self.writable()?;
        let token = Token::generate()?;
        let config = ConfigFile::read(&self.config)?;
        if config.token.is_none() && config.token_place == Some(TokenPlace::Keyring) {
            return self.put(token, TokenPlace::Keyring).await;
        }
        self.write_to_file(&token)?;
        Ok(Stored { token, place: Place::File })
    }

    /// Moves the token of the file into the keyring. The file keeps it until the keyring has given it back.
    pub async fn move_to_keyring(&self) -> Result<Stored, StoreError> {
        self.move_to(TokenPlace::Keyring).await
    }

    /// Moves the token into the file, and keeps it there. A token that the keyring does not give can't be moved: what is
    /// left then is to [`save`](Self::save) a new one.
    pub async fn keep_in_file(&self) -> Result<Stored, StoreError> {
        self.move_to(TokenPlace::File).await
    }

    /// The token for an application in a desktop session. One that is in the file, or not made yet, goes into the keyring
    /// if there is one that answers; unless the person chose the file, by `"token_place": "file"`.
    pub async fn prefer_keyring(&self) -> Result<Preferred, StoreError> {
        let _changing = self.changing.lock().await;
        let (loaded, config) = (self.load().await?, ConfigFile::read(&self.config)?);
        let in_file = |token| Stored { token, place: Place::File };
        let token = match loaded {
            Some(Stored { token, place: Place::File }) => token,
            Some(stored) => return Ok(Preferred { stored, obstacle: None }),
            None => Token::generate()?,
        };
        let chosen = config.token_place == Some(TokenPlace::File);
        let obstacle = match chosen {
            true => None,
            false => match self.put(token.clone(), TokenPlace::Keyring).await {
                Ok(stored) => return Ok(Preferred { stored, obstacle: None }),
                Err(StoreError::Keyring(error)) => Some(error),
                Err(error) => return Err(error),
            },
        };
        if config.token.is_none() {
            self.write_to_file(&token)?;
        }
        Ok(Preferred { stored: in_file(token), obstacle })
    }

    /// Puts `token` into the keyring and leaves the file alone, for those who write the file themselves.
    pub async fn put_in_keyring(&self, token: &Token) -> Result<(), StoreError> {
        self.make_folder();
        Ok(self.keyring.set(&self.user(), token.clone()).await?)
    }

    /// The key that stored responses are encrypted with on the disk: one for all configuration files, since the responses
    /// are in one place. It is kept in the keyring and nowhere else: beside the responses it would be worth nothing.
    pub async fn history_key(&self) -> Result<HistoryKey, StoreError> {
        Ok(self.keyring.key(HISTORY).await?)
    }

    async fn move_to(&self, place: TokenPlace) -> Result<Stored, StoreError> {
        let _changing = self.changing.lock().await;
        self.writable()?;
        let stored = self.load().await?.ok_or(StoreError::NoToken)?;
        self.put(stored.token, place).await
    }

    async fn put(&self, token: Token, place: TokenPlace) -> Result<Stored, StoreError> {
        match place {
            TokenPlace::Keyring => {
                let in_file = ConfigFile::read(&self.config)?.token.map(WrittenToken::into_value);
                self.put_in_keyring(&token).await?;
                let mut is_the_same = true;
                edit(&self.config, |config| {
                    // A token that was made while the keyring was asked is nowhere but here.
                    is_the_same = config.get("token").filter(|token| !token.is_null()) == in_file.as_ref();
                    if is_the_same {
                        config.shift_remove("token");
                        config.insert("token_place".to_owned(), "keyring".into());
                    }
                })?;
                if !is_the_same {
                    return Err(StoreError::Changed { config: self.config.clone() });
                }
            }
            TokenPlace::File => {
                let was_in_keyring = ConfigFile::read(&self.config)?.token_place == Some(TokenPlace::Keyring);
                edit(&self.config, |config| {
                    config.insert("token".to_owned(), token.expose().into());
                    config.insert("token_place".to_owned(), "file".into());
                })?;
                if was_in_keyring && let Err(error) = self.keyring.remove(&self.user()).await {
                    tracing::warn!("a token that isn't used any more is still in the keyring: {error}");
                }
            }
        }
        Ok(Stored { token, place: place.into() })
    }

    fn write_to_file(&self, token: &Token) -> Result<(), StoreError> {
        edit(&self.config, |config| {
            config.insert("token".to_owned(), token.expose().into());
        })?;
        Ok(())
    }

    fn writable(&self) -> Result<(), StoreError> {
        match self.given {
            Some(_) => Err(StoreError::Overridden),
            None => Ok(()),
        }
    }

    fn token_in(&self, config: &ConfigFile) -> Result<Option<Token>, SettingsError> {
        let invalid = |problem: gateway::settings::TokenError| SettingsError::Invalid {
            origin: format!("`token` in {}", self.config.display()),
            problem: problem.to_string(),
        };
        config.token.as_ref().map(|token| token.check().map_err(invalid)).transpose()
    }

    /// What the keyring calls the user of the entry: the file's path, so that two files don't share a token. The folder
    /// goes by its real name, whatever way leads there; a file that is a link goes by its own.
    fn user(&self) -> String {
        let path = std::path::absolute(&self.config).unwrap_or_else(|_| self.config.clone());
        let real = |path: &Path| Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
        real(&path).unwrap_or(path).to_string_lossy().into_owned()
    }

    /// Makes the file's folder, which has its real name only when it is there. Where that fails, writing the file will
    /// fail and say why.
    fn make_folder(&self) {
        if let Some(folder) = self.config.parent() {
            let _ = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        }
    }
}
