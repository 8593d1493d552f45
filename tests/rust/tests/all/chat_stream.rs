//! A streamed chat completion, read event by event.

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use crate::stack::PATIENCE;

pub(crate) struct ChatStream {
    response: Response,
    /// What was received and not read yet.
    buffer: Vec<u8>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    Chunk(Value),
    /// The object within `{"error": …}`.
    Error(Value),
    Done,
}

/// What came from some point of a stream to its end.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Rest {
    pub(crate) text: String,
    pub(crate) finish_reason: Option<String>,
    pub(crate) error: Option<Value>,
    /// Whether the last event was `[DONE]`.
    pub(crate) done: bool,
}

impl Rest {
    /// A stream that ended well, with this text.
    pub(crate) fn finished(text: &str) -> Self {
        Self { text: text.to_owned(), finish_reason: Some("stop".to_owned()), error: None, done: true }
    }

    /// The code of the error that the stream ended with.
    pub(crate) fn error_code(&self) -> &str {
        assert!(self.done && self.finish_reason.is_none(), "{self:?}");
        self.error
            .as_ref()
            .and_then(|error| error["code"].as_str())
            .expect("the stream ended without an error")
    }
}

impl ChatStream {
    pub(crate) fn new(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        Self { response, buffer: Vec::new() }
    }

    /// The next event, comments left out; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            let frame = self.frame().await?;
            if frame.starts_with(':') {
                continue;
            }
            let data = frame.strip_prefix("data: ").unwrap_or_else(|| panic!("not an event: {frame}"));
            if data == "[DONE]" {
                return Some(Event::Done);
            }
            let mut data: Value = serde_json::from_str(data).unwrap();
            return Some(match data.get_mut("error") {
                Some(error) => Event::Error(error.take()),
                None => Event::Chunk(data),
            });
        }
    }

    /// The next piece of text, empty ones left out.
    pub(crate) async fn delta(&mut self) -> String {
        loop {
            match self.next().await {
                Some(Event::Chunk(chunk)) => match chunk["choices"][0]["delta"]["content"].as_str() {
                    Some("") | None => {}
                    Some(text) => return text.to_owned(),
                },
                other => panic!("no text came, but {other:?}"),
            }
        }
    }

    /// Everything up to the end.
    pub(crate) async fn rest(mut self) -> Rest {
        let mut rest = Rest::default();
        while let Some(event) = self.next().await {
            assert!(!rest.done, "after [DONE] came {event:?}");
            match event {
                Event::Chunk(chunk) => {
                    let choice = &chunk["choices"][0];
                    rest.text.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
                    let finish_reason = choice["finish_reason"].as_str().map(str::to_owned);
                    rest.finish_reason = rest.finish_reason.or(finish_reason);
                }
                Event::Error(error) => rest.error = Some(error),
                Event::Done => rest.done = true,
            }
        }
        rest
    }

    async fn frame(&mut self) -> Option<String> {
        let mut searched = 0;
        loop {
            let end = self.buffer[searched..].windows(2).position(|pair| pair == b"\n\n");
            if let Some(end) = end.map(|end| searched + end) {
                let frame = self.buffer.drain(..end + 2).take(end).collect();
                return Some(String::from_utf8(frame).unwrap());
            }
            searched = self.buffer.len().saturating_sub(1);
            match timeout(PATIENCE, self.response.chunk()).await.expect("the stream is silent").unwrap() {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None => {
                    assert!(self.buffer.is_empty(), "the last event is cut off");
                    return None;
                }
            }
        }
    }
}
