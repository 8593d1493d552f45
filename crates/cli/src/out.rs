//! What the command says.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
};

use anyhow::Context;

/// What a command is asked for: on standard output. A reader that has had enough, such as `head`, is no trouble of ours;
/// a disk that is full is.
pub(crate) fn line(text: impl Display) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("the output can't be written"),
    }
}

/// What a person should know beside: on standard error, which nobody may be reading.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Why a command failed, with the causes of it. An error that tells its cause itself has said enough of that.
pub(crate) fn failure(error: &anyhow::Error) {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    note(format_args!("codex-gateway: {text}"));
}
