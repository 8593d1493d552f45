//! How a gateway is doing, for those who show it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use app_server::{LaunchError, Phase};
use tokio::sync::watch;

use crate::{
    codex::{Account, AccountChanges, Session},
    quota::Quota,
};

/// How a gateway is doing.
#[derive(Debug, Clone)]
pub enum Status {
    /// Codex is being brought up; `attempt` counts from 1.
    Starting {
        attempt: u32,
    },
    Ready {
        /// Where Codex was found.
        codex: PathBuf,
        codex_version: String,
        account: Account,
        /// The models that Codex shows to people.
        models: Vec<String>,
        /// The reasoning efforts that some of them know.
        efforts: Vec<String>,
        /// What reaches the model beside the caller's messages, in words.
        leaks: Vec<String>,
        /// Without windows where Codex has told of none.
        quota: Quota,
    },
    /// Codex isn't running. The gateway makes its `attempt`th attempt after `retry_after`.
    Trouble {
        error: Arc<LaunchError>,
        attempt: u32,
        retry_after: Duration,
    },
    Stopped,
}

/// Shows a gateway's status, and its changes: of Codex, of its account, of the account's limits, and of what reaches the
/// model.
#[derive(Debug, Clone)]
pub struct StatusWatch {
    phase: watch::Receiver<Phase<Session>>,
    /// Of the session that is up, if one is.
    session: Option<SessionChanges>,
}

#[derive(Debug, Clone)]
struct SessionChanges {
    account: AccountChanges,
    leaks: watch::Receiver<Vec<String>>,
}

impl SessionChanges {
    /// Waits for the next change. May be cancelled. After the session has ended, nothing changes any more.
    async fn next(&mut self) {
        tokio::select! {
            () = self.account.changed() => {}
            Ok(()) = self.leaks.changed() => {}
        }
    }
}

impl StatusWatch {
    pub(crate) fn new(phase: watch::Receiver<Phase<Session>>) -> Self {
        let mut watch = Self { phase, session: None };
        watch.follow_phase();
        watch
    }

    pub fn current(&self) -> Status {
        match &*self.phase.borrow() {
            Phase::Starting { attempt } => Status::Starting { attempt: *attempt },
            Phase::Up(session) => Status::Ready {
                codex: session.path().to_owned(),
                codex_version: session.version().to_owned(),
                account: session.account().current(),
                models: session.models().listed().map(str::to_owned).collect(),
                efforts: session.models().efforts(),
                leaks: session.leaks(),
                quota: session.account().quota(),
            },
            Phase::Down { error, attempt, retry_after } => {
                Status::Trouble { error: Arc::clone(error), attempt: *attempt, retry_after: *retry_after }
            }
            Phase::Stopped => Status::Stopped,
        }
    }

    /// Waits for the next change, and returns what it changed to. May be cancelled.
    pub async fn changed(&mut self) -> Status {
        let session_changed = async {
            match &mut self.session {
                Some(session) => session.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = self.phase.changed() => {
                if changed.is_err() {
                    return Status::Stopped;
                }
                self.follow_phase();
            }
            () = session_changed => {}
        }
        self.current()
    }

    /// Waits until it is decided whether Codex runs.
    pub async fn settled(&mut self) -> Status {
        let _ = self.phase.wait_for(|phase| !matches!(phase, Phase::Starting { .. })).await;
        self.follow_phase();
        self.current()
    }

    /// Follows the session that is up now. What follows is told from here on.
    fn follow_phase(&mut self) {
        self.session = match &*self.phase.borrow_and_update() {
            Phase::Up(session) => {
                Some(SessionChanges { account: session.account().changes(), leaks: session.leaks_changes() })
            }
            _ => None,
        };
    }
}
