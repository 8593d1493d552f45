//! The part of Codex's protocol that the gateway depends on, as a JSON Schema.
//!
//! Codex can print the schema of its whole protocol. [`installed`] lets it do so and keeps the messages that are used
//! here, with all that they refer to and without prose. The result for the Codex that the gateway was built for is
//! [`GENERATED`], which `make generate` writes: when Codex moves, its difference shows what moved for the gateway.
//! [`compare`] tells the same of a Codex that is only met at run time.

mod compare;
mod difference;
mod examples;
mod forms;
mod reduce;

use std::{collections::BTreeMap, io, path::Path, process::Stdio, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::timeout;

pub use compare::compare;
pub use difference::{Change, Difference, Part};

use crate::{Command, redact};

/// The schema of the Codex that this gateway was built for, as [`Reduced::to_json`] writes it.
pub const GENERATED: &str = include_str!("../../../../generated/codex-protocol.schema.json");

/// The used part of one Codex's protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reduced {
    #[serde(rename = "$schema")]
    dialect: String,
    /// Such as `0.169.0`.
    pub codex_version: String,
    /// The requests that are sent, by method. One that this Codex does not know is missing.
    client_requests: BTreeMap<String, Message>,
    /// The notifications that are understood.
    server_notifications: BTreeMap<String, Message>,
    /// All requests that Codex makes of its client, since each must be answered.
    server_requests: BTreeMap<String, Message>,
    #[serde(rename = "$defs")]
    definitions: BTreeMap<String, Value>,
}

/// The schemas of one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Message {
    params: Value,
    /// `None` for a notification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    response: Option<Value>,
}

/// Why a Codex's schema could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error("`{command}` could not be run: {source}")]
    Run { command: &'static str, source: io::Error },
    #[error("`{command}` {problem}")]
    Failed { command: &'static str, problem: String },
    #[error("the schema that Codex prints can't be kept in a temporary folder: {0}")]
    Folder(io::Error),
    #[error("the schema that Codex printed is not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the schema that Codex printed {0}")]
    Form(String),
}

impl Reduced {
    /// Reads what [`Reduced::to_json`] wrote.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The same text for the same schema, byte for byte: every object is sorted.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }
}

const VERSION: &str = "codex --version";
const GENERATE: &str = "codex app-server generate-json-schema";

/// Asks an installed Codex for its version alone.
pub async fn version(codex: &Command) -> Result<String, SchemaError> {
    let printed = run(codex, VERSION, &["--version".as_ref()]).await?;
    // "codex-cli 0.169.0"
    match printed.split_whitespace().last() {
        Some(version) => Ok(version.to_owned()),
        None => Err(SchemaError::Failed { command: VERSION, problem: "printed nothing".to_owned() }),
    }
}

/// Asks an installed Codex for its version and its schema. It starts no server, and needs neither account nor network.
pub async fn installed(codex: &Command) -> Result<Reduced, SchemaError> {
    let version = version(codex).await?;
    let folder = tempfile::tempdir().map_err(SchemaError::Folder)?;
    let out = folder.path();
    let arguments = ["app-server", "generate-json-schema", "--experimental", "--out"].map(Path::new);
    run(codex, GENERATE, &[&arguments[..], &[out]].concat()).await?;
    let bundle = tokio::fs::read(out.join(reduce::BUNDLE)).await.map_err(SchemaError::Folder)?;
    reduce::reduce(&serde_json::from_slice(&bundle)?, version)
}

/// Runs one of Codex's commands to its end, and returns what it printed.
async fn run(codex: &Command, command: &'static str, arguments: &[&Path]) -> Result<String, SchemaError> {
    const LIMIT: Duration = Duration::from_secs(15);
    let mut process = codex.to_tokio();
    process.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = match timeout(LIMIT, process.output()).await {
        Ok(output) => output.map_err(|source| SchemaError::Run { command, source })?,
        Err(_) => {
            let problem = format!("did not end within {} s", LIMIT.as_secs());
            return Err(SchemaError::Failed { command, problem });
        }
    };
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let reason = stderr.lines().last().map(|line| format!(": {}", redact(line))).unwrap_or_default();
        return Err(SchemaError::Failed { command, problem: format!("failed ({}){reason}", output.status) });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests;
