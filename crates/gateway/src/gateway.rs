//! The gateway as a whole: started with a configuration, held by a handle.

use std::{
    fs::DirBuilder, io, net::SocketAddr, os::unix::fs::DirBuilderExt, path::PathBuf, sync::Arc,
    time::Duration,
};

use app_server::{Launch, LaunchError, Phase, Supervisor};
use axum::serve::ListenerExt;
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::JoinHandle,
    time::timeout,
};

use crate::{
    codex::{Account, Codex, CodexLaunch, Session},
    http::{App, router},
    images::{AddressPolicy, ImageFetcher},
    log::RequestLog,
    settings::{CodexHome, Settings, Token, own_codex_home},
};

/// What a gateway is started with.
#[derive(Debug, Clone)]
pub struct Config {
    pub settings: Settings,
    pub token: Token,
    /// Environment variables for Codex beside those of this process, such as another `CODEX_HOME`.
    pub codex_env: Vec<(String, String)>,
    /// Where images may be fetched from.
    pub image_addresses: AddressPolicy,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("port {} is already in use: stop the program that holds it, or choose another port", .0.port())]
    PortTaken(SocketAddr),
    #[error("can't listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("can't make a private folder for Codex: {0}")]
    Folder(io::Error),
}

/// A running gateway. Dropping it stops everything at once; [`GatewayHandle::shutdown`] does so in order.
#[derive(Debug)]
pub struct GatewayHandle {
    address: SocketAddr,
    supervisor: Supervisor<Session>,
    log: RequestLog,
    server: JoinHandle<io::Result<()>>,
    stop: oneshot::Sender<()>,
}

/// How a gateway is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Starting,
    Ready {
        codex_version: String,
        account: Account,
        /// What reaches the model beside the caller's messages, in words.
        leaks: Vec<String>,
    },
    /// Codex isn't running; the gateway keeps trying. The text says why.
    Trouble(String),
    Stopped,
}

/// What was found out about a Codex by bringing it up once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Where Codex was found.
    pub codex: PathBuf,
    pub version: String,
    pub account: Account,
    /// The models that Codex shows to people.
    pub models: Vec<String>,
    /// What reaches the model beside the caller's messages, in words.
    pub leaks: Vec<String>,
}

/// How the Codex of a configuration is brought up.
pub(crate) fn prepare(config: &Config) -> Result<CodexLaunch, LaunchError> {
    let prepared = launch(&config.settings, &config.token, config.codex_env.clone());
    prepared.map_err(|source| LaunchError::Prepare {
        what: "a private folder for Codex can't be made".to_owned(),
        source,
    })
}

/// Brings Codex up as a gateway would, looks at it, and ends it.
pub async fn inspect(config: &Config) -> Result<Inspection, LaunchError> {
    let (server, session) = prepare(config)?.launch().await?;
    let inspection = Inspection {
        codex: session.path().to_owned(),
        version: session.version().to_owned(),
        account: session.account().clone(),
        models: session.models().listed().map(str::to_owned).collect(),
        leaks: session.leaks().to_vec(),
    };
    drop(session);
    server.shutdown().await;
    Ok(inspection)
}

/// How Codex is brought up with these settings.
fn launch(settings: &Settings, token: &Token, mut env: Vec<(String, String)>) -> io::Result<CodexLaunch> {
    if settings.codex_home == CodexHome::Own {
        let home = own_codex_home();
        DirBuilder::new().recursive(true).mode(0o700).create(&home)?;
        env.push(("CODEX_HOME".to_owned(), home.to_string_lossy().into_owned()));
    }
    Ok(CodexLaunch {
        codex: settings.codex.clone(),
        env,
        secrets: vec![token.secret()],
        request_timeout: settings.request_timeout,
        folder: tempfile::Builder::new().prefix("codex-gateway-").tempdir()?,
    })
}

/// Starts a gateway: it listens at once, and brings Codex up in the background.
pub async fn start(config: Config) -> Result<GatewayHandle, StartError> {
    let Config { settings, token, codex_env, image_addresses } = config;
    let address = SocketAddr::new(settings.host, settings.port);
    let listener = TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortTaken(address),
        _ => StartError::Listen { address, source },
    })?;
    let address = listener.local_addr().map_err(|source| StartError::Listen { address, source })?;
    let images = ImageFetcher::new(image_addresses);
    let launch = launch(&settings, &token, codex_env).map_err(StartError::Folder)?;
    let supervisor = Supervisor::start(launch);
    let log = RequestLog::default();
    let app = App {
        codex: Codex::new(&supervisor, &settings),
        images,
        log: log.clone(),
        token: Arc::new(token),
        settings: Arc::new(settings),
    };
    let (stop, stopped) = oneshot::channel();
    let listener = listener.tap_io(|connection| {
        // Each event of a stream leaves at once.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY can't be set");
        }
    });
    let serve = axum::serve(listener, router(app)).with_graceful_shutdown(async {
        // An error means that the handle was dropped, which ends the server too.
        let _ = stopped.await;
    });
    tracing::info!(%address, "listening");
    Ok(GatewayHandle { address, supervisor, log, server: tokio::spawn(serve.into_future()), stop })
}

impl GatewayHandle {
    /// Where the gateway listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What SDKs take as their base URL.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Follows how the gateway is doing.
    pub fn status(&self) -> StatusWatch {
        StatusWatch(self.supervisor.phase())
    }

    /// What went through, and what will.
    pub fn log(&self) -> &RequestLog {
        &self.log
    }

    /// Stops in order: no new connections, Codex is ended, which ends every stream with an error, and the answers
    /// under way get a moment to be sent.
    pub async fn shutdown(self) {
        let Self { supervisor, mut server, stop, .. } = self;
        let _ = stop.send(());
        supervisor.shutdown().await;
        if timeout(Duration::from_secs(1), &mut server).await.is_err() {
            server.abort();
        }
        tracing::info!("stopped");
    }
}

/// Shows a gateway's status, and its changes.
#[derive(Debug, Clone)]
pub struct StatusWatch(watch::Receiver<Phase<Session>>);

impl StatusWatch {
    pub fn current(&self) -> Status {
        match &*self.0.borrow() {
            Phase::Starting { .. } => Status::Starting,
            Phase::Up(session) => Status::Ready {
                codex_version: session.version().to_owned(),
                account: session.account().clone(),
                leaks: session.leaks().to_vec(),
            },
            Phase::Down { error, .. } => Status::Trouble(error.to_string()),
            Phase::Stopped => Status::Stopped,
        }
    }

    /// Waits for the next change, and returns what it changed to.
    pub async fn changed(&mut self) -> Status {
        if self.0.changed().await.is_err() {
            return Status::Stopped;
        }
        self.0.mark_unchanged();
        self.current()
    }

    /// Waits until it is decided whether Codex runs.
    pub async fn settled(&mut self) -> Status {
        let _ = self.0.wait_for(|phase| !matches!(phase, Phase::Starting { .. })).await;
        self.current()
    }
}
