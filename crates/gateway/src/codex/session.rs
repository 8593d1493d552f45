//! A running Codex, made ready for turns.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use app_server::{
    AppServer, Checks, Client, Command, Error, Launch, LaunchError, locate,
    protocol::{ClientInfo, ThreadInjectItems},
};
use serde_json::Value;
use tokio::sync::watch;

use super::{
    account::LiveAccount,
    bare,
    catalog::{self, ContextWindows},
    certificates::Certificates,
    home::Home,
    models::Models,
    stamp::Stamp,
    starter::{Starter, instructions_leak},
    threads::Threads,
    version::{lacks, version},
};
use crate::{private_file, private_folder::PrivateFolder, settings::Live};

/// The id of no thread.
const NO_THREAD: &str = "00000000-0000-0000-0000-000000000000";

/// How a gateway's Codex is brought up.
#[derive(Debug)]
pub(crate) struct CodexLaunch {
    /// The path of Codex, where the person set one.
    pub(crate) codex: Option<PathBuf>,
    /// Variables for the child beside those of this process.
    pub(crate) env: Vec<(String, String)>,
    /// The tokens and the time-out, as they are at each start.
    pub(crate) live: Live,
    /// Codex's empty working directory, the derived catalog and the certificates lie in it.
    pub(crate) folder: PrivateFolder,
}

/// One life of Codex. When it ends, the next one is another session.
#[derive(Debug)]
pub(crate) struct Session {
    pub(super) client: Client,
    pub(super) threads: Threads,
    models: RwLock<Arc<Models>>,
    windows: ContextWindows,
    path: PathBuf,
    program: Option<Stamp>,
    certificates: Option<Certificates>,
    version: String,
    account: LiveAccount,
    /// What reaches the model beside the caller's messages, in words, for as long as Codex runs.
    leaks: Vec<String>,
    /// The files whose text does.
    instruction_sources: watch::Receiver<Vec<String>>,
}

impl Launch for CodexLaunch {
    type Session = Session;

    async fn launch(&self) -> Result<(AppServer, Session), LaunchError> {
        let location = locate(self.codex.as_deref())?;
        let program = Stamp::of(&location.program).ok();
        let cwd = self.folder.path().join("cwd");
        private_file::create_folder(&cwd).map_err(|source| LaunchError::Prepare {
            what: format!("the working directory {} can't be made", cwd.display()),
            source,
        })?;
        let mut command = Command {
            program: location.program,
            args: Vec::new(),
            cwd: cwd.clone(),
            env: self.env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            withheld_prefixes: vec!["CODEX_GATEWAY_".to_owned()],
            secrets: self.live.secrets(),
        };
        let catalog = self.folder.path().join("catalog.json");
        let mut leaks = Vec::new();
        let (derived, certificates) = tokio::join!(
            catalog::derive(&command, &catalog),
            Certificates::gather(self.folder.path(), &self.env),
        );
        let (catalog, windows) = match derived {
            Ok(windows) => (Some(catalog), windows),
            Err(error) => {
                leaks.push(format!(
                    "Some of Codex's tools and instructions reach the model, long tool outputs are cut and long \
                     conversations summarised: no model catalog could be derived ({error})."
                ));
                (None, ContextWindows::default())
            }
        };
        command.args = bare::arguments(catalog.as_deref());
        command.env.extend(certificates.iter().flat_map(Certificates::env));
        let (variable, value) = bare::NO_MACHINE;
        command.env.push((variable.into(), value.into()));
        let client_info = ClientInfo {
            name: "codex-gateway".to_owned(),
            title: "Codex Gateway".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let server = AppServer::start(&command, client_info, self.live.request_timeout()).await?;
        let version = version(&server.server().user_agent);
        if let Some(lacks) = lacks(&version) {
            return Err(LaunchError::TooOld { version, lacks });
        }
        let opened = Session::open(&server, version.clone(), location.found, &cwd, windows, leaks).await;
        let opened = opened.map_err(|error| match error.unknown_method() {
            Some(lacks) => LaunchError::TooOld { version, lacks },
            None => LaunchError::Handshake(error),
        })?;
        let session = Session { program, certificates, ..opened };
        for leak in &session.leaks {
            tracing::warn!("{leak}");
        }
        Ok((server, session))
    }

    fn is_outdated(&self, session: &Session) -> bool {
        let found = locate(self.codex.as_deref()).ok().and_then(|location| Stamp::of(&location.program).ok());
        // One that is missing just now may be about to be replaced.
        found.is_some_and(|found| session.program.is_some_and(|program| program != found))
            || session.certificates.as_ref().is_some_and(Certificates::are_outdated)
    }

    fn checks(&self) -> Checks {
        Checks { drain: self.live.settings().turn_timeout, ..Checks::default() }
    }
}

impl Session {
    async fn open(
        server: &AppServer,
        version: String,
        path: PathBuf,
        cwd: &Path,
        windows: ContextWindows,
        leaks: Vec<String>,
    ) -> Result<Self, Error> {
        let client = server.client().clone();
        let injection = client.send(&ThreadInjectItems::<Value> { thread_id: NO_THREAD, items: &[] })?;
        // One that does not tell its home is given threads by what it tells of its configuration alone.
        let home = Home::new(Path::new(server.server().codex_home.as_deref().unwrap_or_default()));
        let starter = Starter::open(client.clone(), cwd, home).await?;
        let models = Models::read(&client, &windows).await?;
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
            windows,
            path,
            program: None,
            certificates: None,
            version,
            account,
            leaks,
            instruction_sources,
        })
    }

    /// Where Codex was found.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What reaches the model beside the caller's messages, in words.
    pub(crate) fn leaks(&self) -> Vec<String> {
        let files = self.instruction_sources.borrow();
        self.leaks.iter().cloned().chain(files.iter().map(|file| instructions_leak(file))).collect()
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
        let models = Arc::new(Models::read(&self.client, &self.windows).await?);
        *self.models.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&models);
        Ok(models)
    }
}
