//! Runs the gateway until it is asked to stop.

use std::time::Duration;

use anyhow::Context;
use gateway::{
    Account, Config, GatewayHandle, HistoryKey, PrivateFolder, Status,
    access::Access,
    settings::{CodexHome, Settings},
};
use scripted_model::{DEMO_NOTICE, Demo};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{args::Serve, out, setup::as_json, token::Choice};

/// Starts the gateway on the person's own Codex.
///
/// `history_key` is for responses on the disk, which are in memory without it.
pub(crate) async fn serve(
    settings: Settings,
    history_key: Option<HistoryKey>,
    options: &Serve,
    json: bool,
) -> anyhow::Result<()> {
    let stop = StopSignals::listen()?;
    let token = Choice::of(&settings)?;
    let gateway = start(&settings, &token, Vec::new(), history_key).await?;
    if options.demo_if_signed_out && !can_answer(&gateway).await {
        gateway.shutdown().await;
        return demo_until(stop, settings, json).await;
    }
    greet(&gateway, &token, None, json);
    until_stopped(gateway, stop).await
}

/// Starts the gateway on the demo model.
pub(crate) async fn demo(settings: Settings, json: bool) -> anyhow::Result<()> {
    demo_until(StopSignals::listen()?, settings, json).await
}

async fn demo_until(stop: StopSignals, settings: Settings, json: bool) -> anyhow::Result<()> {
    let token = Choice::of(&settings)?;
    let home = PrivateFolder::create().context("the demo can't be started")?;
    let demo = Demo::start(home.path()).await.context("the demo can't be started")?;
    // A Codex home of the gateway's own would take the place of the demo's.
    let settings = Settings { codex_home: CodexHome::Shared, ..settings };
    let gateway = start(&settings, &token, demo.codex_env(), None).await?;
    greet(&gateway, &token, Some(DEMO_NOTICE), json);
    let stopped = until_stopped(gateway, stop).await;
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
    Ok(gateway::start(config).await?)
}

/// Whether Codex runs and is signed in, as far as it needs to be.
async fn can_answer(gateway: &GatewayHandle) -> bool {
    match gateway.status().settled().await {
        Status::Ready { account, .. } => account != Account::SignedOut,
        // Trouble with Codex itself is not mended by the demo, which runs the same Codex.
        _ => true,
    }
}

/// Says where the gateway is. A token from the config file is known already, and kept out of logs.
fn greet(gateway: &GatewayHandle, token: &Choice, notice: Option<&str>, json: bool) {
    let access = Access { base_url: gateway.base_url(), token: token.token.expose().to_owned() };
    if json {
        out::line(as_json(&access));
        return;
    }
    out::line(format_args!("Codex Gateway is on: {}", access.base_url));
    if let Some(notice) = notice {
        out::line(notice);
    }
    if token.generated {
        out::line(format_args!(
            "\nPaste this into Python:\n\n{}\nprint(client.chat.completions.create(model=client.models.list().data[0].id, \
             messages=[{{\"role\": \"user\", \"content\": \"Say pong\"}}]).choices[0].message.content)\n\n\
             The token is good until the gateway stops; `codex-gateway init` makes one that lasts.",
            access.python_client()
        ));
    } else {
        let port = match gateway.address().port() {
            port if port == Settings::default().port => String::new(),
            port => format!(" --port {port}"),
        };
        out::line(format_args!("`codex-gateway show{port}` prints the lines to paste into Python."));
    }
}

/// Tells changes of status until it is time to stop, and stops. A gateway that stops by itself is an error.
async fn until_stopped(gateway: GatewayHandle, mut stop: StopSignals) -> anyhow::Result<()> {
    let mut status = gateway.status();
    let mut told = None;
    let mut now = status.current();
    let asked = loop {
        tell(&now, &mut told);
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
fn tell(status: &Status, told: &mut Option<String>) {
    let words = match status {
        Status::Ready { codex_version, account: Account::SignedOut, .. } => format!(
            "Codex {codex_version} isn't signed in: run `codex login`. `codex-gateway demo` works without."
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
