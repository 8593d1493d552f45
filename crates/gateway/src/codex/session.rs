//! A running Codex, made ready for turns.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use app_server::{AppServer, Client, Error, protocol::ThreadInjectItems};
use serde_json::Value;
use tokio::sync::watch;

use super::{
    account::LiveAccount,
    home::Home,
    made::Made,
    models::Models,
    starter::{Starter, instructions_leak},
    threads::Threads,
};

/// The id of no thread.
const NO_THREAD: &str = "00000000-0000-0000-0000-000000000000";

/// One life of Codex. When it ends, the next one is another session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) client: Client,
    pub(super) threads: Threads,
    models: RwLock<Arc<Models>>,
    made: Made,
    version: String,
    account: LiveAccount,
    /// The files whose text reaches the model beside the caller's messages.
    instruction_sources: watch::Receiver<Vec<String>>,
}

impl Session {
    /// Makes a Codex ready that has just been started.
    pub(super) async fn open(server: &AppServer, version: String, made: Made) -> Result<Self, Error> {
        let client = server.client().clone();
        let injection = client.send(&ThreadInjectItems::<Value> { thread_id: NO_THREAD, items: &[] })?;
        // One that does not tell its home is given threads by what it tells of its configuration alone.
        let home = Home::new(Path::new(server.server().codex_home.as_deref().unwrap_or("/")));
        let starter = Starter::open(client.clone(), home, Arc::clone(&made.files)).await?;
        let models = Models::read(&client, &made.windows).await?;
        // Refused either way. A Codex that has no such method would fail each request later.
        if let Err(error) = injection.wait().await
            && error.unknown_method().is_some()
        {
            return Err(error);
        }
        let account = LiveAccount::open(client.clone()).await?;
        let instruction_sources = starter.instruction_sources();
        let threads = Threads::open(starter).await?;
        Ok(Self {
            client,
            threads,
            models: RwLock::new(Arc::new(models)),
            made,
            version,
            account,
            instruction_sources,
        })
    }

    /// Where Codex was found.
    pub(crate) fn path(&self) -> &Path {
        &self.made.path
    }

    /// What it was started with.
    pub(super) fn made(&self) -> &Made {
        &self.made
    }

    /// What reaches the model beside the caller's messages, in words.
    pub(crate) fn leaks(&self) -> Vec<String> {
        let files = self.instruction_sources.borrow();
        self.made.leaks.iter().cloned().chain(files.iter().map(|file| instructions_leak(file))).collect()
    }

    /// Shows when [`Session::leaks`] has changed.
    pub(crate) fn leaks_changes(&self) -> watch::Receiver<Vec<String>> {
        let mut changes = self.instruction_sources.clone();
        changes.mark_unchanged();
        changes
    }

    /// Codex's version, such as `0.169.0`.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn account(&self) -> &LiveAccount {
        &self.account
    }

    /// The models as they were last read.
    pub(crate) fn models(&self) -> Arc<Models> {
        Arc::clone(&self.models.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks Codex for its models again.
    pub(crate) async fn refresh_models(&self) -> Result<Arc<Models>, Error> {
        let models = Arc::new(Models::read(&self.client, &self.made.windows).await?);
        *self.models.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&models);
        Ok(models)
    }
}
