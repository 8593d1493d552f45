use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use axum::{
    body::{Body, Bytes},
    routing::get,
};
use futures_util::stream;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::*;

const SOON: Duration = Duration::from_millis(200);
/// Only a test that fails waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(20);

/// Endless answers that have not been given up.
static ENDLESS: AtomicUsize = AtomicUsize::new(0);

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(bounds: Bounds) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/", get(async || "hello"))
            .route("/slow", get(async || sleep(SOON).await))
            .route("/endless", get(async || endless()));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, router, bounds, async { drop(stopped.await) }));
        Self { address, stop, task }
    }

    async fn send(&self, bytes: &str) -> TcpStream {
        let mut caller = TcpStream::connect(self.address).await.unwrap();
        caller.write_all(bytes.as_bytes()).await.unwrap();
        caller
    }
}

/// Never ends, and fills whatever takes it.
fn endless() -> Body {
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            ENDLESS.fetch_sub(1, Ordering::SeqCst);
        }
    }
    ENDLESS.fetch_add(1, Ordering::SeqCst);
    let counted = Counted;
    Body::from_stream(stream::repeat_with(move || {
        let _ = &counted;
        Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 64 * 1024]))
    }))
}

fn bounds() -> Bounds {
    Bounds { head_patience: PATIENCE, stall_patience: PATIENCE, connections: 8 }
}

async fn everything(mut caller: TcpStream) -> String {
    let mut text = String::new();
    // A reset is an end, too.
    let _ = timeout(PATIENCE, caller.read_to_string(&mut text)).await.expect("the connection stays open");
    text
}

const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test]
async fn a_head_that_trickles_in_ends_its_connection() {
    let server = Server::start(Bounds { head_patience: SOON, ..bounds() }).await;
    let mut caller = server.send("GET / HTTP/1.1\r\n").await;
    let since = Instant::now();
    while caller.write_all(b"X: y\r\n").await.is_ok() {
        assert!(since.elapsed() < PATIENCE, "the connection stays open");
        sleep(SOON / 10).await;
    }
    assert!(!everything(caller).await.contains("200"));
}

#[tokio::test]
async fn idle_connections_are_closed_before_and_between_requests() {
    let server = Server::start(Bounds { head_patience: SOON, ..bounds() }).await;
    assert_eq!(everything(server.send("").await).await, "");
    assert!(everything(server.send(GET).await).await.ends_with("hello"));
}

#[tokio::test]
async fn a_long_head_is_refused() {
    let server = Server::start(bounds()).await;
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(2 * HEAD_BYTES));
    assert!(everything(server.send(&head).await).await.starts_with("HTTP/1.1 431"));
    let head = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(1_000));
    assert!(everything(server.send(&head).await).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let server = Server::start(Bounds { connections: 2, ..bounds() }).await;
    let idle = [server.send("").await, server.send("").await];
    let mut waiting = server.send(GET).await;
    assert!(timeout(SOON, waiting.read_u8()).await.is_err(), "there was no place");
    drop(idle);
    assert_eq!(timeout(PATIENCE, waiting.read_u8()).await.unwrap().unwrap(), b'H');
}

#[tokio::test]
async fn a_caller_that_takes_nothing_loses_its_connection() {
    let server = Server::start(Bounds { stall_patience: SOON, ..bounds() }).await;
    let caller = server.send("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let since = Instant::now();
    while ENDLESS.load(Ordering::SeqCst) == 0 {
        sleep(SOON / 10).await;
    }
    while ENDLESS.load(Ordering::SeqCst) > 0 {
        assert!(since.elapsed() < PATIENCE, "the answer is still made");
        sleep(SOON / 10).await;
    }
    drop(caller);
}

#[tokio::test]
async fn a_stop_waits_for_answers_and_not_for_idle_connections() {
    let server = Server::start(bounds()).await;
    let idle = server.send("").await;
    let slow = server.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    sleep(SOON / 4).await;
    server.stop.send(()).unwrap();
    timeout(PATIENCE / 2, server.task).await.expect("idle connections are waited for").unwrap();
    assert!(everything(slow).await.starts_with("HTTP/1.1 200"));
    assert_eq!(everything(idle).await, "");
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn dropping_a_server_closes_every_connection() {
    let server = Server::start(bounds()).await;
    let idle = server.send("").await;
    let slow = server.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    sleep(SOON / 4).await;
    server.task.abort();
    assert_eq!((everything(idle).await, everything(slow).await), (String::new(), String::new()));
}
