//! Callers: each sends one streamed chat completion after the other.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, body::Incoming, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{sleep, sleep_until, timeout_at},
};

use crate::{
    floor::Floor,
    stats::{Samples, ms},
};

/// One of the models that Codex itself brings.
pub const MODEL: &str = "gpt-5.5";

/// Where callers send their requests to.
#[derive(Debug, Clone)]
pub enum Callee {
    /// A chat completions API, and the token that opens it.
    Http { address: SocketAddr, token: String },
    /// Codex, with no gateway between.
    Codex(Arc<Floor>),
}

/// One caller, with a connection of its own that it keeps.
#[derive(Debug)]
pub enum Caller {
    Http { sender: http1::SendRequest<Full<Bytes>>, host: String, authorization: String },
    Codex(Arc<Floor>),
}

/// How long one answer took, from before its request was written.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// Until the first text of the answer.
    pub first_token: Duration,
    pub total: Duration,
}

impl Callee {
    pub async fn caller(&self) -> anyhow::Result<Caller> {
        match self {
            Self::Codex(floor) => Ok(Caller::Codex(Arc::clone(floor))),
            Self::Http { address, token } => {
                let stream = TcpStream::connect(address).await.context("the server can't be reached")?;
                stream.set_nodelay(true)?;
                let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
                tokio::spawn(connection);
                let authorization = format!("Bearer {token}");
                Ok(Caller::Http { sender, host: address.to_string(), authorization })
            }
        }
    }
}

impl Caller {
    /// Asks, and reads the answer to its end.
    pub async fn ask(&mut self, prompt: &str) -> anyhow::Result<Answer> {
        let Self::Codex(floor) = self else {
            let start = Instant::now();
            let mut answer = self.send(prompt).await?;
            while !answer.read().await? {}
            let first_token = answer.first_token.context("the answer has no text")?;
            return Ok(Answer { first_token: first_token - start, total: start.elapsed() });
        };
        floor.ask(prompt).await
    }

    /// Sends a request over HTTP and waits for the head of its answer.
    pub async fn send(&mut self, prompt: &str) -> anyhow::Result<Stream> {
        let Self::Http { sender, host, authorization } = self else { bail!("not a caller over HTTP") };
        let body = json!({"model": MODEL, "stream": true, "messages": [{"role": "user", "content": prompt}]});
        let request = Request::post("/v1/chat/completions")
            .header(header::HOST, host.as_str())
            .header(header::AUTHORIZATION, authorization.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body.to_string()))?;
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        if head.status != StatusCode::OK {
            let body = body.collect().await?.to_bytes();
            bail!("{}: {}", head.status, String::from_utf8_lossy(&body));
        }
        Ok(Stream { body, bytes: Vec::new(), seen: 0, first_token: None })
    }
}

/// An answer on its way.
#[derive(Debug)]
pub struct Stream {
    body: Incoming,
    /// All that has come.
    pub bytes: Vec<u8>,
    /// How much of it was searched for the first text.
    seen: usize,
    first_token: Option<Instant>,
}

impl Stream {
    /// Reads what comes next. True at the end of an answer that is complete.
    pub async fn read(&mut self) -> anyhow::Result<bool> {
        let Some(frame) = self.body.frame().await else {
            ensure!(
                self.bytes.ends_with(b"data: [DONE]\n\n"),
                "the answer broke off: {}",
                String::from_utf8_lossy(&self.bytes)
            );
            return Ok(true);
        };
        if let Some(data) = frame?.data_ref() {
            self.bytes.extend_from_slice(data);
        }
        if self.first_token.is_none() && self.has_text() {
            self.first_token = Some(Instant::now());
        }
        Ok(false)
    }

    /// Whether some text of the answer has come.
    pub fn has_begun(&self) -> bool {
        self.first_token.is_some()
    }

    fn has_text(&mut self) -> bool {
        const FIELD: &[u8] = b"\"content\":";
        while let Some(at) = self.bytes[self.seen..].windows(FIELD.len()).position(|part| part == FIELD) {
            let after = self.seen + at + FIELD.len();
            let value = self.bytes[after..].trim_ascii_start();
            match value {
                [b'"', first, ..] if *first != b'"' => return true,
                // Cut in the middle: the rest is still to come.
                [] | [b'"'] => return false,
                _ => self.seen = after,
            }
        }
        self.seen = self.bytes.len().saturating_sub(FIELD.len()).max(self.seen);
        false
    }
}

/// How long so many callers ask, one request after the other each.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub callers: usize,
    /// Callers start one by one within this time, so that they don't march in step; and as long again passes before
    /// anything is counted.
    pub ramp: Duration,
    pub window: Duration,
}

/// How long after the window an answer may still come. A window that cut its last requests off would count those of
/// them that have only just begun as short ones.
const GRACE: Duration = Duration::from_secs(3);

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Answers that ended within the window, a second.
    pub per_second: f64,
    /// In milliseconds, of every request that ended after the ramp. One that was cut off counts as long as it had
    /// waited by then, which is less than it would have taken.
    pub first_token: Samples,
    pub total: Samples,
    /// Answers that ended within the window.
    pub answered: usize,
    /// All answers, for what is divided by all work.
    pub all_answers: usize,
    /// Requests that were given up unanswered.
    pub cut: usize,
    pub failed: usize,
}

/// Runs a load. One failed request ends its caller.
pub async fn run(callee: &Callee, load: Load, prompt: &str) -> anyhow::Result<Outcome> {
    let start = tokio::time::Instant::now();
    let counted = start + 2 * load.ramp;
    let end = counted + load.window;
    let callers = (0..load.callers).map(|index| async move {
        let mut outcome = Outcome::default();
        let mut caller = callee.caller().await?;
        sleep(load.ramp.mul_f64(index as f64 / load.callers as f64)).await;
        loop {
            let began = Instant::now();
            let Ok(answer) = timeout_at(end + GRACE, caller.ask(prompt)).await else {
                outcome.cut += 1;
                outcome.first_token.push(ms(began.elapsed()));
                outcome.total.push(ms(began.elapsed()));
                return Ok((outcome, None));
            };
            let now = tokio::time::Instant::now();
            match answer {
                Ok(answer) => {
                    outcome.all_answers += 1;
                    if now >= counted {
                        outcome.answered += usize::from(now < end);
                        outcome.first_token.push(ms(answer.first_token));
                        outcome.total.push(ms(answer.total));
                    }
                }
                Err(error) => {
                    outcome.failed += 1;
                    sleep_until(end).await;
                    return Ok::<_, anyhow::Error>((outcome, Some(error)));
                }
            }
            if now >= end {
                return Ok((outcome, None));
            }
        }
    });
    let mut sum = Outcome::default();
    for caller in join_all(callers).await {
        let (outcome, error) = caller?;
        sum.answered += outcome.answered;
        sum.all_answers += outcome.all_answers;
        sum.cut += outcome.cut;
        sum.failed += outcome.failed;
        sum.first_token.merge(outcome.first_token);
        sum.total.merge(outcome.total);
        if let (Some(error), 1) = (error, sum.failed) {
            crate::machine::say(&format!("a request failed: {error:#}"));
        }
    }
    sum.per_second = sum.answered as f64 / load.window.as_secs_f64();
    Ok(sum)
}
