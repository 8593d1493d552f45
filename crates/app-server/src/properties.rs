//! What holds for every input. `make fuzz` tries many more of them than the tests do.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use proptest::prelude::*;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use crate::{
    event,
    message::Message,
    notice,
    redact::redact,
    transport::{Line, LineReader},
};

/// Bytes that come in exactly these pieces.
struct Pieces(VecDeque<Vec<u8>>);

impl AsyncRead for Pieces {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        unreachable!("lines are read by the buffer")
    }
}

impl AsyncBufRead for Pieces {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let pieces = &mut self.get_mut().0;
        while pieces.front().is_some_and(Vec::is_empty) {
            pieces.pop_front();
        }
        Poll::Ready(Ok(pieces.front().map_or(&[], Vec::as_slice)))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        if let Some(piece) = self.0.front_mut() {
            piece.drain(..amount);
        }
    }
}

/// Each line, or the length of one that is too long.
async fn read(pieces: Vec<Vec<u8>>, limit: usize) -> Vec<Result<Vec<u8>, usize>> {
    let mut reader = LineReader::new(Pieces(pieces.into()), limit);
    let mut lines = Vec::new();
    while let Some(line) = reader.next().await.unwrap() {
        lines.push(match line {
            Line::Whole(line) => Ok(line.to_vec()),
            Line::TooLong(length) => Err(length),
        });
    }
    lines
}

/// The same, without a thought of pieces.
fn split(bytes: &[u8], limit: usize) -> Vec<Result<Vec<u8>, usize>> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    let line = |line: &[u8]| match line.len() > limit {
        true => Err(line.len()),
        false => Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec()),
    };
    lines.into_iter().map(line).collect()
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..12),
        prop::collection::vec(prop::sample::select(b"\r\n{}a".as_slice()), 0..12),
    ]
}

/// A secret of each kind that is known by its looks.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "sk-(proj-|ant-)?[A-Za-z0-9_-]{16,60}",
        "codex-gateway-local-[A-Za-z0-9_-]{43}",
        "eyJ[A-Za-z0-9_-]{10,40}\\.[A-Za-z0-9_-]{10,40}\\.[A-Za-z0-9_-]{10,40}",
        "gh[pousr]_[A-Za-z0-9]{36}",
        "github_pat_[A-Za-z0-9_]{40,60}",
        "AKIA[A-Z0-9]{16}",
        "AIza[A-Za-z0-9_-]{35}",
        "xox[bp]-[0-9]{12}-[A-Za-z0-9]{24}",
        "hf_[A-Za-z]{34}",
    ]
}

/// The same where only its place tells.
fn placed_secret() -> impl Strategy<Value = (String, String)> {
    let place = prop::sample::select(vec![
        ("Authorization: Bearer ", ""),
        ("authorization: basic ", ""),
        ("?api_key=", "&x=1"),
        ("{\"access_token\": \"", "\"}"),
        ("{\\\"refresh_token\\\":\\\"", "\\\"}"),
        ("password = ", ", and"),
        ("AWS_SECRET_ACCESS_KEY=", "\n"),
        ("https://me:", "@host/path"),
    ]);
    (place, "[A-Za-z0-9]{12,40}")
        .prop_map(|((before, after), secret)| (format!("{before}{secret}{after}"), secret))
}

/// Text with much in it that looks a little like a secret.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        any::<String>(),
        secret(),
        placed_secret().prop_map(|(text, _)| text),
        prop::sample::select(vec![
            "[redacted]",
            "token",
            "=",
            ": ",
            "\"",
            "\\\"",
            "Bearer",
            "Basic ",
            " ",
            "%20",
            "sk-",
            "://",
            "@",
            "[",
            "]",
            "password",
            "api_key",
            "-----BEGIN PRIVATE KEY-----",
            "eyJ",
            ".",
            ",",
            "\n",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(word, 0..8).prop_map(|words| words.concat())
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let key = prop_oneof![
        prop::sample::select(vec![
            "threadId",
            "turn",
            "id",
            "item",
            "type",
            "delta",
            "error",
            "message",
            "status",
            "tokenUsage",
            "total",
            "usage",
            "params",
            "willRetry",
            "text",
            "content",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        prop::sample::select(vec!["agentMessage", "completed", "failed", "function_call", "message"])
            .prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn lines_do_not_depend_on_the_pieces_they_come_in(
        pieces in prop::collection::vec(piece(), 0..20), limit in 0_usize..40
    ) {
        let expected = split(&pieces.concat(), limit);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        prop_assert_eq!(runtime.block_on(read(pieces, limit)), expected);
    }

    #[test]
    fn no_line_of_codex_breaks_the_connection(line in any::<Vec<u8>>()) {
        let _ = Message::parse(&line);
    }

    #[test]
    fn no_notification_breaks_the_connection(
        method in prop::sample::select(notice::METHODS), params in json()
    ) {
        let params = serde_json::value::to_raw_value(&params).unwrap();
        let _ = notice::parse(method, Some(&params));
    }

    #[test]
    fn a_notification_says_the_same_in_whatever_order_its_fields_are(
        method in prop::sample::select(event::METHODS), params in json()
    ) {
        // Null is for no parameters, of which no notification makes use.
        prop_assume!(!params.is_null());
        let method_first = format!(r#"{{"at":1,"method":"{method}","params":{params}}}"#);
        let params_first = format!(r#"{{"params":{params},"method":"{method}","id":null}}"#);
        let told = match Message::parse(method_first.as_bytes()) {
            Ok(Message::Event(event)) => Some(event),
            Err(error) => {
                prop_assert!(error.to_string().contains(method), "{}", error);
                None
            }
            other => panic!("{other:?}"),
        };
        let Ok(Message::Notification { method, params }) = Message::parse(params_first.as_bytes()) else {
            panic!("{params_first}")
        };
        prop_assert_eq!(event::parse(&method, params).ok(), told);
    }

    #[test]
    fn a_secret_that_looks_like_one_does_not_survive(
        before in "(.*[^A-Za-z0-9_])?", secret in secret(), after in "([^A-Za-z0-9_].*)?"
    ) {
        let text = redact(&format!("{before}{secret}{after}"));
        prop_assert!(!text.contains(&secret), "{}", text);
    }

    #[test]
    fn a_secret_in_a_place_for_one_does_not_survive(
        before in "(.*[ \n])?", (text, secret) in placed_secret(), after in "([ \n].*)?"
    ) {
        let text = redact(&format!("{before}{text}{after}"));
        prop_assert!(!text.contains(&secret), "{}", text);
    }

    #[test]
    fn what_was_redacted_stays_as_it_is(text in text()) {
        let once = redact(&text);
        prop_assert_eq!(redact(&once), once);
    }
}
