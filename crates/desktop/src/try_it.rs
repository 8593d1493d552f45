//! The person's own request from the window. It goes the way of every program's: over HTTP, with the token.

use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::{core::Core, problem::Problem, view::TryAnswer};

/// How the request log names it.
const CLIENT: &str = concat!("codex-gateway-window/", env!("CARGO_PKG_VERSION"));

pub(crate) async fn send(
    core: &Core,
    prompt: &str,
    model: Option<&str>,
    on_delta: impl FnMut(&str),
) -> Result<TryAnswer, Problem> {
    let address = core.life.lock().await.address().ok_or(Problem::Off)?;
    let model = match model {
        Some(model) => model.to_owned(),
        None => core.shown.models().into_iter().next().ok_or(Problem::NoModel)?,
    };
    let cancelled = core.cancel_try.notified();
    tokio::select! {
        answer = ask(core, address, prompt, model, on_delta) => answer,
        () = cancelled => Err(Problem::Cancelled),
    }
}

async fn ask(
    core: &Core,
    address: std::net::SocketAddr,
    prompt: &str,
    model: String,
    mut on_delta: impl FnMut(&str),
) -> Result<TryAnswer, Problem> {
    let no_answer = |error: reqwest::Error| Problem::NoAnswer(error.without_url().to_string());
    // Made for each: a proxy is for the internet, and nothing is kept open for a window that is closed.
    let http = Client::builder().no_proxy().user_agent(CLIENT).build().map_err(no_answer)?;
    let body = json!({
        "model": model,
        "messages": [{"role": "user", "content": prompt}],
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    let start = Instant::now();
    let request = http
        .post(format!("http://{address}/v1/chat/completions"))
        .bearer_auth(core.tokens.token()?.expose())
        .header("content-type", "application/json")
        .body(body.to_string());
    let mut response = request.send().await.map_err(no_answer)?;
    if !response.status().is_success() {
        return Err(refused(response).await);
    }
    let mut events = Events::default();
    let mut answer = Answer::default();
    while let Some(bytes) = response.chunk().await.map_err(no_answer)? {
        for event in events.add(&bytes) {
            let delta = answer.add(&event)?;
            if !delta.is_empty() {
                answer.first_token.get_or_insert_with(|| start.elapsed());
                on_delta(delta);
            }
        }
    }
    Ok(answer.finish(model, start.elapsed()))
}

async fn refused(response: Response) -> Problem {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap_or_default();
    let message = serde_json::from_str::<Value>(&text)
        .ok()
        .and_then(|body| body["error"]["message"].as_str().map(str::to_owned));
    Problem::Refused(message.unwrap_or_else(|| format!("The gateway answered with status {status}.")))
}

/// Cuts server-sent events out of what arrives.
#[derive(Debug, Default)]
struct Events(Vec<u8>);

impl Events {
    /// The JSON of the events that `bytes` completes.
    fn add(&mut self, bytes: &[u8]) -> Vec<Value> {
        self.0.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.0.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.0.drain(..=end).collect();
            if let Some(data) = line.strip_prefix(b"data: ")
                && let Ok(event) = serde_json::from_slice(data)
            {
                events.push(event);
            }
        }
        events
    }
}

#[derive(Debug, Default)]
struct Answer {
    text: String,
    first_token: Option<Duration>,
    usage: Value,
}

impl Answer {
    /// Takes in a chunk, and returns the text that it brings.
    fn add<'a>(&mut self, chunk: &'a Value) -> Result<&'a str, Problem> {
        if let Some(message) = chunk["error"]["message"].as_str() {
            return Err(Problem::Refused(message.to_owned()));
        }
        if chunk["usage"].is_object() {
            self.usage = chunk["usage"].clone();
        }
        let delta = chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default();
        self.text.push_str(delta);
        Ok(delta)
    }

    fn finish(self, model: String, duration: Duration) -> TryAnswer {
        let tokens = |value: &Value| value.as_u64().unwrap_or_default();
        TryAnswer {
            model,
            text: self.text,
            first_token_ms: self.first_token.map(millis),
            duration_ms: millis(duration),
            input_tokens: tokens(&self.usage["prompt_tokens"]),
            cached_tokens: tokens(&self.usage["prompt_tokens_details"]["cached_tokens"]),
            output_tokens: tokens(&self.usage["completion_tokens"]),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_cut_wherever_the_network_cut_them() {
        let text = ": hello\n\ndata: {\"a\": \"ä\"}\n\ndata: {\"a\": 2}\n\ndata: [DONE]\n\n";
        for size in 1..text.len() {
            let mut events = Events::default();
            let found: Vec<Value> =
                text.as_bytes().chunks(size).flat_map(|bytes| events.add(bytes)).collect();
            assert_eq!(found[..2], [json!({"a": "ä"}), json!({"a": 2})]);
        }
    }
}
