//! The files that a launch makes for its Codex, in a folder of their own.
//!
//! Codex reads them for as long as it runs, and they lie where others clean up what is old. So what is missing is made
//! again whenever somebody needs it.

use std::{
    fs::Permissions,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;

use crate::{private_file, private_folder::PrivateFolder};

/// They go with it.
#[derive(Debug)]
pub(super) struct Files {
    folder: TempDir,
    cwd: PathBuf,
    texts: Vec<(PathBuf, String)>,
    /// Goes after them, so that nothing is made again once it is gone.
    parent: Arc<PrivateFolder>,
}

impl Files {
    /// Makes a folder within this one, with Codex's empty working directory.
    pub(super) fn create_in(parent: &Arc<PrivateFolder>) -> io::Result<Self> {
        parent.restore()?;
        let private = Permissions::from_mode(0o700);
        let folder =
            tempfile::Builder::new().prefix("codex-").permissions(private).tempdir_in(parent.path())?;
        let cwd = folder.path().join("cwd");
        private_file::create_folder(&cwd)?;
        Ok(Self { folder, cwd, texts: Vec::new(), parent: Arc::clone(parent) })
    }

    /// Codex's working directory.
    pub(super) fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// Writes a file, whose name may have folders in it, and returns its path.
    pub(super) fn add(&mut self, name: &str, text: String) -> io::Result<PathBuf> {
        let path = self.folder.path().join(name);
        write(&path, &text)?;
        self.texts.push((path.clone(), text));
        Ok(path)
    }

    /// Makes again what somebody has removed.
    pub(super) fn restore(&self) {
        if let Err(error) = self.parent.restore() {
            tracing::warn!(%error, "the folder of what Codex needs is not as it was");
            return;
        }
        let missing = self.texts.iter().filter(|(path, _)| !path.exists());
        let made = missing.map(|(path, text)| {
            tracing::warn!(file = %path.display(), "somebody removed a file that Codex needs, and it is made again");
            write(path, text)
        });
        let cwd = (!self.cwd.exists()).then(|| private_file::create_folder(&self.cwd));
        for error in made.chain(cwd).filter_map(Result::err) {
            tracing::warn!(%error, "a file that Codex needs can't be made again");
        }
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        private_file::create_folder(folder)?;
    }
    private_file::replace(path, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::MetadataExt};

    #[test]
    fn each_launch_has_files_of_its_own_which_go_with_it() {
        let temporary = tempfile::tempdir().unwrap();
        let parent = Arc::new(PrivateFolder::create_in(temporary.path()).unwrap());
        let mut one = Files::create_in(&parent).unwrap();
        let mut two = Files::create_in(&parent).unwrap();
        assert_eq!(fs::metadata(one.folder.path()).unwrap().mode() & 0o777, 0o700);
        let (first, second) =
            (one.add("catalog.json", "1".into()).unwrap(), two.add("catalog.json", "2".into()).unwrap());
        assert_eq!(
            (fs::read_to_string(&first).unwrap(), fs::read_to_string(&second).unwrap()),
            ("1".into(), "2".into())
        );
        drop(one);
        assert!(!first.exists() && second.exists() && two.cwd().exists());
        // The launches are over, and somebody still uses a session.
        drop(parent);
        two.restore();
        assert!(second.exists());
        drop(two);
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_missing_is_made_again_for_the_owner_only() {
        let temporary = tempfile::tempdir().unwrap();
        let parent = Arc::new(PrivateFolder::create_in(temporary.path()).unwrap());
        fs::remove_dir_all(parent.path()).unwrap();
        let mut files = Files::create_in(&parent).unwrap();
        let path = files.add("certificates/all.pem", "text".into()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        for removed in [&path, files.folder.path(), parent.path()].map(Path::to_owned) {
            if removed.is_dir() {
                fs::remove_dir_all(&removed).unwrap();
            } else {
                fs::remove_file(&removed).unwrap();
            }
            files.restore();
            assert_eq!(fs::read_to_string(&path).unwrap(), "text");
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
            assert!(files.cwd().exists());
        }
        fs::write(&path, "changed").unwrap();
        files.restore();
        assert_eq!(fs::read_to_string(&path).unwrap(), "changed", "what is there stays");
    }
}
