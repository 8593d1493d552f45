//! Runs the gateway until it is asked to stop.

use std::{path::Path, time::Duration};

use anyhow::Context;
use gateway::{
    Account, Config, GatewayHandle, HistoryKey, PrivateFolder, Status,
    access::Access,
    settings::{CodexHome, Settings, token_override},
};
use scripted_model::{DEMO_NOTICE, Demo};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    again,
    args::{Options, Serve},
    launch, out,
    setup::as_json,
    token::Choice,
};

/// Starts the gateway on the person's own Codex.
///
/// `history_key` is for responses on the disk, which are in memory without it.
pub(crate) async fn serve(
    settings: Settings,
    history_key: Option<HistoryKey>,
    serve: &Serve,
    path: &Path,
    options: &Options,
) -> anyhow::Result<()> {
    let stop = StopSignals::listen()?;
    let token = Choice::of(&settings)?;
    let gateway = start(&settings, &token, Vec::new(), history_key).await?;
    if serve.demo_if_signed_out && !can_answer(&gateway).await {
        gateway.shutdown().await;
        return demo_until(stop, settings, path, options).await;
    }
    greet(&gateway, &token, None, path, options)?;
    until_stopped(gateway, settings.codex_home.login_command(), stop).await
}

/// Starts the gateway on the demo model.
pub(crate) async fn demo(settings: Settings, path: &Path, options: &Options) -> anyhow::Result<()> {
    demo_until(StopSignals::listen()?, settings, path, options).await
}

async fn demo_until(
    stop: StopSignals,
    settings: Settings,
    path: &Path,
    options: &Options,
) -> anyhow::Result<()> {
    let token = Choice::of(&settings)?;
    let home = PrivateFolder::create().context("the demo can't be started")?;
    let demo = Demo::start(home.path()).await.context("the demo can't be started")?;
    // A Codex home of the gateway's own would take the place of the demo's.
    let settings = Settings { codex_home: CodexHome::Shared, ..settings };
    let gateway = start(&settings, &token, demo.codex_env(), None).await?;
    greet(&gateway, &token, Some(DEMO_NOTICE), path, options)?;
    let stopped = until_stopped(gateway, settings.codex_home.login_command(), stop).await;
    demo.shutdown().await;
    stopped
}

/// SIGINT and SIGTERM, listened to before anybody knows of the gateway: an early one must stop it in order, too.
pub(crate) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    pub(crate) async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

async fn start(
    settings: &Settings,
    token: &Choice,
    codex_env: Vec<(String, String)>,
    history_key: Option<HistoryKey>,
) -> anyhow::Result<GatewayHandle> {
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let config = Config { codex_env, history_key, ..Config::new(settings.clone(), token.token.clone()) };
    gateway::start(config).await.map_err(launch::gateway)
}

/// Whether Codex runs and is signed in, as far as it needs to be.
async fn can_answer(gateway: &GatewayHandle) -> bool {
    match gateway.status().settled().await {
        Status::Ready { account, .. } => account != Account::SignedOut,
        // Trouble with Codex itself is not mended by the demo, which runs the same Codex.
        _ => true,
    }
}

/// Says where the gateway is, and how a program gets in. A token that somebody knows already is kept out of logs.
fn greet(
    gateway: &GatewayHandle,
    token: &Choice,
    notice: Option<&str>,
    path: &Path,
    options: &Options,
) -> anyhow::Result<()> {
    let access = Access { base_url: gateway.base_url(), token: token.token.expose().to_owned() };
    if options.json {
        return out::line(as_json(&access));
    }
    out::line(format_args!("Codex Gateway is on: {}", access.base_url))?;
    if let Some(notice) = notice {
        out::line(notice)?;
    }
    if token.generated {
        out::line(format_args!(
            "\nPaste this into Python:\n\n{}\nprint(client.chat.completions.create(model=client.models.list().data[0].id, \
             messages=[{{\"role\": \"user\", \"content\": \"Say pong\"}}]).choices[0].message.content)\n\n\
             The token is good until the gateway stops; `{}` makes one that lasts.",
            access.python_client(),
            again::init(path)
        ))
    } else if token_override(&options.overrides())?.is_some() {
        out::line(
            "Programs use this address as their base URL, and the token that you gave as their API key.",
        )
    } else {
        let show = again::show(path, gateway.address());
        out::line(format_args!("`{show}` prints the lines to paste into Python."))
    }
}

/// Tells changes of status until it is time to stop, and stops. A gateway that stops by itself is an error.
async fn until_stopped(gateway: GatewayHandle, login: &str, mut stop: StopSignals) -> anyhow::Result<()> {
    let mut status = gateway.status();
    let mut told = None;
    let mut now = status.current();
    let asked = loop {
        tell(&now, login, &mut told);
        if matches!(now, Status::Stopped) {
            break Err(anyhow::anyhow!(
                "the gateway has stopped by itself: see the log above, and start it again"
            ));
        }
        now = tokio::select! {
            () = stop.received() => break Ok(()),
            changed = status.changed() => changed,
        };
    };
    // A second signal, or a stop that hangs, does not wait for order.
    tokio::select! {
        () = gateway.shutdown() => {}
        () = stop.received() => {}
        () = tokio::time::sleep(Duration::from_secs(5)) => {}
    }
    asked
}

/// Tells a status, unless its words are those that were told last: much of it changes without being news.
fn tell(status: &Status, login: &str, told: &mut Option<String>) {
    let words = match status {
        Status::Ready { codex_version, account: Account::SignedOut, .. } => format!(
            "Codex {codex_version} isn't signed in: run `{login}`. `codex-gateway demo` works without."
        ),
        Status::Ready { codex_version, .. } => format!("Codex {codex_version} is ready."),
        Status::Trouble { error, .. } => {
            format!("Codex isn't running: {error}. {}", error.advice().unwrap_or("Trying again."))
        }
        // The next attempt is no news.
        Status::Starting { .. } | Status::Stopped => return,
    };
    if told.as_ref() != Some(&words) {
        out::note(&words);
        *told = Some(words);
    }
}
