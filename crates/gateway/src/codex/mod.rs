//! Runs turns on Codex.

mod account;
mod admission;
mod answer;
mod bare;
mod catalog;
mod certificates;
mod context;
mod conversations;
mod failure;
mod files;
mod history;
mod home;
mod launch;
mod limits;
mod made;
mod models;
mod patience;
mod progress;
mod reasoning;
mod renewal;
mod response;
mod run;
mod session;
mod stamp;
mod starter;
mod thread;
mod threads;
mod told;
mod tool_schema;
mod tools;
mod version;
mod wait;

use std::{sync::Arc, time::Duration};

use app_server::{LaunchError, Phase, Supervisor};
use futures_util::future::try_join_all;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

pub use account::Account;
pub(crate) use account::AccountChanges;
pub(crate) use launch::CodexLaunch;
#[cfg(test)]
pub(crate) use limits::cut;
pub(crate) use models::{Model, Models};
pub(crate) use renewal::renew;
pub(crate) use run::RunningTurn;
pub(crate) use session::Session;

use crate::{
    quota::Quota,
    settings::{Live, Settings},
    turn::{Turn, TurnError, TurnErrorKind},
};
use admission::{Admission, Capacity, Place};
use conversations::Conversations;
use patience::Patience;
use run::Start;
use tools::Tools;

/// How long a request waits for a Codex that is being started.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// The supervised Codex, and the places for turns on it. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Codex {
    phase: watch::Receiver<Phase<Session>>,
    admission: Arc<Admission>,
    conversations: Arc<Conversations>,
    live: Live,
    /// The command that signs in to the Codex home that the gateway was started with.
    login: &'static str,
}

impl Codex {
    pub(crate) fn new(supervisor: &Supervisor<Session>, live: Live) -> Self {
        let settings = live.settings();
        let admission = Arc::new(Admission::new(Capacity::from(&*settings)));
        let phase = supervisor.phase();
        let conversations =
            Conversations::new(settings.kept_conversations, settings.conversation_timeout, phase.clone());
        Self { phase, admission, conversations, live, login: settings.codex_home.login_command() }
    }

    /// Goes by these settings from now on, as far as it does not look at them each time.
    pub(crate) fn apply(&self, settings: &Settings) {
        self.admission.resize(Capacity::from(settings));
        self.conversations.resize(settings.kept_conversations, settings.conversation_timeout);
    }

    /// Takes note that the sign-in may be another one by now.
    pub(crate) fn doubt_sign_in(&self) {
        if let Phase::Up(session) = &*self.phase.borrow() {
            session.account().doubt();
        }
    }

    /// What is known of the account's limits.
    pub(crate) fn quota(&self) -> Quota {
        match &*self.phase.borrow() {
            Phase::Up(session) => session.account().quota(),
            _ => Quota::default(),
        }
    }

    /// What is going on with Codex now.
    pub(crate) fn phase(&self) -> Phase<Session> {
        self.phase.borrow().clone()
    }

    /// The running Codex. One that is just being started is waited for.
    pub(crate) async fn session(&self) -> Result<Arc<Session>, TurnError> {
        let mut phase = self.phase.clone();
        // A Codex whose connection has ended is about to be seen as down.
        let settled = phase.wait_for(|phase| match phase {
            Phase::Up(session) => !session.client.is_closed(),
            Phase::Starting { .. } => false,
            Phase::Down { .. } | Phase::Stopped => true,
        });
        match timeout(START_PATIENCE, settled).await {
            Ok(Ok(phase)) => match &*phase {
                Phase::Up(session) => Ok(Arc::clone(session)),
                Phase::Down { error, retry_after, .. } => Err(unavailable(error).retry_after(*retry_after)),
                Phase::Starting { .. } | Phase::Stopped => Err(stopped()),
            },
            Ok(Err(_)) => Err(stopped()),
            Err(_) => Err(TurnError::new(
                TurnErrorKind::Unavailable,
                "Codex is still starting. Try again in a few seconds.",
            )
            .retry_after(Duration::from_secs(5))),
        }
    }

    /// The models, as Codex tells them now.
    pub(crate) async fn models(&self) -> Result<Arc<Models>, TurnError> {
        let session = self.session().await?;
        session.refresh_models().await.map_err(|error| failure::request_failed(&error))
    }

    /// Runs a turn `count` times as soon as there are places for all of them. Dropping the results, or this future,
    /// cancels the turns.
    pub(crate) async fn run(&self, turn: Turn, count: u32) -> Result<Vec<RunningTurn>, TurnError> {
        let asked = Instant::now();
        let tools = Arc::new(Tools::new(&turn.tools));
        let turn = context::check(turn, &tools).await?;
        let places = self.admission.enter(count).await?;
        try_join_all(places.into_iter().map(|place| self.start(place, &turn, &tools, asked))).await
    }

    /// Starts a turn. If Codex dies before it has said anything about it, the turn is started on the next one.
    async fn start(
        &self,
        place: Place,
        turn: &Turn,
        tools: &Arc<Tools>,
        asked: Instant,
    ) -> Result<RunningTurn, TurnError> {
        let place = Arc::new(place);
        let patience = Patience::from(&*self.live.settings());
        let start = async || {
            let session = self.session().await?;
            let conversations = Arc::clone(&self.conversations);
            let (tools, place) = (Arc::clone(tools), Arc::clone(&place));
            let start = Start { tools, place, asked, patience, login: self.login };
            RunningTurn::start(session, conversations, turn, start).await
        };
        match start().await {
            Err(TurnError { kind: TurnErrorKind::Crashed, .. }) => start().await,
            started => started,
        }
    }
}

fn unavailable(error: &LaunchError) -> TurnError {
    let advice = match error {
        LaunchError::TooOld { .. } => "",
        error => error.advice().unwrap_or("The gateway keeps trying."),
    };
    let message = format!("Codex isn't running: {error}. {advice}");
    TurnError::new(TurnErrorKind::Unavailable, message.trim_end())
}

fn stopped() -> TurnError {
    TurnError::new(TurnErrorKind::Unavailable, "The gateway is being stopped.")
}
