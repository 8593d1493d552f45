//! How a Codex is brought up for turns: what is made for it, and what it is started with.

use std::{path::PathBuf, sync::Arc};

use app_server::{
    AppServer, Checks, Command, Launch, LaunchError, Location, RequestTimeout, locate, protocol::ClientInfo,
};

use super::{
    bare,
    catalog::{self, ContextWindows},
    certificates::Certificates,
    files::Files,
    made::Made,
    session::Session,
    stamp::Stamp,
    version::{lacks, version},
};
use crate::{private_folder::PrivateFolder, settings::Live};

/// How a gateway's Codex is brought up.
#[derive(Debug)]
pub(crate) struct CodexLaunch {
    /// The path of Codex, where the person set one.
    pub(crate) codex: Option<PathBuf>,
    /// Variables for the child beside those of this process.
    pub(crate) env: Vec<(String, String)>,
    /// The tokens, as they are at each start, and the time-out.
    pub(crate) live: Live,
    /// What is made for Codex lies in it.
    pub(crate) folder: Arc<PrivateFolder>,
}

impl Launch for CodexLaunch {
    type Session = Session;

    async fn launch(&self) -> Result<(AppServer, Session), LaunchError> {
        let (command, made) = self.make().await?;
        let client_info = ClientInfo {
            name: "codex-gateway".to_owned(),
            title: "Codex Gateway".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let live = self.live.clone();
        let request_timeout = RequestTimeout::by(move || live.request_timeout());
        let server = AppServer::start(&command, client_info, request_timeout).await?;
        let version = version(&server.server().user_agent);
        if let Some(lacks) = lacks(&version) {
            return Err(LaunchError::TooOld { version, lacks });
        }
        for leak in &made.leaks {
            tracing::warn!("{leak}");
        }
        let opened = Session::open(&server, version.clone(), made).await;
        let session = opened.map_err(|error| match error.unknown_method() {
            Some(lacks) => LaunchError::TooOld { version, lacks },
            None => LaunchError::Handshake(error),
        })?;
        Ok((server, session))
    }

    fn is_outdated(&self, session: &Session) -> bool {
        let found = locate(self.codex.as_deref()).ok().and_then(|location| Stamp::of(&location.program).ok());
        session.made().is_outdated(found)
    }

    fn checks(&self) -> Checks {
        Checks { drain: self.live.settings().turn_timeout, ..Checks::default() }
    }
}

impl CodexLaunch {
    /// Makes what Codex is started with.
    async fn make(&self) -> Result<(Command, Made), LaunchError> {
        let Location { program, found } = locate(self.codex.as_deref())?;
        let stamp = Stamp::of(&program).ok();
        let prepare = |source| LaunchError::Prepare {
            what: format!("what Codex needs can't be written into {}", self.folder.path().display()),
            source,
        };
        let mut files = Files::create_in(&self.folder).map_err(prepare)?;
        let mut command = Command {
            program,
            args: Vec::new(),
            cwd: files.cwd().to_owned(),
            env: self.env.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            withheld_prefixes: vec!["CODEX_GATEWAY_".to_owned()],
            secrets: self.live.secrets(),
        };
        let (catalog, certificates) =
            tokio::join!(catalog::derive(&command), Certificates::gather(&self.env));
        let mut leaks = Vec::new();
        let (catalog, windows) = match catalog {
            Ok(catalog) => (Some(files.add("catalog.json", catalog.text).map_err(prepare)?), catalog.windows),
            Err(error) => {
                leaks.push(format!(
                    "Some of Codex's tools and instructions reach the model, long tool outputs are cut and long \
                     conversations summarised: no model catalog could be derived ({error})."
                ));
                (None, ContextWindows::default())
            }
        };
        command.args = bare::arguments(catalog.as_deref());
        let mut sources = None;
        if let Some(certificates) = certificates {
            let (env, from) = certificates.write(&mut files).map_err(prepare)?;
            command.env.extend(env);
            sources = Some(from);
        }
        let (variable, value) = bare::NO_MACHINE;
        command.env.push((variable.into(), value.into()));
        let files = Arc::new(files);
        Ok((command, Made { files, windows, path: found, program: stamp, certificates: sources, leaks }))
    }
}
