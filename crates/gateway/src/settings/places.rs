//! Where the gateway's files are.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The home folder: that of `HOME`, else the one that the system knows. Some accounts, as of services and containers,
/// have none.
fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| home.is_absolute())
}

fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// The folder of what is kept beside the settings, below `XDG_DATA_HOME` or `~/.local/share`; `None` without a home.
pub(super) fn data_folder() -> Option<PathBuf> {
    let data_home = variable("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let data_home = data_home.or_else(|| Some(home()?.join(".local/share")))?;
    Some(data_home.join("codex-gateway"))
}

/// The gateway's own `CODEX_HOME`. Settings that ask for it are refused where there is no folder for it.
pub(crate) fn own_codex_home() -> PathBuf {
    data_folder().unwrap_or_default().join("codex-home")
}

/// Where the configuration file is: the path given, else `CODEX_GATEWAY_CONFIG`, else below `XDG_CONFIG_HOME` or
/// `~/.config`. Without a home folder, a `~` stays in it, and the file can be neither read nor written.
pub fn config_path(given: Option<&Path>) -> PathBuf {
    find_config(given, variable, home().as_deref())
}

/// Where it is for those who name no other one.
pub fn usual_config_path() -> PathBuf {
    let unnamed = |name: &str| variable(name).filter(|_| name != "CODEX_GATEWAY_CONFIG");
    find_config(None, unnamed, home().as_deref())
}

fn find_config(
    given: Option<&Path>,
    variable: impl Fn(&str) -> Option<OsString>,
    home: Option<&Path>,
) -> PathBuf {
    let named = given.map(Path::to_owned).or_else(|| variable("CODEX_GATEWAY_CONFIG").map(PathBuf::from));
    let path = named.unwrap_or_else(|| {
        let config_home = variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        config_home.unwrap_or_else(|| "~/.config".into()).join("codex-gateway/config.json")
    });
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

/// Whether a path has kept its `~`, since there is no home folder.
pub(super) fn lacks_home(path: &Path) -> bool {
    path.starts_with("~")
}

/// The path of a program, which is started from another folder than this one. A `~` is left to whoever looks for it.
pub(super) fn program(path: PathBuf) -> PathBuf {
    match path.starts_with("~") {
        true => path,
        false => std::path::absolute(&path).unwrap_or(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(given: Option<&str>, variables: &[(&str, &str)], home: Option<&str>) -> String {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into());
        let path = find_config(given.map(Path::new), variable, home.map(Path::new));
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn the_nearest_name_of_the_file_counts() {
        let config = ("CODEX_GATEWAY_CONFIG", "~/mine.json");
        let xdg = ("XDG_CONFIG_HOME", "/xdg");
        let home = Some("/home/me");
        assert_eq!(found(Some("a.json"), &[config, xdg], home), "a.json");
        assert_eq!(found(Some("~/a.json"), &[], home), "/home/me/a.json");
        assert_eq!(found(None, &[config, xdg], home), "/home/me/mine.json");
        assert_eq!(found(None, &[xdg], home), "/xdg/codex-gateway/config.json");
        let usual = "/home/me/.config/codex-gateway/config.json";
        assert_eq!(found(None, &[("XDG_CONFIG_HOME", "relative")], home), usual);
        assert_eq!(found(None, &[], home), usual);
    }

    #[test]
    fn without_a_home_the_path_says_so() {
        assert!(lacks_home(Path::new(&found(None, &[], None))));
        assert!(lacks_home(Path::new(&found(Some("~/a.json"), &[], None))));
        assert!(!lacks_home(Path::new(&found(Some("a.json"), &[], None))));
        assert!(!lacks_home(Path::new(&found(None, &[("XDG_CONFIG_HOME", "/xdg")], None))));
    }
}
