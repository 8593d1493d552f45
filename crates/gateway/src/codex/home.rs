//! The files of a person's Codex that matter to threads: how they are told to have changed. Nothing of them is read.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::task::spawn_blocking;

use super::stamp::Stamp;

/// Codex reads these for each thread. The first is in its home.
const CONFIGURATION: [&str; 4] = [
    "config.toml",
    "/etc/codex/config.toml",
    "/etc/codex/managed_config.toml",
    "/etc/codex/requirements.toml",
];

/// Codex adds the text of these to prompts, and again to a thread that goes on once it has changed.
const INSTRUCTIONS: [&str; 2] = ["AGENTS.md", "AGENTS.override.md"];

/// Where the files are. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Home(Arc<[PathBuf]>);

/// Which files they were at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) configuration: Vec<Option<Stamp>>,
    pub(super) instructions: Vec<Option<Stamp>>,
}

impl Home {
    /// The files of a Codex that has this home.
    pub(super) fn new(home: &Path) -> Self {
        Self(CONFIGURATION.iter().chain(&INSTRUCTIONS).map(|file| home.join(file)).collect())
    }

    /// Looks at them. A home may be on a disk that is slow to answer.
    pub(super) async fn look(&self) -> Look {
        let files = Arc::clone(&self.0);
        let look = move || {
            let mut configuration: Vec<_> = files.iter().map(|file| Stamp::of(file).ok()).collect();
            let instructions = configuration.split_off(CONFIGURATION.len());
            Look { configuration, instructions }
        };
        // Without a result, the runtime is ending.
        spawn_blocking(look).await.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[tokio::test]
    async fn what_changes_shows_where_it_matters() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        let first = home.look().await;
        assert_eq!(home.look().await, first);
        fs::write(folder.path().join("config.toml"), "model = \"m\"").unwrap();
        let second = home.look().await;
        assert_ne!(second.configuration, first.configuration);
        assert_eq!(second.instructions, first.instructions);
        for file in INSTRUCTIONS {
            let before = home.look().await;
            fs::write(folder.path().join(file), "Be kind.").unwrap();
            let after = home.look().await;
            assert_ne!(after.instructions, before.instructions, "{file}");
            assert_eq!(after.configuration, second.configuration, "{file}");
        }
        fs::write(folder.path().join("auth.json"), "{}").unwrap();
        assert_eq!(home.look().await.configuration, second.configuration);
    }
}
