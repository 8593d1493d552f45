//! Codex: whether it is there, speaks as expected, starts, is signed in, and keeps its own words out of prompts.

use std::path::Path;

use app_server::{
    Command, LaunchError, locate,
    schema::{self, GENERATED, Reduced},
};
use gateway::{
    Account, Config,
    settings::{Settings, Token},
};

use super::finding::{Finding, Status};
use crate::generate::bare_command;

pub(super) async fn check(settings: Settings) -> Vec<Finding> {
    let location = match locate(settings.codex.as_deref()) {
        Ok(location) => location,
        Err(error) => return vec![missing(&error)],
    };
    let command = bare_command(&settings, location.program);
    let version = version(&command, &location.found).await;
    if version.status == Status::Fail {
        return vec![version];
    }
    let (protocol, inspection) = (protocol(&command).await, inspection(settings).await);
    [version].into_iter().chain(protocol).chain(inspection).collect()
}

fn missing(error: &LaunchError) -> Finding {
    let looked = match error {
        LaunchError::NotFound { looked } if looked.len() > 1 => {
            let looked: Vec<_> = looked.iter().map(|folder| folder.display().to_string()).collect();
            format!(" Looked in {}.", looked.join(", "))
        }
        _ => String::new(),
    };
    Finding::fail("codex", error.to_string()).cure(format!(
        "Install it with `npm install -g @openai/codex` or `brew install codex`. If it is somewhere else, say where with \
         --codex, CODEX_GATEWAY_CODEX, or `codex` in the config file.{looked}"
    ))
}

async fn version(command: &Command, found: &Path) -> Finding {
    match schema::version(command).await {
        Ok(version) => Finding::ok("codex", format!("{version} at {}", found.display())),
        Err(error) => Finding::fail("codex", format!("{}: {error}", found.display()))
            .cure("Try `codex --version` in a terminal, and install Codex again if that fails too."),
    }
}

/// Compares the protocol of this Codex with that of the one that the gateway was built for.
async fn protocol(command: &Command) -> Vec<Finding> {
    let unknown = |error: String| vec![Finding::warn("protocol", format!("can't be compared: {error}"))];
    let built = match Reduced::from_json(GENERATED) {
        Ok(built) => built,
        Err(error) => return unknown(error.to_string()),
    };
    let installed = match schema::installed(command).await {
        Ok(installed) => installed,
        Err(error) => return unknown(error.to_string()),
    };
    compared(&built, &installed)
}

fn compared(built: &Reduced, installed: &Reduced) -> Vec<Finding> {
    let differences = schema::compare(built, installed);
    if differences.is_empty() {
        let version = &built.codex_version;
        return vec![Finding::ok(
            "protocol",
            if *version == installed.codex_version {
                format!("this gateway was built for Codex {version}")
            } else {
                format!("what this gateway uses is as in Codex {version}, for which it was built")
            },
        )];
    }
    let summary = Finding::warn(
        "protocol",
        format!(
            "Codex {} differs from Codex {}, for which this gateway was built, in {} that it uses",
            installed.codex_version,
            built.codex_version,
            match differences.len() {
                1 => "one thing".to_owned(),
                many => format!("{many} things"),
            }
        ),
    )
    .cure(format!(
        "If requests fail, look for a newer codex-gateway, or install Codex {}.",
        built.codex_version
    ));
    let each = differences.iter().map(|difference| Finding::warn("protocol", difference.to_string()));
    [summary].into_iter().chain(each).collect()
}

/// Brings Codex up once, as the gateway does.
async fn inspection(settings: Settings) -> Vec<Finding> {
    let login = settings.codex_home.login_command();
    let token = match settings.token.clone().map_or_else(Token::generate, Ok) {
        Ok(token) => token,
        Err(error) => return vec![Finding::fail("start", error.to_string())],
    };
    let config = Config::new(settings, token);
    match gateway::inspect(&config).await {
        Ok(found) => {
            let mut findings = vec![account(&found.account, login), models(&found.models)];
            findings.extend(prompt(&found.leaks));
            findings
        }
        Err(error) => vec![
            Finding::fail("start", error.to_string())
                .cure("Try `codex` in a terminal: if it works there, the gateway is at fault."),
        ],
    }
}

fn account(account: &Account, login: &str) -> Finding {
    match account {
        Account::SignedIn { kind, plan: Some(plan) } => {
            Finding::ok("account", format!("signed in ({kind}, plan {plan})"))
        }
        Account::SignedIn { kind, plan: None } => Finding::ok("account", format!("signed in ({kind})")),
        Account::SignedOut => {
            Finding::fail("account", "Codex is not signed in").cure(format!("Run `{login}`."))
        }
        Account::NotNeeded => {
            Finding::ok("account", "the model provider in Codex's configuration needs none")
        }
    }
}

fn models(models: &[String]) -> Finding {
    if models.is_empty() {
        return Finding::fail("models", "Codex offers none");
    }
    Finding::ok("models", models.join(", "))
}

fn prompt(leaks: &[String]) -> Vec<Finding> {
    if leaks.is_empty() {
        return vec![Finding::ok("prompt", "the model gets what the caller sends, and nothing else")];
    }
    leaks.iter().map(|leak| Finding::warn("prompt", leak)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(String) -> String) -> Vec<Finding> {
        let built = Reduced::from_json(GENERATED).unwrap();
        compared(&built, &Reduced::from_json(&change(GENERATED.to_owned())).unwrap())
    }

    #[test]
    fn a_newer_codex_with_the_same_protocol_is_fine() {
        let version = format!("\"{}\"", Reduced::from_json(GENERATED).unwrap().codex_version);
        let findings = with(|schema| schema.replacen(&version, "\"999.0.0\"", 1));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].status, Status::Ok);
        assert!(findings[0].message.contains("is as in Codex"), "{}", findings[0]);
    }

    #[test]
    fn each_difference_has_a_line() {
        let findings = with(|schema| schema.replacen("\"turn/interrupt\"", "\"turn/stop\"", 1));
        assert_eq!(findings.len(), 2);
        assert!(findings[0].message.ends_with("in one thing that it uses") && findings[0].cure.is_some());
        assert_eq!(findings[1].message, "`turn/interrupt` is unknown");
        assert!(findings.iter().all(|finding| finding.status == Status::Warn));
    }

    #[test]
    fn the_account_is_told_with_its_plan() {
        let signed_in = |plan: Option<&str>| Account::SignedIn {
            kind: "chatgpt".to_owned(),
            plan: plan.map(str::to_owned),
        };
        assert_eq!(account(&signed_in(Some("plus")), "").message, "signed in (chatgpt, plan plus)");
        assert_eq!(account(&signed_in(None), "").message, "signed in (chatgpt)");
        let signed_out = account(&Account::SignedOut, "codex login");
        assert_eq!(
            (signed_out.status, signed_out.cure.unwrap().as_str()),
            (Status::Fail, "Run `codex login`.")
        );
    }
}
