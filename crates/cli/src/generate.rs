//! Lets the installed Codex write down its own protocol.

use std::path::Path;

use anyhow::{Context, ensure};
use app_server::locate;
use gateway::settings::Settings;

/// Runs `codex app-server <command> --experimental --out <folder>`.
pub(crate) async fn run(settings: &Settings, command: &str, folder: &Path) -> anyhow::Result<()> {
    let codex = locate(settings.codex.as_deref())?;
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
