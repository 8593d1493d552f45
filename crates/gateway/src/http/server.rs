//! Connections: accepted one after another, each within bounds of time and memory, and all of them owned here.

use std::{sync::Arc, time::Duration};

use axum::{Router, serve::Listener};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use rustix::process::{Resource, getrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_io_timeout::TimeoutStream;

/// How connections are treated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How long the head of a request may take, and how long a connection may be idle before it.
    pub(crate) head_patience: Duration,
    /// How long a caller may take nothing of an answer that waits for it.
    pub(crate) stall_patience: Duration,
    /// Connections at a time. Further ones wait to be accepted.
    pub(crate) connections: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            head_patience: Duration::from_secs(30),
            stall_patience: Duration::from_secs(120),
            connections: connections(),
        }
    }
}

/// What a request's head may hold.
const HEAD_BYTES: usize = 128 * 1024;

/// Serves until `stop` is done, then until every answer under way is sent. Dropping it closes every connection.
pub(crate) async fn serve(
    mut listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(bounds.head_patience).max_buf_size(HEAD_BYTES);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            let (stream, _) = Listener::accept(&mut listener).await;
            (stream, place)
        };
        let (stream, place) = tokio::select! {
            accepted = accepted => accepted,
            Some(_) = connections.join_next() => continue,
            () = &mut stop => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(TokioIo::new(bounded(stream, bounds)), service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

fn bounded(stream: TcpStream, bounds: Bounds) -> std::pin::Pin<Box<TimeoutStream<TcpStream>>> {
    // Each event of a stream leaves at once.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY can't be set");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(bounds.stall_patience));
    Box::pin(stream)
}

/// As many connections as leave half of this process's descriptors for everything else.
fn connections() -> usize {
    const ENOUGH: u64 = 2048;
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from((descriptors / 2).clamp(16, ENOUGH)).unwrap_or(16)
}

#[cfg(test)]
mod tests;
