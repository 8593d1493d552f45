//! The settings as they stand in the configuration file and the environment.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use gateway::settings::{FileError, Overrides, Settings, SettingsError, edit};
use serde_json::{Map, Value};

use crate::problem::Problem;

/// The configuration file, and the last settings that could be used.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) path: PathBuf,
    pub(crate) overrides: Overrides,
    last: Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    settings: Arc<Settings>,
    /// Why the sources can't be used now, if they can't.
    trouble: Option<String>,
    /// Whether they could ever be used.
    usable: bool,
    stamp: Option<Stamp>,
}

/// Tells one state of the file from another without reading it: when it was changed, its size, and which file it is.
type Stamp = (SystemTime, u64, u64);

/// What a look at the file brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Unchanged,
    Changed,
}

impl Config {
    pub(crate) fn open(path: PathBuf, overrides: Overrides) -> Self {
        let stamp = stamp(&path);
        let (settings, trouble) = match Settings::load(&overrides, Some(&path)) {
            Ok(settings) => (settings, None),
            Err(error) => {
                // What the other sources say, or, where they are at fault, what holds without any.
                let rest = Settings::load(&overrides, None).unwrap_or_else(|_| Settings::default());
                (rest, Some(error.to_string()))
            }
        };
        let last = Last { settings: Arc::new(settings), usable: trouble.is_none(), trouble, stamp };
        Self { path, overrides, last: Mutex::new(last) }
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.last().settings)
    }

    /// The settings that a gateway may be started with: those of a file that could never be read are not known.
    pub(crate) fn usable(&self) -> Result<Arc<Settings>, Problem> {
        let last = self.last();
        match &last.trouble {
            Some(trouble) if !last.usable => Err(Problem::Unusable(trouble.clone())),
            _ => Ok(Arc::clone(&last.settings)),
        }
    }

    pub(crate) fn trouble(&self) -> Option<String> {
        self.last().trouble.clone()
    }

    /// Changes the file, and takes up what it says then.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Map<String, Value>)) -> Result<(), FileError> {
        edit(&self.path, change)?;
        self.take_up();
        Ok(())
    }

    /// Reads the file again if it is another than at the last time.
    pub(crate) fn look(&self) -> Look {
        if stamp(&self.path) == self.last().stamp {
            return Look::Unchanged;
        }
        self.take_up();
        Look::Changed
    }

    fn take_up(&self) {
        // Before it is read: a file that changes meanwhile is read again at the next look.
        let stamp = stamp(&self.path);
        let loaded: Result<Settings, SettingsError> = Settings::load(&self.overrides, Some(&self.path));
        let mut last = self.last();
        last.stamp = stamp;
        match loaded {
            Ok(settings) => {
                last.settings = Arc::new(settings);
                last.trouble = None;
                last.usable = true;
            }
            Err(error) => last.trouble = Some(error.to_string()),
        }
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len(), found.ino()))
}
