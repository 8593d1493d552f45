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

/// Shows a gateway's status, and its changes: of Codex, of its account and of the account's limits.
#[derive(Debug, Clone)]
pub struct StatusWatch {
    phase: watch::Receiver<Phase<Session>>,
    /// Of the session that is up, if one is.
    account: Option<AccountChanges>,
}

impl StatusWatch {
    pub(crate) fn new(phase: watch::Receiver<Phase<Session>>) -> Self {
        let mut watch = Self { phase, account: None };
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
                leaks: session.leaks().to_vec(),
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
        let account_changed = async {
            match &mut self.account {
                Some(account) => account.changed().await,
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
            () = account_changed => {}
        }
        self.current()
    }

    /// Waits until it is decided whether Codex runs.
    pub async fn settled(&mut self) -> Status {
        let _ = self.phase.wait_for(|phase| !matches!(phase, Phase::Starting { .. })).await;
        self.follow_phase();
        self.current()
    }

    /// Follows the account of the session that is up now. What follows is told from here on.
    fn follow_phase(&mut self) {
        self.account = match &*self.phase.borrow_and_update() {
            Phase::Up(session) => Some(session.account().changes()),
            _ => None,
        };
    }
}
