//! Which file a program is: another version in its place shows, even under the same name.

use std::{fs, io, os::unix::fs::MetadataExt, path::Path};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
}

impl Stamp {
    pub(super) fn of(program: &Path) -> io::Result<Self> {
        let file = fs::metadata(program)?;
        Ok(Self {
            device: file.dev(),
            inode: file.ino(),
            bytes: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_written_replaced_or_linked_anew_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| fs::write(path(name), text).unwrap();
        write("one", "1");
        write("two", "2");
        std::os::unix::fs::symlink(path("one"), path("codex")).unwrap();
        let stamp = || Stamp::of(&path("codex")).unwrap();
        let first = stamp();
        assert_eq!(stamp(), first);
        fs::remove_file(path("codex")).unwrap();
        std::os::unix::fs::symlink(path("two"), path("codex")).unwrap();
        let second = stamp();
        assert_ne!(first, second);
        write("two", "22");
        assert_ne!(stamp(), second);
        fs::remove_file(path("two")).unwrap();
        assert!(Stamp::of(&path("codex")).is_err());
    }
}
