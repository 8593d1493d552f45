//! Where Codex is.
//!
//! An application started from a desktop has a short `PATH`, so the usual places of npm, Homebrew and the version
//! managers are looked at too. The `codex` that npm installs is a Node script that starts the real binary; the binary
//! beside it is taken instead, which needs no Node and leaves one process less to supervise.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
};

use crate::LaunchError;

/// The variable that names Codex's binary.
const VARIABLE: &str = "CODEX_GATEWAY_CODEX";

/// A Codex that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// What is run.
    pub program: PathBuf,
    /// Where it was found, before links and wrappers were followed.
    pub found: PathBuf,
}

/// Finds Codex: the path that the person set, else the variable `CODEX_GATEWAY_CODEX`, else `PATH`, else the usual
/// places. A path that was set is never replaced by another one in silence.
pub fn locate(setting: Option<&Path>) -> Result<Location, LaunchError> {
    let named = || env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    if let Some(path) = setting.map(Path::to_owned).or_else(named) {
        // Codex is started in a folder of its own, where a relative path would lead elsewhere.
        let path = std::path::absolute(expand_home(&path)).unwrap_or(path);
        return if is_executable(&path) {
            Ok(Location { program: behind_wrapper(&path), found: path })
        } else {
            Err(LaunchError::NotFound { looked: vec![path] })
        };
    }
    let path = env::var_os("PATH").unwrap_or_default();
    search(&path, home().as_deref())
}

fn search(path: &OsStr, home: Option<&Path>) -> Result<Location, LaunchError> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in env::split_paths(path).filter(|folder| folder.is_absolute()).chain(usual_folders(home)) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    for folder in &folders {
        let found = folder.join("codex");
        if is_executable(&found) {
            return Ok(Location { program: behind_wrapper(&found), found });
        }
    }
    Err(LaunchError::NotFound { looked: folders })
}

/// Where npm, Homebrew, the version managers and Codex's own application put commands.
fn usual_folders(home: Option<&Path>) -> Vec<PathBuf> {
    const IN_HOME: &[&str] = &[
        ".local/bin",
        ".npm-global/bin",
        ".npm-packages/bin",
        ".volta/bin",
        ".bun/bin",
        ".asdf/shims",
        ".local/share/mise/shims",
        if cfg!(target_os = "macos") { "Library/pnpm" } else { ".local/share/pnpm" },
        ".cargo/bin",
    ];
    const ANYWHERE: &[&str] = if cfg!(target_os = "macos") {
        &[
            "/opt/homebrew/bin",
            "/usr/local/bin",
            "/usr/bin",
            "/opt/local/bin",
            "/Applications/Codex.app/Contents/Resources",
        ]
    } else {
        &["/usr/local/bin", "/home/linuxbrew/.linuxbrew/bin", "/usr/bin"]
    };
    let mut folders = Vec::new();
    if let Some(home) = home {
        folders.extend(IN_HOME.iter().map(|folder| home.join(folder)));
        folders.extend(newest_first(&home.join(".nvm/versions/node"), "bin"));
        folders.extend(newest_first(&home.join(".local/share/fnm/node-versions"), "installation/bin"));
    }
    folders.extend(ANYWHERE.iter().map(PathBuf::from));
    folders
}

/// The `inner` folder of each version below `versions`, the newest version first.
fn newest_first(versions: &Path, inner: &str) -> Vec<PathBuf> {
    let mut found: Vec<(Vec<u64>, PathBuf)> = std::fs::read_dir(versions)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| (version_key(&entry.file_name()), entry.path().join(inner)))
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, folder)| folder).collect()
}

fn version_key(name: &OsStr) -> Vec<u64> {
    let name = name.to_string_lossy();
    name.trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), home()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// A relative one would be another folder for each program.
fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| home.is_absolute())
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The native binary that npm's wrapper script would start, or the path itself where it is no such wrapper.
fn behind_wrapper(path: &Path) -> PathBuf {
    native_binary(path).unwrap_or_else(|| path.to_owned())
}

