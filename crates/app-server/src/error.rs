//! What can go wrong between a request and its answer, and while Codex is being started.

use std::{path::PathBuf, time::Duration};

/// A request to Codex that did not get its answer. Messages are redacted and safe to show.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Codex answered with a JSON-RPC error.
    #[error("Codex refused `{method}`: {message} (code {code})")]
    Refused { method: &'static str, code: i64, message: String },
    /// The answer did not have the expected shape: this Codex probably speaks another version of the protocol.
    #[error("Codex answered `{method}` in a form that is not understood (at column {column} of the answer)")]
    Answer { method: &'static str, column: usize },
    /// The parameters could not be written as JSON.
    #[error("`{method}` could not be written as JSON: {source}")]
    Params { method: &'static str, source: serde_json::Error },
    #[error("Codex did not answer `{method}` within {} s", .after.as_secs())]
    TimedOut { method: &'static str, after: Duration },
    /// Codex gave what was asked for, and runs a program of the person's with it.
    #[error(
        "Codex starts the MCP server `{name}`, which can't be switched off: remove it from Codex's configuration"
    )]
    Server { name: String },
    /// The connection ended before the answer came.
    #[error("Codex stopped before it answered `{method}`")]
    Closed { method: &'static str },
}

/// Why Codex could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    #[error("{}", not_found(.looked))]
    NotFound {
        /// The one path that was set, or the folders that were searched, which are too many to be told each time.
        looked: Vec<PathBuf>,
    },
    #[error("the Codex at {path} can't be started: {source}")]
    Spawn { path: PathBuf, source: std::io::Error },
    /// The process ran, and ended before it had answered `initialize`.
    #[error("Codex ended at its start ({status}){}", last_words(.stderr))]
    Ended { status: String, stderr: Vec<String> },
    /// The process ran well, and then ended without being asked to.
    #[error("Codex stopped ({status}){}", last_words(.stderr))]
    Stopped { status: String, stderr: Vec<String> },
    /// It is older than what the gateway can work with.
    #[error(
        "Codex {version} is too old: it lacks {lacks}. Update it, such as by `npm install -g @openai/codex`"
    )]
    TooOld { version: String, lacks: &'static str },
    #[error("Codex started, but {0}")]
    Handshake(#[from] Error),
    /// Something that the launch needs beside the process itself, such as a folder or a derived file.
    #[error("{what}: {source}")]
    Prepare { what: String, source: std::io::Error },
    /// A command of Codex's own that the launch needs gave an unusable result.
    #[error("`{command}` {problem}")]
    Tool { command: String, problem: String },
}

impl Error {
    /// The method that this Codex does not know, if that is what is wrong.
    pub fn unknown_method(&self) -> Option<&'static str> {
        match self {
            Self::Refused { method, code: -32601, .. } => Some(method),
            // Codex's own way to say so: it takes the method for a variant of its type of requests.
            Self::Refused { method, message, .. }
                if message.contains(&format!("unknown variant `{method}`")) =>
            {
                Some(method)
            }
            _ => None,
        }
    }
}

impl LaunchError {
    /// What the person can do about it, where that is known, as sentences.
    pub fn advice(&self) -> Option<&'static str> {
        matches!(self, Self::NotFound { .. }).then_some(
            "Install it (`npm install -g @openai/codex`), or name its path with `codex` in the config file or \
             CODEX_GATEWAY_CODEX.",
        )
    }
}

fn not_found(looked: &[PathBuf]) -> String {
    match looked {
        [path] => format!("there is no Codex at {}", path.display()),
        _ => "Codex was not found".to_owned(),
    }
}

/// What Codex says of itself, else its last line: a backtrace may follow, which tells people nothing.
fn last_words(stderr: &[String]) -> String {
    let error = stderr.iter().rfind(|line| line.starts_with("Error: "));
    error.or(stderr.last()).map(|line| format!(": {line}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codex_that_is_missing_is_said_without_all_the_places_it_was_not_in() {
        let not_found = |looked: &[&str]| {
            let error = LaunchError::NotFound { looked: looked.iter().map(PathBuf::from).collect() };
            assert!(error.advice().is_some());
            error.to_string()
        };
        assert_eq!(not_found(&["/my/codex"]), "there is no Codex at /my/codex");
        assert_eq!(not_found(&["/usr/bin", "/bin"]), "Codex was not found");
    }

    #[test]
    fn there_is_advice_only_where_it_is_known() {
        assert_eq!(LaunchError::Ended { status: String::new(), stderr: Vec::new() }.advice(), None);
    }

    #[test]
    fn of_what_codex_wrote_its_error_is_told_else_its_last_line() {
        let ended = |lines: &[&str]| {
            let stderr = lines.iter().map(|line| (*line).to_owned()).collect();
            LaunchError::Ended { status: "exit status: 1".to_owned(), stderr }.to_string()
        };
        assert_eq!(ended(&[]), "Codex ended at its start (exit status: 1)");
        assert_eq!(ended(&["one", "two"]), "Codex ended at its start (exit status: 1): two");
        assert_eq!(
            ended(&["Error: first", "Error: no home", "at line 3"]),
            "Codex ended at its start (exit status: 1): Error: no home"
        );
    }

    #[test]
    fn a_method_that_codex_does_not_know_is_told_from_other_refusals() {
        let unknown = |code, message: &str| {
            let method = "config/read";
            Error::Refused { method, code, message: message.to_owned() }.unknown_method()
        };
        assert_eq!(unknown(-32601, "Method not found"), Some("config/read"));
        assert_eq!(
            unknown(-32600, "Invalid request: unknown variant `config/read`, expected `a`"),
            Some("config/read")
        );
        assert_eq!(unknown(-32600, "Invalid request: unknown variant `other`, expected `a`"), None);
        assert_eq!(unknown(-32600, "no such thread"), None);
        assert_eq!(Error::Closed { method: "config/read" }.unknown_method(), None);
    }
}
