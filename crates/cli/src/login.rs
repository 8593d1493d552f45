//! Signs in, through Codex.

use gateway::{Config, SignInWith, settings::Settings, sign_in};
use serde_json::json;

use crate::{launch, out, serve::StopSignals, token::Choice};

pub(crate) async fn login(settings: Settings, device: bool, json: bool) -> anyhow::Result<()> {
    let mut stop = StopSignals::listen()?;
    let token = Choice::of(&settings)?.token;
    let config = Config::new(settings, token);
    let with = if device { SignInWith::DeviceCode } else { SignInWith::Browser };
    let sign_in = sign_in(&config, with).await.map_err(launch::sign_in)?;
    if json {
        out::line(json!({"url": sign_in.url, "code": sign_in.code}))?;
    } else {
        out::line(format_args!(
            "Open this address in your browser to sign in to Codex:\n\n{}\n",
            sign_in.url
        ))?;
        if let Some(code) = &sign_in.code {
            out::line(format_args!("The code to type there: {code}\n"))?;
        }
    }
    tokio::select! {
        completed = sign_in.completed() => completed?,
        () = stop.received() => anyhow::bail!("the sign-in was given up"),
    }
    match json {
        true => Ok(()),
        false => out::line("Codex is signed in."),
    }
}
