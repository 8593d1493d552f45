//! What everything in the application shares.

use std::sync::Arc;

use gateway::{
    codex_is_installed,
    settings::{DesktopSettings, Settings, Token},
};
use tokio::sync::{Mutex, Notify, watch};

use crate::{
    Options,
    config::{Config, Look},
    life::Life,
    notifications::Notifier,
    port,
    problem::Problem,
    requests::Requests,
    settings,
    shown::{Facts, Shown},
    sign_in::SignInUnderWay,
    token::Tokens,
    view::SettingsView,
};

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) options: Options,
    pub(crate) config: Config,
    pub(crate) shown: Shown,
    pub(crate) settings_view: watch::Sender<Arc<SettingsView>>,
    pub(crate) requests: Requests,
    pub(crate) notifier: Notifier,
    pub(crate) tokens: Tokens,
    /// Held while the gateway is started or stopped, so that one thing happens at a time.
    pub(crate) life: Mutex<Life>,
    pub(crate) sign_in: Mutex<Option<SignInUnderWay>>,
    pub(crate) cancel_try: Notify,
}

impl Core {
    pub(crate) fn open(options: Options) -> Self {
        let config = Config::open(options.config.clone(), options.overrides.clone());
        let tokens = Tokens::new(&options);
        let settings = config.settings();
        let shown = Shown::new(Facts {
            base_url: base_url(&settings),
            token: tokens.view(),
            codex: None,
            start_trouble: None,
            token_trouble: None,
            config_trouble: config.trouble(),
            demo: false,
            sign_in: None,
            running: 0,
            clients: Default::default(),
            first_run_done: settings.desktop.first_run_done,
            snippet_copied: false,
            version: options.version.clone(),
        });
        let view = settings::view(&config, Vec::new());
        Self {
            options,
            config,
            shown,
            settings_view: watch::Sender::new(Arc::new(view)),
            requests: Requests::new(),
            notifier: Notifier::new(),
            tokens,
            life: Mutex::default(),
            sign_in: Mutex::default(),
            cancel_try: Notify::new(),
        }
    }

    pub(crate) fn show_token(&self) {
        self.shown.update(|facts| {
            facts.token = self.tokens.view();
            facts.token_trouble = self.tokens.trouble();
        });
    }

    pub(crate) fn desktop_settings(&self) -> DesktopSettings {
        self.config.settings().desktop
    }

    /// What a gateway with the present settings and token is started with.
    pub(crate) fn gateway_config(&self) -> Result<gateway::Config, Problem> {
        self.config_with(self.tokens.token())
    }

    /// What a sign-in goes by, which needs no token of ours.
    pub(crate) fn sign_in_config(&self) -> Result<gateway::Config, Problem> {
        self.config_with(self.tokens.token().or_else(|_| Token::generate().map_err(Problem::Random)))
    }

    fn config_with(&self, token: Result<Token, Problem>) -> Result<gateway::Config, Problem> {
        let settings = (*self.config.usable()?).clone();
        let codex_env = self.options.codex_env.clone();
        Ok(gateway::Config { codex_env, ..gateway::Config::new(settings, token?) })
    }

    /// Asks the keyring for the token that it has not given.
    pub(crate) async fn ask_keyring_again(self: &Arc<Self>) {
        self.tokens.reload().await;
        self.show_token();
        if !self.tokens.is_missing()
            && let Err(problem) = self.follow_settings().await
        {
            tracing::warn!(%problem, "after the keyring gave the token");
        }
    }

    /// Shows what the settings and the token are now, and has the gateway follow them.
    pub(crate) async fn follow_settings(self: &Arc<Self>) -> Result<(), Problem> {
        let settings = self.config.settings();
        self.show_token();
        self.show_settings();
        let mut life = self.life.lock().await;
        let is_on = life.is_on();
        self.shown.update(|facts| {
            facts.config_trouble = self.config.trouble();
            facts.first_run_done = settings.desktop.first_run_done;
            if !is_on {
                facts.base_url = base_url(&settings);
            }
        });
        life.follow_settings(self).await
    }

    pub(crate) fn show_settings(&self) {
        let view = settings::view(&self.config, self.shown.efforts());
        self.settings_view.send_if_modified(|shown| {
            let differs = **shown != view;
            if differs {
                *shown = Arc::new(view);
            }
            differs
        });
    }

    /// Looks once at what changes without a word: the configuration file, the port, and whether a Codex that was missing
    /// has come.
    pub(crate) async fn look_around(self: &Arc<Self>) {
        if self.config.look() == Look::Changed {
            if self.config.usable().is_ok() {
                self.tokens.reload().await;
            }
            if let Err(problem) = self.follow_settings().await {
                tracing::warn!(%problem, "the settings that changed can't be followed");
            }
        }
        let Ok(mut life) = self.life.try_lock() else { return };
        let Some(address) = life.address() else { return };
        let why = if port::is_lost(address).await {
            "the port was lost"
        } else if self.shown.lacks_codex() && codex_is_installed(&self.config.settings()) {
            "Codex was installed"
        } else {
            return;
        };
        tracing::info!(%address, why, "the gateway starts again");
        // What goes wrong is shown.
        let _ = life.restart(self).await;
    }
}

/// Where a gateway with these settings listens.
pub(crate) fn base_url(settings: &Settings) -> String {
    format!("http://{}/v1", std::net::SocketAddr::new(settings.host, settings.port))
}
