//! The private folder of a gateway, and those that killed gateways left behind.

use std::{
    env,
    fs::{self, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use rustix::{fs::OFlags, process::geteuid};
use tempfile::TempDir;

use crate::private_file::create_folder;

/// What the names of all such folders begin with.
const PREFIX: &str = "codex-gateway-";

/// Within each folder, the file that its owner holds a lock on for as long as it lives.
const LOCK: &str = "lock";

/// A folder of mode 0700 in the folder for temporary files. Dropping it removes it.
///
/// A program that is killed can't do that. Its lock is gone with it, though, by which the next one knows the folder for
/// abandoned, and removes it.
#[derive(Debug)]
pub struct PrivateFolder {
    folder: TempDir,
    _lock: File,
    /// A lock on the folder itself, for which systemd's cleaner of old temporary files leaves it alone, with all that is
    /// in it: Codex reads there for as long as it runs.
    _kept: File,
}

impl PrivateFolder {
    /// Makes a folder, and removes those that were left behind.
    ///
    /// # Errors
    ///
    /// Where no folder can be made. That an abandoned one can't be removed is logged.
    pub fn create() -> io::Result<Self> {
        Self::create_in(&env::temp_dir())
    }

    pub(crate) fn create_in(temporary: &Path) -> io::Result<Self> {
        remove_abandoned(temporary);
        let private = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix(PREFIX).permissions(private).tempdir_in(temporary)?;
        // It gets its name when it is held: by that name, nobody ever finds it free while its owner lives.
        let unnamed = folder.path().join("lock.new");
        let lock = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unnamed)?;
        lock.try_lock()?;
        fs::rename(unnamed, folder.path().join(LOCK))?;
        let kept = File::open(folder.path())?;
        kept.try_lock_shared()?;
        Ok(Self { folder, _lock: lock, _kept: kept })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes it again where somebody removed it.
    ///
    /// # Errors
    ///
    /// Where it can't be made, or there is something in its place that others may change.
    pub(crate) fn restore(&self) -> io::Result<()> {
        create_folder(self.path())?;
        if is_private(self.path()) {
            return Ok(());
        }
        let why = format!("{} is not a folder of mode 0700 that is yours", self.path().display());
        Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
    }
}

/// Removes the folders of programs that are gone.
fn remove_abandoned(temporary: &Path) {
    let entries = fs::read_dir(temporary).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX)) {
        let folder = entry.path();
        // The lock is held while the folder goes, so that no two programs remove it.
        let Some(_lock) = lock_of_abandoned(&folder) else { continue };
        match fs::remove_dir_all(&folder) {
            Ok(()) => tracing::info!(folder = %folder.display(), "removed what a killed gateway left behind"),
            Err(error) => tracing::warn!(
                folder = %folder.display(), %error, "what a killed gateway left behind can't be removed"
            ),
        }
    }
}

/// Whether there is a folder of that name, itself, which is for the person alone.
fn is_private(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|found| {
        found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o777 == 0o700
    })
}

/// The lock of a folder, if it is one of ours, and nobody holds it. No link is followed to either.
fn lock_of_abandoned(folder: &Path) -> Option<File> {
    if !is_private(folder) {
        return None;
    }
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let lock = OpenOptions::new().read(true).custom_flags(flags).open(folder.join(LOCK)).ok()?;
    let found = lock.metadata().ok()?;
    if !found.is_file() || found.uid() != geteuid().as_raw() {
        return None;
    }
    lock.try_lock().ok()?;
    Some(lock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        fs::DirBuilder,
        os::unix::fs::{DirBuilderExt, symlink},
    };

    /// As a killed gateway leaves it.
    fn abandoned(temporary: &Path, name: &str, mode: u32) -> std::path::PathBuf {
        let folder = temporary.join(name);
        DirBuilder::new().mode(mode).create(&folder).unwrap();
        fs::create_dir(folder.join("cwd")).unwrap();
        fs::write(folder.join("catalog.json"), "{}").unwrap();
        fs::write(folder.join(LOCK), "").unwrap();
        folder
    }

    #[test]
    fn one_that_is_removed_is_made_again_but_nothing_else_is_taken_for_it() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::create_in(temporary.path()).unwrap();
        fs::remove_dir_all(folder.path()).unwrap();
        folder.restore().unwrap();
        assert!(is_private(folder.path()));
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        assert!(folder.restore().unwrap_err().to_string().contains("is not a folder of mode 0700"));
        fs::remove_dir(folder.path()).unwrap();
        symlink(temporary.path(), folder.path()).unwrap();
        assert!(folder.restore().is_err());
    }

    #[test]
    fn a_folder_is_private_and_goes_with_its_owner() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = PrivateFolder::create_in(temporary.path()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(folder.path()), mode(&folder.path().join(LOCK))), (0o700, 0o600));
        let cleaner = File::open(folder.path()).unwrap();
        assert!(cleaner.try_lock().is_err(), "what is old in it is removed");
        drop(folder);
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_was_left_behind_is_removed_and_what_is_in_use_stays() {
        let temporary = tempfile::tempdir().unwrap();
        let in_use = PrivateFolder::create_in(temporary.path()).unwrap();
        let left = abandoned(temporary.path(), "codex-gateway-left", 0o700);
        let precious = tempfile::tempdir().unwrap();
        fs::write(precious.path().join("file"), "").unwrap();
        symlink(precious.path(), left.join("link")).unwrap();

        let next = PrivateFolder::create_in(temporary.path()).unwrap();
        assert!(!left.exists());
        assert!(in_use.path().join(LOCK).exists() && next.path().join(LOCK).exists());
        assert!(precious.path().join("file").exists(), "a link within is removed, not what it leads to");
    }

    #[test]
    fn what_is_not_certainly_ours_stays() {
        let temporary = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let open_to_others = abandoned(temporary.path(), "codex-gateway-open", 0o755);
        let otherwise_named = abandoned(temporary.path(), "something-else", 0o700);
        let unlocked = abandoned(temporary.path(), "codex-gateway-unlocked", 0o700);
        fs::remove_file(unlocked.join(LOCK)).unwrap();
        let linked_lock = abandoned(temporary.path(), "codex-gateway-linked", 0o700);
        fs::remove_file(linked_lock.join(LOCK)).unwrap();
        symlink(open_to_others.join(LOCK), linked_lock.join(LOCK)).unwrap();
        let target = abandoned(elsewhere.path(), "codex-gateway-target", 0o700);
        let link = temporary.path().join("codex-gateway-link");
        symlink(&target, &link).unwrap();
        fs::write(temporary.path().join("codex-gateway-file"), "").unwrap();

        let _next = PrivateFolder::create_in(temporary.path()).unwrap();
        for path in [open_to_others, otherwise_named, unlocked, linked_lock, target, link] {
            assert!(path.exists(), "{}", path.display());
        }
    }
}
