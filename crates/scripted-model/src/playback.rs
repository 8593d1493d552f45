//! Plays a timeline as the body of an HTTP response.

use std::future;
use std::vec;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::{task, time};

use crate::log::{How, Ticket};
use crate::timeline::Beat;

/// The body that plays `beats`. `ticket` learns how it ended; a body that is dropped before its end was
/// closed by the client.
pub(crate) fn body(beats: Vec<Beat>, ticket: Ticket) -> Body {
    let playback = Playback { beats: beats.into_iter(), ticket, chunk_waits_in_buffer: false };
    Body::from_stream(stream::unfold(playback, Playback::next))
}

struct Playback {
    beats: vec::IntoIter<Beat>,
    ticket: Ticket,
    chunk_waits_in_buffer: bool,
}

/// Makes the server close the connection instead of finishing the body.
#[derive(Debug, thiserror::Error)]
#[error("cut by the script")]
struct Cut;

impl Playback {
    async fn next(mut self) -> Option<(Result<Bytes, Cut>, Self)> {
        while let Some(beat) = self.beats.next() {
            match beat {
                Beat::Chunk(chunk) => {
                    self.flush().await;
                    self.chunk_waits_in_buffer = true;
                    // A client may close as soon as it has read the last event, without waiting for the end
                    // of the body: that is no hang-up.
                    if self.beats.as_slice().is_empty() {
                        self.ticket.end(How::Completed);
                    }
                    return Some((Ok(chunk), self));
                }
                Beat::Pause(pause) => time::sleep(pause).await,
                Beat::Hang => future::pending().await,
                Beat::Cut => {
                    // Unconditional, so that the head of the response goes out even when no chunk did.
                    task::yield_now().await;
                    self.ticket.end(How::Cut);
                    return Some((Err(Cut), self));
                }
            }
        }
        self.ticket.end(How::Completed);
        None
    }

    /// hyper collects chunks for as long as the body has one ready, and writes when it has to wait. Waiting
    /// for a moment between two chunks makes each of them a write of its own.
    async fn flush(&mut self) {
        if self.chunk_waits_in_buffer {
            task::yield_now().await;
        }
    }
}
