//! Calls of the keyring that always end.

use std::{fmt, sync::Arc, thread, time::Duration};

use gateway::{HistoryKey, settings::Token};
use keyring_core::{Entry, Error};
use tokio::sync::{Semaphore, oneshot, watch};

use crate::{error::KeyringError, native};

/// How long a call of the keyring may take, unless another time is set.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Calls that may hang at the same time: each holds a thread and a connection until the keyring lets go of it.
const CALLS: usize = 4;

/// The keyring of the operating system.
///
/// Its libraries block, some of them until the person has answered a window. So each call has a thread of its own, which
/// is left behind when it takes too long, and which the end of the process does not wait for.
#[derive(Clone)]
pub struct Keyring {
    open: Arc<Open>,
    patience: Duration,
    calls: Arc<Semaphore>,
    late: watch::Sender<()>,
}

/// Makes the entry of a user, as keyrings call what tells the entries of a program apart.
type Open = dyn Fn(&str) -> keyring_core::Result<Entry> + Send + Sync;

impl Keyring {
    /// The keyring of this session. Nothing is asked of it yet: a keyring that is missing now may be there at the next
    /// call.
    pub fn native() -> Self {
        Self::new(native::entry)
    }

    /// A keyring whose entries are made by `open`, which may block.
    pub fn new(open: impl Fn(&str) -> keyring_core::Result<Entry> + Send + Sync + 'static) -> Self {
        let calls = Arc::new(Semaphore::new(CALLS));
        Self { open: Arc::new(open), patience: PATIENCE, calls, late: watch::Sender::new(()) }
    }

    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Changes whenever the keyring has done what nobody waited for any longer: as when its password was typed at last.
    /// Whoever wants something of it can ask again.
    pub fn late_answers(&self) -> watch::Receiver<()> {
        self.late.subscribe()
    }

    /// The token of `user`, if there is one. A locked keyring asks the person to unlock it.
    pub(crate) async fn get(&self, user: &str) -> Result<Option<Token>, KeyringError> {
        let text = self.call(user, |entry, _| found(entry.get_password())).await?;
        // The parser's words are about tokens that a person chooses.
        let invalid = |_| KeyringError::Refused { reason: "what it holds is no local token".to_owned() };
        text.map(|text| Token::parse(&text).map_err(invalid)).transpose()
    }

    /// Keeps the token of `user`, and reads it back. What times out was not kept, unless it was just being written.
    pub(crate) async fn set(&self, user: &str, token: Token) -> Result<(), KeyringError> {
        let kept = self.call(user, move |entry, abandoned| {
            // A locked keyring blocks here. Once it is unlocked, nobody may want this token any more.
            found(entry.get_secret())?;
            if abandoned() {
                return Ok(false);
            }
            entry.set_password(token.expose())?;
            Ok(token.matches(&entry.get_secret()?))
        });
        match kept.await? {
            true => Ok(()),
            false => Err(KeyringError::Refused { reason: "it gave back something else".to_owned() }),
        }
    }

    /// The key of `user`, made where there is none.
    pub(crate) async fn key(&self, user: &str) -> Result<HistoryKey, KeyringError> {
        let made =
            HistoryKey::generate().map_err(|error| KeyringError::Refused { reason: error.to_string() })?;
        let kept = self.call(user, move |entry, abandoned| {
            if let Some(key) = found(entry.get_secret())?.and_then(|key| key.try_into().ok()) {
                return Ok(Some(HistoryKey::new(key)));
            }
            if abandoned() {
                return Ok(None);
            }
            entry.set_secret(made.expose())?;
            Ok((entry.get_secret()? == made.expose()).then_some(made))
        });
        kept.await?.ok_or_else(|| KeyringError::Refused { reason: "it gave back something else".to_owned() })
    }

    pub(crate) async fn remove(&self, user: &str) -> Result<(), KeyringError> {
        self.call(user, |entry, _| found(entry.delete_credential())).await.map(|_| ())
    }

    /// Runs `work` on a thread of its own. It is told by its second argument whether its caller has given up.
    async fn call<T: Send + 'static>(
        &self,
        user: &str,
        work: impl FnOnce(&Entry, &dyn Fn() -> bool) -> keyring_core::Result<T> + Send + 'static,
    ) -> Result<T, KeyringError> {
        let (open, calls, user) = (Arc::clone(&self.open), Arc::clone(&self.calls), user.to_owned());
        let late = self.late.clone();
        let answer = async move {
            let call = calls.acquire_owned().await;
            let (send, receive) = oneshot::channel();
            let work = move || {
                let done = open(&user).and_then(|entry| work(&entry, &|| send.is_closed()));
                drop(call);
                if let Err(Ok(_)) = send.send(done) {
                    late.send_replace(());
                }
            };
            let reason = match thread::Builder::new().name("keyring".to_owned()).spawn(work) {
                Ok(_) => match receive.await {
                    Ok(done) => return done.map_err(native::explain),
                    Err(_) => "its library broke down".to_owned(),
                },
                Err(error) => format!("no thread can be had: {error}"),
            };
            Err(KeyringError::Refused { reason })
        };
        tokio::time::timeout(self.patience, answer)
            .await
            .unwrap_or(Err(KeyringError::Silent { after: self.patience }))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("patience", &self.patience).finish_non_exhaustive()
    }
}

/// An entry that isn't there is an answer.
fn found<T>(result: keyring_core::Result<T>) -> keyring_core::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    }
}
