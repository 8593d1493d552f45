//! `codex-gateway doctor`: looks at everything that a gateway needs, and says what to do where it lacks.

mod codex;
mod config;
mod finding;
mod port;
mod token;

use std::path::Path;

use anyhow::ensure;
use gateway::settings::Settings;
use serde_json::Value;

use crate::{args::Options, out};
use finding::{Finding, Status};

/// Checks everything and prints what was found. It is an error if something fails, and none if there are only warnings.
pub(crate) async fn run(path: &Path, options: &Options) -> anyhow::Result<()> {
    let findings = examine(path, options).await;
    if options.json {
        out::line(format_args!("{:#}", findings.iter().map(Finding::json).collect::<Value>()))?;
    } else {
        findings.iter().try_for_each(out::line)?;
    }
    let failed = findings.iter().filter(|finding| finding.status == Status::Fail).count();
    ensure!(failed == 0, "{failed} of {} checks failed", findings.len());
    Ok(())
}

async fn examine(path: &Path, options: &Options) -> Vec<Finding> {
    let overrides = options.overrides();
    let mut findings = config::file(path);
    let settings = match Settings::load(&overrides, Some(path)) {
        Ok(settings) => {
            findings.extend(config::settings(&settings));
            findings.push(token::check(path, options).await);
            settings
        }
        Err(error) => {
            findings.push(config::broken(&error));
            // A file that can't be read leaves the other sources, and enough to look at.
            match Settings::load(&overrides, None) {
                Ok(settings) => settings,
                Err(_) => return findings,
            }
        }
    };
    findings.push(port::check(&settings).await);
    findings.extend(codex::check(settings).await);
    findings
}
