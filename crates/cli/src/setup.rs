//! What a person needs to use the gateway from a program: the config file, the token, the lines to paste.

use std::path::Path;

use anyhow::Context;
use gateway::{
    access::Access,
    settings::{ConfigFile, FileError, Settings, Token, TokenPlace, edit, token_override, write},
};
use serde_json::json;

use crate::{
    args::{Keep, Options},
    out, token,
};

/// How to reach a gateway with these settings.
fn access(settings: &Settings, token: &Token) -> Access {
    let address = std::net::SocketAddr::new(settings.host, settings.port);
    Access { base_url: format!("http://{address}/v1"), token: token.expose().to_owned() }
}

/// The access for scripts.
pub(crate) fn as_json(access: &Access) -> serde_json::Value {
    json!({"base_url": access.base_url, "token": access.token})
}

/// Writes the config file. One that exists keeps what is in it, and is given a token if it has none; unless `force`
/// replaces it.
pub(crate) async fn init(path: &Path, options: &Options, force: bool, keep: &Keep) -> anyhow::Result<()> {
    if let Err(error @ FileError::NoHome) = ConfigFile::read(path) {
        return Err(error.into());
    }
    if force || !path.exists() {
        return create(path, options, force, keep).await;
    }
    let file = ConfigFile::read(path)?;
    let has_token = file.token.is_some() || file.token_place == Some(TokenPlace::Keyring);
    if !has_token {
        add_token(path, options, keep).await?;
    }
    let settings = token::settings(path, options).await?;
    if !options.json {
        let shown = path.display();
        if has_token {
            let instead = match keep.place() {
                Some(TokenPlace::Keyring) => {
                    "`codex-gateway token --keyring` moves its token to the keyring; "
                }
                Some(TokenPlace::File) => "`codex-gateway token --file` moves its token into the file; ",
                None => "",
            };
            out::line(format_args!(
                "The config file {shown} exists already, and is left as it is.\n{instead}`codex-gateway init --force` \
                 replaces all of it.\n"
            ))?;
        } else {
            out::line(format_args!(
                "Added a local token to the config file {shown}, and left the rest as it is.\n"
            ))?;
        }
    }
    show(&settings, options.json)
}

/// Gives a config file its token: the one of the command line or the environment, else a new one.
async fn add_token(path: &Path, options: &Options, keep: &Keep) -> anyhow::Result<()> {
    let token = match token_override(&options.overrides())? {
        Some(token) => token,
        None => Token::generate()?,
    };
    if keep.place() == Some(TokenPlace::Keyring) {
        token::put_in_keyring(path, options, &token).await?;
    }
    edit(path, |config| {
        // Another program may have added one meanwhile.
        if config.get("token").is_some_and(|token| !token.is_null()) {
            return;
        }
        match keep.place() {
            Some(TokenPlace::Keyring) => {
                config.insert("token_place".to_owned(), "keyring".into());
            }
            Some(TokenPlace::File) => {
                config.insert("token".to_owned(), token.expose().into());
                config.insert("token_place".to_owned(), "file".into());
            }
            None => {
                config.insert("token".to_owned(), token.expose().into());
            }
        }
    })?;
    Ok(())
}

/// Writes a config file with a new token. The token goes into the file: on a machine without a desktop there may be no
/// keyring, or none later on. One that is replaced and had its token in the keyring is not made to have it in the file in
/// silence.
async fn create(path: &Path, options: &Options, force: bool, keep: &Keep) -> anyhow::Result<()> {
    // What else stands in a file that is about to be replaced does not count.
    let place = keep.place().or_else(|| ConfigFile::read(path).ok()?.token_place);
    let settings = Settings::load(&options.overrides(), None)?;
    let token = match settings.token.clone() {
        Some(token) => token,
        None => Token::generate()?,
    };
    let in_keyring = place == Some(TokenPlace::Keyring);
    if in_keyring {
        token::put_in_keyring(path, options, &token).await?;
    }
    let config = ConfigFile {
        token: (!in_keyring).then(|| (&token).into()),
        token_place: place,
        host: Some(settings.host.to_string()),
        port: Some(settings.port),
        reasoning_effort: settings.reasoning_effort.clone(),
        codex: settings.codex.clone(),
        ..ConfigFile::default()
    };
    write(path, &config, force)?;
    if !options.json {
        let shown = path.display();
        if in_keyring {
            out::line(format_args!("Wrote the config file {shown}. The local token is in the keyring."))?;
        } else {
            out::line(format_args!("Wrote the config file {shown}, which holds the local token."))?;
        }
        out::line("Start the gateway with `codex-gateway`.\n")?;
    }
    print_access(&access(&settings, &token), options.json)
}

pub(crate) fn show(settings: &Settings, json: bool) -> anyhow::Result<()> {
    print_access(&access(settings, required_token(settings)?), json)
}

fn print_access(access: &Access, json: bool) -> anyhow::Result<()> {
    match json {
        true => out::line(as_json(access)),
        false => out::line(format_args!("Use this OpenAI SDK setup:\n\n{}", access.python_client())),
    }
}

pub(crate) fn token(settings: &Settings, json: bool) -> anyhow::Result<()> {
    let token = required_token(settings)?.expose();
    match json {
        true => out::line(json!({"token": token})),
        false => out::line(token),
    }
}

pub(crate) fn env(settings: &Settings, json: bool) -> anyhow::Result<()> {
    let access = access(settings, required_token(settings)?);
    let variables = [
        ("CODEX_GATEWAY_HOST", settings.host.to_string()),
        ("CODEX_GATEWAY_PORT", settings.port.to_string()),
        ("CODEX_GATEWAY_BASE_URL", access.base_url),
        ("CODEX_GATEWAY_TOKEN", access.token),
    ];
    if json {
        return out::line(serde_json::Value::from_iter(variables));
    }
    variables
        .iter()
        .try_for_each(|(name, value)| out::line(format_args!("export {name}={}", shell_words::quote(value))))
}

/// A token that was only made up for this answer would open nothing.
fn required_token(settings: &Settings) -> anyhow::Result<&Token> {
    settings.token.as_ref().context(
        "no local token is configured: run `codex-gateway init`, or set CODEX_GATEWAY_TOKEN to one of your own",
    )
}
