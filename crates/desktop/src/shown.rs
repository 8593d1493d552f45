//! What is known of everything, and the one state that is made of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gateway::{Account, Status, TroubleKind};
use tokio::sync::watch;

use crate::view::{
    AccountView, AppState, ClientCount, CodexView, FirstRun, QuotaWindow, Switch, TokenView, Trouble,
};

/// Holds the facts, and publishes the state whenever it differs.
#[derive(Debug)]
pub(crate) struct Shown {
    facts: Mutex<Facts>,
    state: watch::Sender<Arc<AppState>>,
}

/// What is known, from where it is known.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) base_url: String,
    pub(crate) token: TokenView,
    /// `None` while the gateway is off.
    pub(crate) codex: Option<CodexStatus>,
    /// Why the gateway could not be started, or had to stop.
    pub(crate) start_trouble: Option<Trouble>,
    pub(crate) token_trouble: Option<Trouble>,
    pub(crate) config_trouble: Option<String>,
    pub(crate) demo: bool,
    pub(crate) running: u32,
    pub(crate) quota: Vec<QuotaWindow>,
    pub(crate) clients: BTreeMap<String, u64>,
    pub(crate) first_run_done: bool,
    pub(crate) snippet_copied: bool,
    pub(crate) version: String,
}

/// How the Codex of the running gateway is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodexStatus {
    /// Which gateway's it is.
    pub(crate) gateway: u64,
    now: Status,
    /// The last trouble, which is still shown while the next attempt runs.
    last_trouble: Option<(TroubleKind, String)>,
}

impl Shown {
    pub(crate) fn new(facts: Facts) -> Self {
        let state = watch::Sender::new(Arc::new(facts.state()));
        Self { facts: Mutex::new(facts), state }
    }

    pub(crate) fn follow(&self) -> watch::Receiver<Arc<AppState>> {
        self.state.subscribe()
    }

    pub(crate) fn state(&self) -> Arc<AppState> {
        Arc::clone(&self.state.borrow())
    }

    /// The efforts that some model of the running Codex knows.
    pub(crate) fn efforts(&self) -> Vec<String> {
        match self.facts().codex.as_ref().map(|codex| &codex.now) {
            Some(Status::Ready { efforts, .. }) => efforts.clone(),
            _ => Vec::new(),
        }
    }

    /// The models that the running Codex lists.
    pub(crate) fn models(&self) -> Vec<String> {
        self.state().codex.as_ref().map(|codex| codex.models.clone()).unwrap_or_default()
    }

    pub(crate) fn has_start_trouble(&self) -> bool {
        self.facts().start_trouble.is_some()
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut Facts)) {
        // The lock is held while the state goes out, so that no older one overtakes it.
        let mut facts = self.facts();
        change(&mut facts);
        let state = facts.state();
        self.state.send_if_modified(|shown| {
            let differs = **shown != state;
            if differs {
                *shown = Arc::new(state);
            }
            differs
        });
    }
}

impl Facts {
    fn state(&self) -> AppState {
        let codex = self.codex.as_ref().and_then(CodexStatus::view);
        AppState {
            switch: match &self.codex {
                None => Switch::Off,
                Some(codex) if matches!(codex.now, Status::Starting { .. }) => Switch::Starting,
                Some(_) => Switch::On,
            },
            running: self.running,
            base_url: self.base_url.clone(),
            token: self.token.clone(),
            trouble: self.trouble(),
            demo: self.demo,
            quota: self.quota.clone(),
            clients: self.clients(),
            first_run: self.first_run(codex.as_ref()),
            codex,
            version: self.version.clone(),
        }
    }

    /// The trouble that is shown: the one that must be mended first.
    fn trouble(&self) -> Option<Trouble> {
        let codex = self.codex.as_ref().and_then(CodexStatus::trouble);
        let token = || self.token_trouble.clone();
        let config = || self.config_trouble.clone().map(|message| Trouble::Config { message });
        self.start_trouble.clone().or_else(token).or(codex).or_else(|| self.used_up()).or_else(config)
    }

    fn used_up(&self) -> Option<Trouble> {
        let window = self.quota.iter().find(|window| window.used_percent >= 100.0)?;
        Some(Trouble::QuotaUsedUp { window: window.label.clone(), resets_at_ms: window.resets_at_ms })
    }

    fn clients(&self) -> Vec<ClientCount> {
        let count =
            |(name, requests): (&String, &u64)| ClientCount { name: name.clone(), requests: *requests };
        let mut clients: Vec<_> = self.clients.iter().map(count).collect();
        clients.sort_by_key(|client| std::cmp::Reverse(client.requests));
        clients
    }

    fn first_run(&self, codex: Option<&CodexView>) -> Option<FirstRun> {
        (!self.first_run_done).then(|| FirstRun {
            codex_found: codex.is_some(),
            can_answer: codex.is_some_and(|codex| codex.account != AccountView::SignedOut),
            snippet_copied: self.snippet_copied,
        })
    }
}

impl CodexStatus {
    pub(crate) fn new(gateway: u64, now: Status) -> Self {
        Self { gateway, now, last_trouble: None }
    }

    pub(crate) fn change(&mut self, now: Status) {
        match &now {
            Status::Trouble { kind, message } => self.last_trouble = Some((kind.clone(), message.clone())),
            Status::Ready { .. } => self.last_trouble = None,
            Status::Starting { .. } | Status::Stopped => {}
        }
        self.now = now;
    }

    fn view(&self) -> Option<CodexView> {
        let Status::Ready { codex, codex_version, account, models, leaks, .. } = &self.now else {
            return None;
        };
        Some(CodexView {
            path: codex.display().to_string(),
            version: codex_version.clone(),
            account: match account {
                Account::SignedIn { kind, plan } => {
                    AccountView::SignedIn { method: kind.clone(), plan: plan.clone() }
                }
                Account::SignedOut => AccountView::SignedOut,
                Account::NotNeeded => AccountView::NotNeeded,
            },
            leaks: leaks.clone(),
            models: models.clone(),
        })
    }

    fn trouble(&self) -> Option<Trouble> {
        let stopped = |attempt, message: &str| Trouble::CodexStopped { attempt, message: message.to_owned() };
        match (&self.now, &self.last_trouble) {
            (Status::Ready { account: Account::SignedOut, .. }, _) => Some(Trouble::SignedOut),
            (Status::Starting { attempt: 1 } | Status::Ready { .. } | Status::Stopped, _) => None,
            (_, Some((TroubleKind::NotFound { looked }, _))) => {
                let searched = looked.iter().map(|path| path.display().to_string()).collect();
                Some(Trouble::CodexMissing { searched })
            }
            (Status::Starting { attempt }, Some((_, message))) => Some(stopped(*attempt, message)),
            (Status::Starting { attempt }, None) => Some(stopped(*attempt, "it ended unexpectedly")),
            (Status::Trouble { message, .. }, _) => Some(stopped(1, message)),
        }
    }
}
