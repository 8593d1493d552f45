//! A client and the connection below it, against a peer that says whatever a test wants.

mod answers;
mod ending;
mod events;
mod requests;
mod server_requests;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, DuplexStream, Lines},
    time::timeout,
};

use super::*;
use crate::{Lost, ThreadEvent};

/// Long enough for a busy machine; only a test that fails waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request of the tests: it has a number, and is answered with any JSON.
#[derive(Serialize)]
struct Ask {
    number: u64,
}

impl Request for Ask {
    const METHOD: &'static str = "test/ask";
    type Response = Value;
}

/// A request whose answer must be a number.
#[derive(Serialize)]
struct Count {}

impl Request for Count {
    const METHOD: &'static str = "test/count";
    type Response = u64;
}

/// The other end of the connection.
struct Peer {
    input: Lines<BufReader<DuplexStream>>,
    output: DuplexStream,
}

fn connect() -> (Client, Peer) {
    connect_with(PATIENCE)
}

fn connect_with(request_timeout: impl Into<RequestTimeout>) -> (Client, Peer) {
    let (input, peer_output) = tokio::io::duplex(1024 * 1024);
    let (peer_input, output) = tokio::io::duplex(1024 * 1024);
    let notices = Notices::default();
    let (connection, _) = Connection::open(BufReader::new(input), output, notices.clone());
    let client = Client::new(connection, notices, request_timeout.into());
    (client, Peer { input: BufReader::new(peer_input).lines(), output: peer_output })
}

impl Peer {
    /// The next message from the client; `None` once it has closed its end.
    async fn hear(&mut self) -> Option<Value> {
        let line = timeout(PATIENCE, self.input.next_line()).await.expect("no message came").unwrap()?;
        Some(serde_json::from_str(&line).unwrap())
    }

    /// The next message, which must be a request with an id of this client.
    async fn hear_request(&mut self) -> (u64, Value) {
        let mut message = self.hear().await.unwrap();
        (message["id"].as_u64().unwrap(), message["params"].take())
    }

    /// Sends bytes as they are.
    async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.output.write_all(bytes.as_ref()).await.unwrap();
    }

    async fn send(&mut self, message: Value) {
        self.say(format!("{message}\n")).await;
    }

    async fn answer(&mut self, id: u64, result: impl Into<Value>) {
        self.send(json!({"id": id, "result": result.into()})).await;
    }

    async fn delta(&mut self, thread_id: &str, text: &str) {
        let params = json!({"threadId": thread_id, "turnId": "u", "itemId": "m", "delta": text});
        self.send(json!({"method": "item/agentMessage/delta", "params": params})).await;
    }
}

fn delta(text: &str) -> ThreadEvent {
    ThreadEvent::MessageDelta { delta: text.to_owned() }
}

/// The next event, which must come.
async fn next(events: &mut Subscription) -> Result<ThreadEvent, Lost> {
    timeout(PATIENCE, events.next()).await.expect("no event came")
}

/// A request and its answer, as proof that the connection works, and that all that was said before has been read.
async fn round_trip(client: &Client, peer: &mut Peer) {
    let response = client.send(&Ask { number: 0 }).unwrap();
    let (id, _) = peer.hear_request().await;
    peer.answer(id, "still here").await;
    assert_eq!(response.wait().await.unwrap(), "still here");
}
