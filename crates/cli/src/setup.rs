//! What a person needs to use the gateway from a program: the config file, the token, the lines to paste.

use std::path::Path;

use anyhow::Context;
use gateway::settings::{ConfigFile, Settings, Token, write};
use serde_json::json;

use crate::{args::Options, out};

/// Where a gateway is, and what opens it.
pub(crate) struct Access<'a> {
    pub(crate) base_url: String,
    pub(crate) token: &'a Token,
}

impl<'a> Access<'a> {
    pub(crate) fn new(settings: &Settings, token: &'a Token) -> Self {
        let address = std::net::SocketAddr::new(settings.host, settings.port);
        Self { base_url: format!("http://{address}/v1"), token }
    }

    /// The lines for Python, whose string literals JSON's are, as far as these go.
    pub(crate) fn python(&self) -> String {
        let [base_url, token] = [&self.base_url, self.token.expose()].map(serde_json::Value::from);
        format!("from openai import OpenAI\nclient = OpenAI(base_url={base_url}, api_key={token})")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        json!({"base_url": self.base_url, "token": self.token.expose()})
    }
}

/// Writes the config file. One that exists is left alone, and shown, unless `force`.
pub(crate) fn init(path: &Path, options: &Options, force: bool) -> anyhow::Result<()> {
    if path.exists() && !force {
        let settings = Settings::load(&options.overrides(), Some(path))?;
        if !options.json {
            out::line(format_args!(
                "Codex Gateway is already initialized at {}\nUse --force to replace it.\n",
                path.display()
            ));
        }
        return show(&settings, options.json);
    }
    // What stands in a file that is about to be replaced does not count.
    let settings = Settings::load(&options.overrides(), None)?;
    let token = match settings.token.clone() {
        Some(token) => token,
        None => Token::generate()?,
    };
    let config = ConfigFile {
        token: Some((&token).into()),
        host: Some(settings.host.to_string()),
        port: Some(settings.port),
        reasoning_effort: settings.reasoning_effort.clone(),
        codex: settings.codex.clone(),
        ..ConfigFile::default()
    };
    write(path, &config, force)?;
    if !options.json {
        out::line(format_args!("Wrote the config file {}\n", path.display()));
    }
    print_access(&Access::new(&settings, &token), options.json);
    Ok(())
}

pub(crate) fn show(settings: &Settings, json: bool) -> anyhow::Result<()> {
    print_access(&Access::new(settings, required_token(settings)?), json);
    Ok(())
}

fn print_access(access: &Access<'_>, json: bool) {
    if json {
        out::line(access.json());
    } else {
        out::line(format_args!("Use this OpenAI SDK setup:\n\n{}", access.python()));
    }
}

pub(crate) fn token(settings: &Settings, json: bool) -> anyhow::Result<()> {
    let token = required_token(settings)?.expose();
    if json {
        out::line(json!({"token": token}));
    } else {
        out::line(token);
    }
    Ok(())
}

pub(crate) fn env(settings: &Settings, json: bool) -> anyhow::Result<()> {
    let access = Access::new(settings, required_token(settings)?);
    let variables = [
        ("CODEX_GATEWAY_HOST", settings.host.to_string()),
        ("CODEX_GATEWAY_PORT", settings.port.to_string()),
        ("CODEX_GATEWAY_BASE_URL", access.base_url.clone()),
        ("CODEX_GATEWAY_TOKEN", access.token.expose().to_owned()),
    ];
    if json {
        out::line(serde_json::Value::from_iter(variables));
    } else {
        for (name, value) in variables {
            out::line(format_args!("export {name}={}", shell_words::quote(&value)));
        }
    }
    Ok(())
}

/// A token that was only made up for this answer would open nothing.
fn required_token(settings: &Settings) -> anyhow::Result<&Token> {
    settings.token.as_ref().context(
        "no local token is configured: run `codex-gateway init`, or set CODEX_GATEWAY_TOKEN to one of your own",
    )
}
