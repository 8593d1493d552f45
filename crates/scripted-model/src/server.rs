//! The server itself: its sockets, and its Rust API.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time;

use crate::codex::CodexConfig;
use crate::key::{self, Key};
use crate::log::{Limits, RecordedRequest, TimedOut, Until};
use crate::script::Script;
use crate::shared::Shared;
use crate::{control, responses};

/// A running server. It ends, and closes every connection, when this is dropped.
#[derive(Debug)]
pub struct ScriptedModel {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl ScriptedModel {
    /// Listens on `address`; port 0 takes a free one. Until a script is set, every request is echoed.
    pub async fn start(address: SocketAddr) -> io::Result<Self> {
        Self::start_with(address, Limits::default()).await
    }

    /// As [`start`](Self::start), but remembers as much as `limits` says.
    pub async fn start_with(address: SocketAddr, limits: Limits) -> io::Result<Self> {
        Self::start_router(address, limits, |router| router.nest("/control", control::router())).await
    }

    /// As [`start_with`](Self::start_with), but for one client, which has the key; and nobody can control it.
    pub(crate) async fn start_for(address: SocketAddr, limits: Limits, key: Key) -> io::Result<Self> {
        Self::start_router(address, limits, |router| {
            router.layer(from_fn_with_state(Arc::new(key), key::require))
        })
        .await
    }

    async fn start_router(
        address: SocketAddr,
        limits: Limits,
        complete: impl FnOnce(Router<Arc<Shared>>) -> Router<Arc<Shared>>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(format!("http://{address}/v1"), limits));
        let router = Router::new()
            .route("/v1/responses", post(responses::create).fallback(responses::not_found))
            .fallback(responses::not_found);
        let router = complete(router).layer(DefaultBodyLimit::disable()).with_state(Arc::clone(&shared));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, router, stopped));
        Ok(Self { address, shared, stop, task })
    }

    /// With the port that was really taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// For Codex's `base_url`: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// Where the control requests go: `http://127.0.0.1:PORT/control`.
    pub fn control_url(&self) -> String {
        format!("http://{}/control", self.address)
    }

    /// Sets the script of every request that finds the queue empty.
    pub fn set_default(&self, script: impl Into<Script>) {
        self.shared.scripts().set_default(script.into());
    }

    /// Queues a script. Each request takes one, in the order in which they are recorded.
    pub fn push(&self, script: impl Into<Script>) {
        self.shared.scripts().push(script.into());
    }

    /// Forgets the queued scripts; the default stays.
    pub fn clear_queue(&self) {
        self.shared.scripts().clear_queue();
    }

    /// The requests since the last [`clear`](Self::clear), oldest first, as far as [`Limits`] keeps them.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.shared.log.snapshot().requests
    }

    /// Forgets the recorded requests and counts from 0 again; answers under way go on.
    pub fn clear(&self) {
        self.shared.log.clear();
    }

    /// Waits until `count` requests arrived since the last [`clear`](Self::clear), and returns them.
    pub async fn wait_for_requests(
        &self,
        count: u64,
        timeout: Duration,
    ) -> Result<Vec<RecordedRequest>, TimedOut> {
        self.shared.log.wait(count, Until::Arrived, timeout).await?;
        Ok(self.requests())
    }

    /// Waits until `count` answers have ended, whatever way, since the last [`clear`](Self::clear).
    pub async fn wait_for_ended(
        &self,
        count: u64,
        timeout: Duration,
    ) -> Result<Vec<RecordedRequest>, TimedOut> {
        self.shared.log.wait(count, Until::Ended, timeout).await?;
        Ok(self.requests())
    }

    /// The text of a `config.toml` that points Codex here.
    pub fn config_toml(&self, config: &CodexConfig) -> String {
        config.to_toml(self.base_url())
    }

    /// Writes that `config.toml` into `directory`, which becomes a `CODEX_HOME`; makes the directory if need be.
    pub fn codex_home(&self, directory: &Path, config: &CodexConfig) -> io::Result<()> {
        fs::create_dir_all(directory)?;
        fs::write(directory.join("config.toml"), self.config_toml(config))
    }

    /// Closes the port and every connection at once, and waits until that is done.
    pub async fn shutdown(self) {
        drop(self.stop);
        // The task fails only if the runtime is going down, which closes the sockets as well.
        let _ = self.task.await;
    }
}

/// Serves until `stopped` resolves, which it does when its sender is dropped. `axum::serve` would wait for
/// streams to end before it stops; a hanging one never does.
async fn serve(listener: TcpListener, router: Router, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    connections.spawn(serve_connection(socket, router.clone()));
                }
                // Out of file descriptors, most likely: they come back as connections close.
                Err(_) => time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn serve_connection(socket: TcpStream, router: Router) {
    // Without it only the pace of the events suffers.
    let _ = socket.set_nodelay(true);
    // An error is a cut by the script or a client that closed: the log has both.
    let _ =
        http1::Builder::new().serve_connection(TokioIo::new(socket), TowerToHyperService::new(router)).await;
}
