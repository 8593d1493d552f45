//! Lets the installed Codex write down its own protocol.

use std::path::Path;

use anyhow::{Context, ensure};
use app_server::{locate, schema};
use gateway::settings::Settings;

use crate::launch;

/// Runs `codex app-server <command> --experimental --out <folder>`.
pub(crate) async fn run(settings: &Settings, command: &str, folder: &Path) -> anyhow::Result<()> {
    let codex = locate(settings.codex.as_deref()).map_err(launch::codex)?;
    let status = tokio::process::Command::new(&codex.program)
        .args(["app-server", command, "--experimental", "--out"])
        .arg(folder)
        .env_remove("CODEX_GATEWAY_TOKEN")
        .status()
        .await
        .with_context(|| format!("can't run {}", codex.program.display()))?;
    ensure!(status.success(), "`codex app-server {command}` failed ({status})");
    Ok(())
}

/// Writes the part of the protocol that the gateway uses, as it is embedded in the gateway, into `folder`.
pub(crate) async fn used(settings: &Settings, folder: &Path) -> anyhow::Result<()> {
    let codex = locate(settings.codex.as_deref()).map_err(launch::codex)?;
    let schema = schema::installed(&bare_command(settings, codex.program)).await?.to_json()?;
    let path = folder.join("codex-protocol.schema.json");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, schema))
        .with_context(|| format!("can't write {}", path.display()))
}

/// How Codex is run for its commands that need no server: without what is only the gateway's.
pub(crate) fn bare_command(settings: &Settings, program: std::path::PathBuf) -> app_server::Command {
    app_server::Command {
        program,
        args: Vec::new(),
        cwd: std::env::temp_dir(),
        env: Vec::new(),
        withheld_prefixes: vec!["CODEX_GATEWAY_".to_owned()],
        secrets: settings.token.iter().map(|token| app_server::Secret::new(token.expose())).collect(),
    }
}
