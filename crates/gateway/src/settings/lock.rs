//! Keeps programs apart that change one configuration file at the same time: the command and the tray application do.

use std::{
    fs::{File, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::private_file;

/// How long a change waits for the one before it, which takes milliseconds. A program that was stopped in the middle of
/// one must not stop the others for ever.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often a lock that is held is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(5);

/// The right to change a file, until it is dropped or its process ends, however that ends.
///
/// It is held on an empty file beside the other one, since that one is replaced by each change. The empty file stays:
/// whoever removed it would take it away under a program that waits for it.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until no other program changes the file at `path`, whose folder must be there. An error of the kind
    /// `WouldBlock` means that one did for too long.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Self::within(path, PATIENCE)
    }

    fn within(path: &Path, patience: Duration) -> io::Result<Self> {
        let deadline = Instant::now() + patience;
        let file = private_file::open(&beside(path))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(TRY_AGAIN),
                Err(TryLockError::WouldBlock) => return Err(ErrorKind::WouldBlock.into()),
                // Some network file systems have no locks: a person's only file there is still theirs to change.
                Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

/// Where the empty file is.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn one_waits_for_the_other_but_not_for_ever() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config.json");
        let held = Lock::of(&path).unwrap();
        let since = Instant::now();
        let error = Lock::within(&path, Duration::from_millis(200)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert!(since.elapsed() >= Duration::from_millis(200));
        drop(held);
        Lock::within(&path, Duration::ZERO).unwrap();
        let mode = path.with_file_name("config.json.lock").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_link_in_the_place_of_the_lock_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let (path, target) = (home.path().join("config.json"), home.path().join("elsewhere"));
        symlink(&target, home.path().join("config.json.lock")).unwrap();
        assert!(Lock::of(&path).is_err());
        assert!(!target.exists());
    }
}
