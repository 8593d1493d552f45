//! The gateway's life: started, stopped, and started again where the settings want another one.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Weak},
    time::Duration,
};

use gateway::{
    GatewayHandle, PrivateFolder, StartError, Status, StatusWatch, log::Record, settings::CodexHome,
};
use scripted_model::Demo;
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        watch,
    },
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    codex::CodexStatus,
    core::{Core, base_url},
    port,
    problem::Problem,
    settings,
    view::Trouble,
};

/// How long a port that a gateway of ours still holds is waited for, before it is tried again.
const LISTEN_PAUSE: Duration = Duration::from_millis(3);
/// How long our own hold on a port may outlast the gateway: a Codex that is just being started has it, too, until it has
/// become what it is to be.
const PORT_GRACE: Duration = Duration::from_secs(1);

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    Codex,
    Demo,
}

#[derive(Debug, Default)]
pub(crate) struct Life {
    running: Option<Running>,
    /// Whose answers the person wants, whatever is in the way; `None` where they want it off.
    wanted: Option<Answers>,
    /// Gateways that end in the background.
    ending: JoinSet<()>,
    /// When the last of them was told to end.
    stopped: Option<Instant>,
    /// Counts the gateways, so that what an earlier one still says is not taken for the present one's.
    count: u64,
}

#[derive(Debug)]
struct Running {
    handle: GatewayHandle,
    demo: Option<HousedDemo>,
}

/// A demo, and the folder that it lives in.
#[derive(Debug)]
struct HousedDemo {
    demo: Demo,
    _home: PrivateFolder,
}

impl HousedDemo {
    async fn start() -> io::Result<Self> {
        let home = PrivateFolder::create()?;
        Ok(Self { demo: Demo::start(home.path()).await?, _home: home })
    }
}

impl Running {
    fn answers(&self) -> Answers {
        if self.demo.is_some() { Answers::Demo } else { Answers::Codex }
    }
}

/// The configuration with which Codex talks to the demo's model, if there is one.
fn with_demo(mut config: gateway::Config, demo: Option<&HousedDemo>) -> gateway::Config {
    if let Some(HousedDemo { demo, .. }) = demo {
        // A Codex home of the gateway's own would take the place of the demo's.
        config.settings.codex_home = CodexHome::Shared;
        config.codex_env.extend(demo.codex_env());
    }
    config
}

