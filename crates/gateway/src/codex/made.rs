//! What Codex is started with, and how long it holds.

use std::{path::PathBuf, sync::Arc};

use super::{catalog::ContextWindows, certificates::Sources, files::Files, stamp::Stamp};

/// What a launch has made, and of what.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) files: Arc<Files>,
    /// What the derived catalog no longer says.
    pub(super) windows: ContextWindows,
    /// Where Codex was found, and as which file.
    pub(super) path: PathBuf,
    pub(super) program: Option<Stamp>,
    pub(super) certificates: Option<Sources>,
    /// What reaches the model beside the caller's messages, in words.
    pub(super) leaks: Vec<String>,
}

impl Made {
    /// Whether something else would be made now. `program` is the Codex that is found.
    pub(super) fn is_outdated(&self, program: Option<Stamp>) -> bool {
        // One that is missing just now may be about to be replaced.
        program.is_some_and(|found| self.program.is_some_and(|program| program != found))
            || self.certificates.as_ref().is_some_and(Sources::have_changed)
    }
}
