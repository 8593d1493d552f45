//! The files of a person's Codex that matter to threads: how they are told to have changed. Nothing of them is read.

use std::path::{Path, PathBuf};

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

/// Where the files are.
#[derive(Debug)]
pub(super) struct Home(Vec<PathBuf>);

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

    /// Looks at them. They may be on a disk that is slow to answer.
    pub(super) fn look(&self) -> Look {
        let mut configuration: Vec<_> = self.0.iter().map(|file| Stamp::of(file).ok()).collect();
        let instructions = configuration.split_off(CONFIGURATION.len());
        Look { configuration, instructions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_changes_shows_where_it_matters() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        let first = home.look();
        assert_eq!(home.look(), first);
        fs::write(folder.path().join("config.toml"), "model = \"m\"").unwrap();
        let second = home.look();
        assert_ne!(second.configuration, first.configuration);
        assert_eq!(second.instructions, first.instructions);
        for file in INSTRUCTIONS {
            let before = home.look();
            fs::write(folder.path().join(file), "Be kind.").unwrap();
            let after = home.look();
            assert_ne!(after.instructions, before.instructions, "{file}");
            assert_eq!(after.configuration, second.configuration, "{file}");
        }
        fs::write(folder.path().join("auth.json"), "{}").unwrap();
        assert_eq!(home.look().configuration, second.configuration);
    }
}