fn native_binary(path: &Path) -> Option<PathBuf> {
    let (package, triple) = platform()?;
    let script = path.canonicalize().ok()?;
    if script.extension()? != "js" {
        return None;
    }
    // …/node_modules/@openai/codex/bin/codex.js
    let codex = script.parent()?.parent()?;
    let binary = Path::new("vendor").join(triple).join("bin/codex");
    let own = codex.join("node_modules/@openai").join(package);
    let beside = codex.parent()?.join(package);
    [own, beside, codex.to_owned()]
        .into_iter()
        .map(|root| root.join(&binary))
        .find(|path| is_executable(path))
}

/// Codex's npm package for this platform, and the target within it.
fn platform() -> Option<(&'static str, &'static str)> {
    match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => Some(("codex-linux-x64", "x86_64-unknown-linux-musl")),
        ("linux", "aarch64") => Some(("codex-linux-arm64", "aarch64-unknown-linux-musl")),
        ("macos", "x86_64") => Some(("codex-darwin-x64", "x86_64-apple-darwin")),
        ("macos", "aarch64") => Some(("codex-darwin-arm64", "aarch64-apple-darwin")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
    };

    fn executable(path: &Path) -> PathBuf {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_owned()
    }

    #[test]
    fn the_path_comes_before_the_usual_places() {
        let home = tempfile::tempdir().unwrap();
        let usual = executable(&home.path().join(".local/bin/codex"));
        let on_path = executable(&home.path().join("on-path/codex"));
        let folder = on_path.parent().unwrap().as_os_str();
        assert_eq!(search(folder, Some(home.path())).unwrap().found, on_path);
        assert_eq!(search(OsStr::new(""), Some(home.path())).unwrap().found, usual);
    }

    #[test]
    fn the_newest_node_of_a_version_manager_is_taken() {
        let home = tempfile::tempdir().unwrap();
        let versions = home.path().join(".nvm/versions/node");
        executable(&versions.join("v9.1.0/bin/codex"));
        let newest = executable(&versions.join("v22.3.1/bin/codex"));
        executable(&versions.join("v22.3.0/bin/codex"));
        assert_eq!(search(OsStr::new(""), Some(home.path())).unwrap().found, newest);
    }

    #[test]
    fn npm_wrappers_lead_to_the_native_binary() {
        let (package, triple) = platform().unwrap();
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let script = executable(&root.join("node_modules/@openai/codex/bin/codex.js"));
        let link = root.join("bin/codex");
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(&script, &link).unwrap();
        assert_eq!(locate(Some(&link)).unwrap(), Location { program: link.clone(), found: link.clone() });
        let binary = executable(
            &root.join("node_modules/@openai").join(package).join("vendor").join(triple).join("bin/codex"),
        );
        assert_eq!(locate(Some(&link)).unwrap(), Location { program: binary, found: link });
    }

    #[test]
    fn a_path_that_was_set_is_not_replaced_by_another() {
        let error = locate(Some(Path::new("/nowhere/codex"))).unwrap_err();
        assert!(matches!(error, LaunchError::NotFound { looked } if looked == [Path::new("/nowhere/codex")]));
    }

    #[test]
    fn a_relative_path_is_that_from_here() {
        let home = tempfile::tempdir_in(".").unwrap();
        let relative = Path::new(home.path().file_name().unwrap()).join("codex");
        let absolute = executable(&home.path().canonicalize().unwrap().join("codex"));
        let found = locate(Some(&relative)).unwrap();
        assert!(found.found.is_absolute() && found.program.is_absolute(), "{found:?}");
        assert_eq!(found.found.canonicalize().unwrap(), absolute);
    }

    #[test]
    fn folders_and_files_without_the_executable_bit_are_passed_over() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("a/codex")).unwrap();
        fs::create_dir_all(home.path().join("b")).unwrap();
        fs::write(home.path().join("b/codex"), "").unwrap();
        assert!(!is_executable(&home.path().join("a/codex")) && !is_executable(&home.path().join("b/codex")));
    }
}
