//! Server-sent events: frames, and the comments that keep a silent stream alive.

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header::CONTENT_TYPE},
    response::Response,
};
use futures_util::stream::unfold;
use serde::Serialize;

/// How long the status of a streamed answer is held back, so that a turn that fails at once is a proper HTTP error, which
/// SDKs understand and retry; after that the stream begins, since clients give up on silence.
pub(super) const STATUS_PATIENCE: Duration = Duration::from_secs(5);

/// How long a stream may be silent.
pub(super) const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// Clients skip it; proxies and time-outs count it as a sign of life.
pub(super) const KEEP_ALIVE: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// The last frame of a chat completion stream.
pub(super) const DONE: Bytes = Bytes::from_static(b"data: [DONE]\n\n");

/// One event. JSON has no raw line break, so its text is one `data` line.
pub(crate) fn data(value: &impl Serialize) -> Bytes {
    frame(&[b"data: "], value)
}

/// One event with a name.
pub(crate) fn event(name: &str, value: &impl Serialize) -> Bytes {
    frame(&[b"event: ", name.as_bytes(), b"\ndata: "], value)
}

fn frame(head: &[&[u8]], value: &impl Serialize) -> Bytes {
    // Most frames are shorter, so that one grows but rarely.
    let mut frame = Vec::with_capacity(256);
    head.iter().for_each(|part| frame.extend_from_slice(part));
    if let Err(error) = serde_json::to_writer(&mut frame, value) {
        tracing::error!(%error, "an event could not be written as JSON");
        return KEEP_ALIVE;
    }
    frame.extend_from_slice(b"\n\n");
    frame.into()
}

/// Something that yields the frames of a stream, one write each.
pub(super) trait Frames: Send + 'static {
    /// The next frame, or `None` at the end.
    fn next(&mut self) -> impl Future<Output = Option<Bytes>> + Send;
}

/// A response that streams `frames` until they end, or until the caller hangs up and they are dropped.
pub(super) fn response(frames: impl Frames) -> Response {
    let stream = unfold(frames, async |mut frames| {
        let frame = frames.next().await?;
        Some((Ok::<_, std::convert::Infallible>(frame), frames))
    });
    let mut response = Response::new(Body::from_stream(stream));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_its_text() {
        let frame = data(&serde_json::json!({"text": "a\nb\r\n\u{2028}é"}));
        let text = std::str::from_utf8(&frame).unwrap();
        assert!(text.starts_with("data: {") && text.ends_with("}\n\n"));
        assert_eq!(text.trim_end().lines().count(), 1);
        assert!(!text.contains('\r'));
    }
}
