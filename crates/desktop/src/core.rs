//! What everything in the application shares.

use std::sync::{Arc, PoisonError, RwLock};

use gateway::{
    AddressPolicy,
    settings::{DesktopSettings, Settings},
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
    token::Kept,
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
    token: RwLock<Kept>,
    /// Held while the gateway is started or stopped, so that one thing happens at a time.
    pub(crate) life: Mutex<Life>,
    pub(crate) sign_in: Mutex<Option<SignInUnderWay>>,
    pub(crate) cancel_try: Notify,
}

impl Core {
    pub(crate) fn open(options: Options) -> Result<Self, Problem> {
        let config = Config::open(options.config.clone(), options.overrides.clone());
        let token = Kept::find(&config)?;
        let settings = config.settings();
        let shown = Shown::new(Facts {
            base_url: base_url(&settings),
            token: token.view(),
            codex: None,
            start_trouble: None,
            keyring_trouble: None,
            config_trouble: config.trouble(),
            demo: false,
            running: 0,
            quota: Vec::new(),
            clients: Default::default(),
            first_run_done: settings.desktop.first_run_done,
            snippet_copied: false,
            version: options.version.clone(),
        });
        let view = settings::view(&config, Vec::new());
        Ok(Self {
            options,
            config,
            shown,
            settings_view: watch::Sender::new(Arc::new(view)),
            requests: Requests::new(),
            notifier: Notifier::new(),
            token: RwLock::new(token),
            life: Mutex::default(),
            sign_in: Mutex::default(),
            cancel_try: Notify::new(),
        })
    }

    pub(crate) fn token(&self) -> Kept {
        self.token.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_token(&self, token: Kept) {
        self.shown.update(|facts| facts.token = token.view());
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = token;
    }

    pub(crate) fn desktop_settings(&self) -> DesktopSettings {
        self.config.settings().desktop
    }

    /// What a gateway with the present settings and token is started with.
    pub(crate) fn gateway_config(&self) -> gateway::Config {
        gateway::Config {
            settings: (*self.config.settings()).clone(),
            token: self.token().token,
            codex_env: self.options.codex_env.clone(),
            image_addresses: AddressPolicy::PublicOnly,
        }
    }

    /// Shows what the settings are now, and has the gateway follow them.
    pub(crate) async fn follow_settings(self: &Arc<Self>) -> Result<(), Problem> {
        let settings = self.config.settings();
        if let Some(token) = Kept::of(&settings) {
            self.set_token(token);
        }
        let mut life = self.life.lock().await;
        let is_on = life.is_on();
        self.shown.update(|facts| {
            facts.config_trouble = self.config.trouble();
            facts.first_run_done = settings.desktop.first_run_done;
            if !is_on {
                facts.base_url = base_url(&settings);
            }
        });
        self.show_settings();
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

    /// Looks once at what changes without a word: the configuration file, and the port.
    pub(crate) async fn look_around(self: &Arc<Self>) {
        if self.config.look() == Look::Changed
            && let Err(problem) = self.follow_settings().await
        {
            tracing::warn!(%problem, "the settings that changed can't be followed");
        }
        let Ok(mut life) = self.life.try_lock() else { return };
        if let Some(address) = life.address()
            && port::is_lost(address).await
        {
            tracing::warn!(%address, "the port was lost");
            // What goes wrong is shown.
            let _ = life.restart(self).await;
        }
    }
}

/// Where a gateway with these settings listens.
pub(crate) fn base_url(settings: &Settings) -> String {
    format!("http://{}/v1", std::net::SocketAddr::new(settings.host, settings.port))
}
