//! Command lines that are about the gateway that runs now, for another terminal: one without the variables of this one.

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use gateway::settings::{Settings, usual_config_path};

/// What prints the access to the gateway at `address`, of the config file at `path`.
pub(crate) fn show(path: &Path, address: SocketAddr) -> String {
    let mut command = with_config("show", path);
    let written = Settings::of_file(path).unwrap_or_default();
    if address.ip() != written.host {
        command.push_str(&format!(" --host {}", address.ip()));
    }
    if address.port() != written.port {
        command.push_str(&format!(" --port {}", address.port()));
    }
    command
}

/// What gives the config file at `path` a token.
pub(crate) fn init(path: &Path) -> String {
    with_config("init", path)
}

fn with_config(command: &str, path: &Path) -> String {
    let command = format!("{} {command}", program());
    if path == usual_config_path() {
        return command;
    }
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    format!("{command} --config {}", quoted(&path))
}

/// This program, as it can be typed: by its name where that leads here, else by its path.
fn program() -> String {
    const NAME: &str = "codex-gateway";
    let Ok(this) = env::current_exe().and_then(|this| this.canonicalize()) else { return NAME.to_owned() };
    let path = env::var_os("PATH").unwrap_or_default();
    let named: Option<PathBuf> =
        env::split_paths(&path).find_map(|folder| folder.join(NAME).canonicalize().ok());
    match named {
        Some(named) if named == this => NAME.to_owned(),
        _ => quoted(&this),
    }
}

fn quoted(path: &Path) -> String {
    shell_words::quote(&path.to_string_lossy()).into_owned()
}
