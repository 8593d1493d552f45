//! What can be in the way of something that the person asked for.

use std::path::PathBuf;

use gateway::{SignInError, StartError, settings::FileError};
use token_store::StoreError;

/// One sentence for a person, with what to do. It holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("The gateway is off: switch it on first.")]
    Off,
    #[error("Port {port} is in use by {holder}: stop that program, or choose another port.")]
    PortTaken { port: u16, holder: String },
    #[error("The gateway doesn't start: {0}.")]
    Start(#[source] StartError),
    #[error("The demo doesn't start: {0}.")]
    Demo(#[source] std::io::Error),
    #[error("Not saved: {0}. Mend the file, or move it away.")]
    Config(#[from] FileError),
    #[error("The settings can't be used: {0}. Mend them first.")]
    Unusable(String),
    #[error("Not saved: {0}.")]
    Setting(String),
    #[error("Not saved: the config file can't hold the name of {}. Rename it.", .0.display())]
    Name(PathBuf),
    /// `by` is a variable of the environment, or an option of the command line.
    #[error("`{by}` fixes this: start the application without it.")]
    Fixed { by: &'static str },
    /// The cause with what to do, in sentences without the last full stop.
    #[error("The local token: {0}.")]
    Token(String),
    #[error("No random token could be made: {0}. Try again.")]
    Random(#[source] getrandom::Error),
    #[error("There is no such snippet: open the window again.")]
    NoSnippet,
    #[error("That request is no longer kept: only the latest ones are.")]
    NoRequest,
    #[error("No sign-in is waiting any more: begin again.")]
    NoSignIn,
    #[error("The sign-in failed: {0}. Try again.")]
    SignIn(#[source] SignInError),
    #[error("The file {path} can't be written: {source}.")]
    Export { path: PathBuf, source: std::io::Error },
    #[error("Codex has not said which models it has: wait until it is up.")]
    NoModel,
    #[error("{0}")]
    Refused(String),
    #[error("The gateway gave no answer: {0}.")]
    NoAnswer(String),
    #[error("The request was cancelled.")]
    Cancelled,
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let text = match error.cure() {
            Some(cure) => format!("{error}. {cure}"),
            None => error.to_string(),
        };
        Self::Token(text.trim_end_matches('.').to_owned())
    }
}
