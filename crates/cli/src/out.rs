//! What the command says. A reader that has gone away, such as `head`, is no trouble of ours: nothing here fails.

use std::{fmt::Display, io::Write};

/// What a command is asked for: on standard output.
pub(crate) fn line(text: impl Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// What a person should know beside: on standard error.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
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