impl Life {
    pub(crate) fn is_on(&self) -> bool {
        self.running.is_some()
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.is_some()
    }

    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.running.as_ref().map(|running| running.handle.address())
    }

    /// Starts the gateway with the answers that were wanted last, unless it runs.
    pub(crate) async fn start(&mut self, core: &Arc<Core>) -> Result<(), Problem> {
        match self.is_on() {
            true => Ok(()),
            false => self.start_with(core, self.wanted.unwrap_or(Answers::Codex)).await,
        }
    }

    /// Starts the gateway, unless it runs already with these answers.
    pub(crate) async fn start_with(&mut self, core: &Arc<Core>, answers: Answers) -> Result<(), Problem> {
        if let Some(running) = &self.running {
            if running.answers() == answers {
                return Ok(());
            }
            self.stop(core);
        }
        self.wanted = Some(answers);
        // Before the token, which may have to be written into the file.
        core.config.usable()?;
        core.tokens.ensure().await;
        core.show_token();
        let mut config = core.gateway_config()?;
        config.history_key = core.tokens.history_key(&config.settings).await;
        let demo = match answers {
            Answers::Codex => None,
            Answers::Demo => Some(HousedDemo::start().await.map_err(Problem::Demo)?),
        };
        let config = with_demo(config, demo.as_ref());
        let base_url = base_url(&config.settings);
        match self.listen(config).await {
            Ok(handle) => {
                self.follow(core, &handle, demo.is_some());
                self.running = Some(Running { handle, demo });
                Ok(())
            }
            Err(error) => {
                let (trouble, problem) = explain(error, settings::can_change(&core.config, "port")).await;
                core.shown.update(|facts| {
                    facts.base_url = base_url;
                    facts.start_trouble = Some(trouble);
                });
                Err(problem)
            }
        }
    }

    /// Starts a gateway. One that still ends may hold the port for a moment.
    async fn listen(&mut self, config: gateway::Config) -> Result<GatewayHandle, StartError> {
        loop {
            match gateway::start(config.clone()).await {
                Err(StartError::PortTaken(_)) if self.may_hold_a_port() => {
                    let _ = timeout(LISTEN_PAUSE, self.ending.join_next()).await;
                    sleep(LISTEN_PAUSE).await;
                }
                started => return started,
            }
        }
    }

    /// Whether it may be one of ours that still holds a port.
    fn may_hold_a_port(&self) -> bool {
        !self.ending.is_empty() || self.stopped.is_some_and(|stopped| stopped.elapsed() < PORT_GRACE)
    }

    /// Stops the gateway. Its port is free, and all of it gone, a moment later.
    pub(crate) fn stop(&mut self, core: &Core) {
        self.wanted = None;
        core.shown.update(|facts| {
            facts.codex = None;
            facts.start_trouble = None;
            facts.demo = false;
            facts.running = 0;
        });
        if let Some(Running { handle, demo, .. }) = self.running.take() {
            self.stopped = Some(Instant::now());
            self.ending.spawn(async move {
                handle.shutdown().await;
                if let Some(HousedDemo { demo, _home }) = demo {
                    demo.shutdown().await;
                }
            });
        }
    }

    /// Waits until every gateway that was stopped is gone.
    pub(crate) async fn ended(&mut self) {
        while self.ending.join_next().await.is_some() {}
    }

    pub(crate) async fn restart(&mut self, core: &Arc<Core>) -> Result<(), Problem> {
        let wanted = self.wanted;
        self.stop(core);
        self.wanted = wanted;
        self.start(core).await
    }

    /// Has a running gateway take up a sign-in. Whoever signs in wants Codex's own answers, not the demo's.
    pub(crate) async fn signed_in(&mut self, core: &Arc<Core>) -> Result<(), Problem> {
        match &self.running {
            Some(Running { demo: None, handle }) => {
                handle.read_sign_in_again();
                Ok(())
            }
            Some(_) => self.start_with(core, Answers::Codex).await,
            None => {
                self.wanted = self.wanted.and(Some(Answers::Codex));
                Ok(())
            }
        }
    }

    /// Has the gateway go by the present settings and token, and starts it again where it must be.
    pub(crate) async fn follow_settings(&mut self, core: &Arc<Core>) -> Result<(), Problem> {
        let Some(running) = &self.running else {
            // What was in the way may be gone. A port that was taken is not tried without being asked.
            let is_barred = core.shown.bars_start_on(core.config.settings().port);
            return match self.is_wanted() && !is_barred {
                true => self.start(core).await,
                false => Ok(()),
            };
        };
        let gateway::Config { settings, token, .. } =
            with_demo(core.gateway_config()?, running.demo.as_ref());
        running.handle.set_token(token);
        match running.handle.apply(settings).as_slice() {
            [] => Ok(()),
            _ => self.restart(core).await,
        }
    }

    /// Shows what a gateway does from now on.
    fn follow(&mut self, core: &Arc<Core>, handle: &GatewayHandle, demo: bool) {
        self.count += 1;
        let status = handle.status();
        core.shown.update(|facts| {
            facts.base_url = handle.base_url();
            facts.codex = Some(CodexStatus::new(self.count, status.current()));
            facts.start_trouble = None;
            facts.demo = demo;
        });
        tokio::spawn(follow_status(Arc::downgrade(core), self.count, status));
        tokio::spawn(follow_running(Arc::downgrade(core), self.count, handle.running()));
        tokio::spawn(follow_requests(Arc::downgrade(core), handle.log().subscribe()));
    }
}

/// Another port is named only where the person can choose it here.
async fn explain(error: StartError, can_move: bool) -> (Trouble, Problem) {
    match error {
        StartError::PortTaken(address) => {
            let trouble = port::taken(address, can_move).await;
            let holder = match &trouble {
                Trouble::PortTaken { holder: Some(holder), .. } => {
                    format!("`{}` (process {})", holder.name, holder.pid)
                }
                _ => "another program".to_owned(),
            };
            (trouble, Problem::PortTaken { port: address.port(), holder })
        }
        error => (Trouble::Other { message: error.to_string() }, Problem::Start(error)),
    }
}

async fn follow_status(core: Weak<Core>, gateway: u64, mut status: StatusWatch) {
    let mut now = status.current();
    while !matches!(now, Status::Stopped) {
        let Some(core) = core.upgrade() else { return };
        core.codex_is(gateway, now);
        drop(core);
        now = status.changed().await;
    }
}

async fn follow_running(core: Weak<Core>, gateway: u64, mut running: watch::Receiver<usize>) {
    loop {
        let count = u32::try_from(*running.borrow_and_update()).unwrap_or(u32::MAX);
        let Some(core) = core.upgrade() else { return };
        core.shown.update(|facts| {
            if facts.codex.as_ref().is_some_and(|codex| codex.gateway == gateway) {
                facts.running = count;
            }
        });
        drop(core);
        if running.changed().await.is_err() {
            return;
        }
    }
}

async fn follow_requests(core: Weak<Core>, mut records: broadcast::Receiver<Arc<Record>>) {
    loop {
        let record = match records.recv().await {
            Ok(record) => record,
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "too many requests at once to show them all");
                continue;
            }
            Err(RecvError::Closed) => return,
        };
        let Some(core) = core.upgrade() else { return };
        core.request_ended(&record);
    }
}
