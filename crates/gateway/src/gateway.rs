//! The gateway as a whole: started with a configuration, held by a handle.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use app_server::{Launch, LaunchError, Supervisor, locate};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::{JoinHandle, spawn_blocking},
    time::{Instant, timeout, timeout_at},
};

use crate::{
    codex::{Account, Codex, CodexLaunch, Session, renew},
    http::{Bounds, Shared, WrongTokens, router, serve},
    images::{AddressPolicy, ImageFetcher},
    log::RequestLog,
    openai::responses::{DiskPlace, History, HistoryKey},
    private_file,
    private_folder::PrivateFolder,
    settings::{
        CodexHome, Live, NeedsRestart, ResponseHistory, Settings, Token, needs_restart, own_codex_home,
    },
    status::StatusWatch,
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
    /// What stored responses are encrypted with on the disk. Without it, they are in memory only.
    pub history_key: Option<HistoryKey>,
}

impl Config {
    /// What most are started with: Codex as this process sees it, images from public addresses only, and no responses on
    /// the disk.
    pub fn new(settings: Settings, token: Token) -> Self {
        Self {
            settings,
            token,
            codex_env: Vec::new(),
            image_addresses: AddressPolicy::PublicOnly,
            history_key: None,
        }
    }
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
    /// What cannot change while it runs is still as it was then.
    started: Settings,
    live: Live,
    codex: Codex,
    supervisor: Supervisor<Session>,
    log: RequestLog,
    history: History,
    server: JoinHandle<()>,
    renewal: JoinHandle<()>,
    stop: oneshot::Sender<()>,
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

/// Whether a Codex is where these settings look for one. It takes a few looks at the file system.
pub fn codex_is_installed(settings: &Settings) -> bool {
    locate(settings.codex.as_deref()).is_ok()
}

/// How the Codex of a configuration is brought up.
pub(crate) fn prepare(config: &Config) -> Result<CodexLaunch, LaunchError> {
    let live = Live::new(config.settings.clone(), config.token.clone());
    let prepared = launch(&config.settings, live, config.codex_env.clone());
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
        account: session.account().current(),
        models: session.models().listed().map(str::to_owned).collect(),
        leaks: session.leaks(),
    };
    drop(session);
    server.shutdown().await;
    Ok(inspection)
}

/// How Codex is brought up with these settings.
fn launch(settings: &Settings, live: Live, mut env: Vec<(String, String)>) -> io::Result<CodexLaunch> {
    if settings.codex_home == CodexHome::Own {
        let home = own_codex_home();
        private_file::create_folder(&home)?;
        env.push(("CODEX_HOME".to_owned(), home.to_string_lossy().into_owned()));
    }
    Ok(CodexLaunch { codex: settings.codex.clone(), env, live, folder: Arc::new(PrivateFolder::create()?) })
}

/// Where responses are kept, by the settings.
async fn open_history(settings: &Settings, key: Option<HistoryKey>) -> History {
    let time_to_live = settings.response_history_time;
    match (settings.response_history, key) {
        (ResponseHistory::Off, _) => History::off(),
        (ResponseHistory::Memory, _) => History::in_memory(time_to_live),
        (ResponseHistory::Disk, None) => {
            tracing::warn!("there is no key to encrypt responses with, so they are kept in memory only");
            History::in_memory(time_to_live)
        }
        (ResponseHistory::Disk, Some(key)) => {
            let place = DiskPlace { path: settings.response_history_file.clone(), key };
            let opened = spawn_blocking(move || History::on_disk(&place, time_to_live)).await;
            opened.unwrap_or_else(|_| History::in_memory(time_to_live))
        }
    }
}

/// Starts a gateway: it listens at once, and brings Codex up in the background.
pub async fn start(config: Config) -> Result<GatewayHandle, StartError> {
    let Config { settings, token, codex_env, image_addresses, history_key } = config;
    let address = SocketAddr::new(settings.host, settings.port);
    let listener = TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortTaken(address),
        _ => StartError::Listen { address, source },
    })?;
    let address = listener.local_addr().map_err(|source| StartError::Listen { address, source })?;
    let images = ImageFetcher::new(image_addresses);
    let live = Live::new(settings.clone(), token);
    let launch = launch(&settings, live.clone(), codex_env).map_err(StartError::Folder)?;
    let supervisor = Supervisor::start(launch);
    let log = RequestLog::default();
    let history = open_history(&settings, history_key).await;
    let codex = Codex::new(&supervisor, live.clone());
    let renewal = tokio::spawn(renew(supervisor.phase(), log.running(), supervisor.restart()));
    let shared = Shared {
        codex: codex.clone(),
        images,
        log: log.clone(),
        live: live.clone(),
        wrong_tokens: WrongTokens::default(),
        address,
        history: history.clone(),
    };
    let (stop, stopped) = oneshot::channel();
    let server = serve(listener, router(shared), Bounds::default(), async {
        // An error means that the handle was dropped, which ends the server too.
        let _ = stopped.await;
    });
    tracing::info!(%address, "listening");
    let server = tokio::spawn(server);
    Ok(GatewayHandle {
        address,
        started: settings,
        live,
        codex,
        supervisor,
        log,
        history,
        server,
        renewal,
        stop,
    })
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
        StatusWatch::new(self.supervisor.phase())
    }

    /// What went through, and what will.
    pub fn log(&self) -> &RequestLog {
        &self.log
    }

    /// How many requests run the model now, or wait to. A caller that has hung up does not count.
    pub fn running(&self) -> watch::Receiver<usize> {
        self.log.running()
    }

    /// Goes by these settings from now on. Requests that run keep those that they came with. Returns what takes effect
    /// only when the gateway is started again. The token is not among them: see [`GatewayHandle::set_token`].
    pub fn apply(&self, settings: Settings) -> Vec<NeedsRestart> {
        let needs_restart = needs_restart(&self.started, self.address, &settings);
        self.codex.apply(&settings);
        self.live.set_settings(settings);
        needs_restart
    }

    /// Opens to this token from now on, and no more to the one before. Requests that run are not disturbed.
    pub fn set_token(&self, token: Token) {
        self.live.set_token(token);
    }

    /// Has Codex read its sign-in again, as soon as no request runs: for after the person has signed in or out, by
    /// [`sign_in`](crate::sign_in) or otherwise. A sign-in where there was none is seen without this.
    pub fn read_sign_in_again(&self) {
        self.codex.doubt_sign_in();
    }

    /// Stops in order: no new connections, Codex is ended, which ends every stream with an error, and the answers
    /// under way get a moment to be sent. Takes two seconds at most, whatever Codex, the callers and the disk do.
    pub async fn shutdown(self) {
        let Self { supervisor, history, mut server, renewal, stop, .. } = self;
        let latest = Instant::now() + Duration::from_secs(2);
        renewal.abort();
        let _ = stop.send(());
        supervisor.shutdown().await;
        if timeout(Duration::from_millis(400), &mut server).await.is_err() {
            server.abort();
            let _ = server.await;
        }
        if timeout_at(latest, history.close()).await.is_err() {
            tracing::warn!("the latest stored responses may not be on the disk");
        }
        tracing::info!("stopped");
    }
}
