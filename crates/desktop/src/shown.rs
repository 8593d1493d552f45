//! What is known of everything, and the one state that is made of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::{
    codex::CodexStatus,
    view::{
        AccountView, AppState, ClientCount, CodexView, FirstRun, SignInState, Switch, TokenView, Trouble,
    },
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
    pub(crate) sign_in: Option<SignInState>,
    pub(crate) running: u32,
    pub(crate) clients: BTreeMap<String, u64>,
    pub(crate) first_run_done: bool,
    pub(crate) snippet_copied: bool,
    pub(crate) version: String,
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
        self.facts().codex.as_ref().map(CodexStatus::efforts).unwrap_or_default()
    }

    /// The models that the running Codex lists.
    pub(crate) fn models(&self) -> Vec<String> {
        self.state().codex.as_ref().map(|codex| codex.models.clone()).unwrap_or_default()
    }

    /// Whether the gateway waits for a Codex that is not installed.
    pub(crate) fn lacks_codex(&self) -> bool {
        let state = self.state();
        state.switch == Switch::On && matches!(state.trouble, Some(Trouble::CodexMissing { .. }))
    }

    /// Whether a start on `port` is known to fail.
    pub(crate) fn bars_start_on(&self, port: u16) -> bool {
        match &self.facts().start_trouble {
            None => false,
            Some(Trouble::PortTaken { port: taken, .. }) => *taken == port,
            Some(_) => true,
        }
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

/// Programs that are counted by name: a caller can name itself anything.
const CLIENTS: usize = 50;

impl Facts {
    /// Counts a request of a program.
    pub(crate) fn count(&mut self, client: &str) {
        let is_counted = self.clients.len() < CLIENTS || self.clients.contains_key(client);
        let name = if is_counted { client } else { "others" };
        *self.clients.entry(name.to_owned()).or_default() += 1;
    }

    fn state(&self) -> AppState {
        let codex = self.codex.as_ref().and_then(CodexStatus::view);
        AppState {
            switch: self.codex.as_ref().map_or(Switch::Off, CodexStatus::switch),
            running: self.running,
            base_url: self.base_url.clone(),
            token: self.token.clone(),
            trouble: self.trouble(),
            demo: self.demo,
            sign_in: self.sign_in.clone(),
            quota: self.codex.as_ref().map(CodexStatus::quota).unwrap_or_default(),
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
        self.start_trouble.clone().or_else(token).or(codex).or_else(config)
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
