//! Newline-delimited JSON over a pipe: lines in, lines out.

use std::{io, sync::Arc};

use memchr::memchr;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufWriter};
use tokio::{
    sync::{Semaphore, mpsc},
    task::yield_now,
};

use crate::routes::Routes;

/// Longer than any message that Codex has reason to send; a line beyond it is skipped, not kept.
pub(crate) const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;

/// How many requests Codex has at a time that it has not answered. It has room for 128 that it has not looked at yet, and
/// refuses any other.
const MAX_UNANSWERED: usize = 100;

/// What is to be done at the writing end.
#[derive(Debug)]
pub(crate) enum Output {
    /// A message and its line end.
    Line(Vec<u8>),
    /// The same of a request that Codex is to answer.
    Request {
        id: u64,
        line: Vec<u8>,
    },
    Close,
}

/// What stood on the next line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Whole(&'a [u8]),
    /// The line had this many bytes, more than the limit, and was thrown away.
    TooLong(usize),
}

/// Reads lines with a limit on their length. `next` may be cancelled between any two polls without losing a byte.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    reader: R,
    line: Vec<u8>,
    length: usize,
    limit: usize,
    returned: bool,
}

impl<R: AsyncBufRead + Unpin> LineReader<R> {
    pub(crate) fn new(reader: R, limit: usize) -> Self {
        Self { reader, line: Vec::new(), length: 0, limit, returned: false }
    }

    /// The next line without its line end, or `None` at the end of the stream. A last line without a line end
    /// counts as a line.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        if self.returned {
            self.line.clear();
            self.line.shrink_to(64 * 1024);
            self.length = 0;
            self.returned = false;
        }
        loop {
            let available = self.reader.fill_buf().await?;
            if available.is_empty() {
                if self.length == 0 {
                    return Ok(None);
                }
                return Ok(Some(self.finish()));
            }
            let end = memchr(b'\n', available);
            let part = &available[..end.unwrap_or(available.len())];
            self.length += part.len();
            if self.length <= self.limit {
                self.line.extend_from_slice(part);
            } else {
                self.line = Vec::new();
            }
            let consumed = part.len() + usize::from(end.is_some());
            self.reader.consume(consumed);
            if end.is_some() {
                return Ok(Some(self.finish()));
            }
        }
    }

    fn finish(&mut self) -> Line<'_> {
        self.returned = true;
        if self.length > self.limit {
            return Line::TooLong(self.length);
        }
        Line::Whole(self.line.strip_suffix(b"\r").unwrap_or(&self.line))
    }
}

/// Writes each line of the queue until it is told to close, or the queue is, and closes the pipe. A request waits until Codex has
/// room for it, and with it all that comes after. The queue decouples reading from writing: a child that does not read its
/// input can't stop us from reading its output.
pub(crate) async fn write_lines<W: AsyncWrite + Unpin>(
    writer: W,
    mut lines: mpsc::UnboundedReceiver<Output>,
    routes: &Routes,
) -> io::Result<()> {
    // Lines that wait together leave in one write, with those of other turns that are about to be sent.
    let mut writer = BufWriter::new(writer);
    let places = Arc::new(Semaphore::new(MAX_UNANSWERED));
    while let Some(output) = lines.recv().await {
        let line = match output {
            Output::Line(line) => line,
            Output::Request { id, line } => {
                if places.available_permits() == 0 {
                    writer.flush().await?;
                }
                // Nobody closes it.
                if let Ok(place) = Arc::clone(&places).acquire_owned().await {
                    routes.sent(id, place);
                }
                line
            }
            Output::Close => break,
        };
        writer.write_all(&line).await?;
        if lines.is_empty() {
            yield_now().await;
        }
        if lines.is_empty() {
            writer.flush().await?;
        }
    }
    writer.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::BufReader;

    async fn lines(input: &[u8], limit: usize, capacity: usize) -> Vec<Result<Vec<u8>, usize>> {
        let mut reader = LineReader::new(BufReader::with_capacity(capacity, input), limit);
        let mut lines = Vec::new();
        while let Some(line) = reader.next().await.unwrap() {
            lines.push(match line {
                Line::Whole(bytes) => Ok(bytes.to_vec()),
                Line::TooLong(length) => Err(length),
            });
        }
        lines
    }

    #[tokio::test]
    async fn lines_arrive_whole_whatever_the_size_of_the_reads() {
        for capacity in [1, 2, 7, 4096] {
            assert_eq!(
                lines(b"{\"a\":1}\r\n\n  \nlast", 100, capacity).await,
                [Ok(b"{\"a\":1}".to_vec()), Ok(b"".to_vec()), Ok(b"  ".to_vec()), Ok(b"last".to_vec())],
            );
        }
    }

    #[tokio::test]
    async fn a_line_beyond_the_limit_is_skipped_and_the_next_one_read() {
        assert_eq!(lines(b"12345678\nok\n", 7, 3).await, [Err(8), Ok(b"ok".to_vec())]);
        assert_eq!(lines(b"1234567\n", 7, 3).await, [Ok(b"1234567".to_vec())]);
    }

    #[tokio::test]
    async fn closing_the_pipe_waits_for_what_was_sent_before() {
        let (near, mut far) = tokio::io::duplex(64);
        let (queue, receiver) = mpsc::unbounded_channel();
        queue.send(Output::Line(b"one\n".to_vec())).unwrap();
        queue.send(Output::Line(b"two\n".to_vec())).unwrap();
        queue.send(Output::Close).unwrap();
        write_lines(near, receiver, &Routes::default()).await.unwrap();
        let mut written = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut far, &mut written).await.unwrap();
        assert_eq!(written, "one\ntwo\n");
    }
}
