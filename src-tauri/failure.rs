//! What can go wrong with something that the person asked for.

use desktop::Problem;
use serde::{Serialize, Serializer};

/// One sentence for a person, with what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Problem(#[from] Problem),
    #[error("The clipboard can't be written: {0}. Try again.")]
    Clipboard(#[from] tauri_plugin_clipboard_manager::Error),
    #[error("No browser could be opened: {source}. Open this address yourself: {url}")]
    Browser { url: String, source: Box<tauri_plugin_opener::Error> },
    #[error("The system can't be told what to start at login: {0}.")]
    Login(#[from] tauri_plugin_autostart::Error),
    #[error("What was chosen is no file of this machine: choose another.")]
    Choice,
}

impl Serialize for Failure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
