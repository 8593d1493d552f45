//! The application, as the shell around it sees it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use gateway::{
    SignInWith,
    settings::{Overrides, config_path},
};
use serde_json::json;
use token_store::Keyring;
use tokio::sync::{broadcast, watch};

use crate::{
    background,
    core::Core,
    export,
    life::Answers,
    news,
    notifications::Notification,
    problem::Problem,
    requests::RequestBatches,
    settings::{self, Field},
    sign_in, snippets, try_it,
    view::{
        AppState, CopyTarget, Cure, ExportedFile, RequestView, SettingChange, SettingsView, SignIn,
        SignInState, Snippet, TryAnswer,
    },
};

/// What the application is opened with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The configuration file, which need not exist.
    pub config: PathBuf,
    /// What outranks the environment and the file.
    pub overrides: Overrides,
    /// Environment variables for Codex beside those of this process.
    pub codex_env: Vec<(String, String)>,
    /// Where exported requests are written.
    pub downloads: PathBuf,
    pub keyring: Keyring,
    /// The application's own version.
    pub version: String,
}

impl Default for Options {
    fn default() -> Self {
        let downloads = dirs::download_dir().or_else(dirs::home_dir);
        Self {
            config: config_path(None),
            overrides: Overrides::default(),
            codex_env: Vec::new(),
            keyring: Keyring::native(),
            downloads: downloads.unwrap_or_else(std::env::temp_dir),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// The application: the gateway's life, and all that is shown of it. Cheap to clone. Once the last clone is dropped,
/// everything stops at once; [`Desktop::shutdown`] stops in order.
#[derive(Debug, Clone)]
pub struct Desktop(Arc<Core>);

impl Desktop {
    /// Opens the application, and starts the gateway in the background if the settings say so. What goes wrong then is
    /// in the state. Must be called within a Tokio runtime.
    pub fn open(options: Options) -> Self {
        let core = Arc::new(Core::open(options));
        background::begin(&core);
        Self(core)
    }

    /// The whole state, whenever it changes.
    pub fn state(&self) -> watch::Receiver<Arc<AppState>> {
        self.0.shown.follow()
    }

    /// The settings, whenever they change, by hand in the file too. The shell registers the start at login by it.
    pub fn follow_settings(&self) -> watch::Receiver<Arc<SettingsView>> {
        self.0.settings_view.subscribe()
    }

    /// What to tell the person while they look elsewhere: already filtered by their settings, and seldom.
    pub fn notifications(&self) -> broadcast::Receiver<Notification> {
        self.0.notifier.follow()
    }

    pub async fn start(&self) -> Result<(), Problem> {
        self.0.life.lock().await.start(&self.0).await
    }

    pub async fn stop(&self) {
        self.0.life.lock().await.stop(&self.0);
    }

    /// Starts, or stops.
    pub async fn toggle(&self) -> Result<(), Problem> {
        let mut life = self.0.life.lock().await;
        if life.is_on() {
            life.stop(&self.0);
            Ok(())
        } else {
            life.start(&self.0).await
        }
    }

    /// A click on the icon itself, which starts or stops where the person wants it to; elsewhere it only opens the menu.
    pub async fn icon_clicked(&self) -> Result<(), Problem> {
        match self.0.desktop_settings().click_toggles {
            true => self.toggle().await,
            false => Ok(()),
        }
    }

    /// Tells the person that the window could not be opened, and what became of the gateway meanwhile.
    pub fn window_failed(&self) {
        tokio::spawn(background::tell_in_turn(Arc::downgrade(&self.0), news::window_failed()));
    }

    /// Starts the gateway on the demo's model, also in place of Codex's own.
    pub async fn start_demo(&self) -> Result<(), Problem> {
        self.0.life.lock().await.start_with(&self.0, Answers::Demo).await
    }

    /// Starts the gateway on Codex's own model in place of the demo's.
    pub async fn stop_demo(&self) -> Result<(), Problem> {
        let mut life = self.0.life.lock().await;
        match life.is_on() {
            true => life.start_with(&self.0, Answers::Codex).await,
            false => Ok(()),
        }
    }

    /// Saves the port, and starts there.
    pub async fn use_port(&self, port: u16) -> Result<(), Problem> {
        settings::change(&self.0.config, SettingChange::Port(port))?;
        self.0.follow_settings().await?;
        self.start().await
    }

    /// Saves where Codex is, and takes it from there.
    pub async fn use_codex(&self, path: &Path) -> Result<(), Problem> {
        let name = path.to_str().ok_or_else(|| Problem::Name(path.to_owned()))?;
        settings::free("CODEX_GATEWAY_CODEX")?;
        settings::write(&self.0.config, Field::Of("codex"), json!(name))?;
        self.0.follow_settings().await
    }

    /// What a copy button copies. It can hold the token: it is for the clipboard, not for the page.
    pub fn text_to_copy(&self, target: &CopyTarget) -> Result<String, Problem> {
        let base_url = || self.0.shown.state().base_url.clone();
        match target {
            CopyTarget::BaseUrl => Ok(base_url()),
            CopyTarget::Token => self.token(),
            CopyTarget::Snippet { id } => {
                let snippet = snippets::with_token(&self.0, id)?;
                self.0.shown.update(|facts| facts.snippet_copied = true);
                Ok(snippet)
            }
            CopyTarget::Curl { request_id } => {
                Ok(export::curl(&self.0.requests.find(request_id)?.record, &base_url()))
            }
            CopyTarget::Record { request_id } => Ok(export::json(&self.0.requests.find(request_id)?.record)),
            CopyTarget::SignInUrl => self.sign_in_url(),
            CopyTarget::SignInCode => self.pending_sign_in()?.user_code.ok_or(Problem::NoSignIn),
        }
    }

    /// The token, for the moment that it is shown.
    pub fn token(&self) -> Result<String, Problem> {
        Ok(self.0.tokens.token()?.expose().to_owned())
    }

    /// Makes a new token. The old one opens nothing from then on.
    pub async fn rotate_token(&self) -> Result<(), Problem> {
        self.0.tokens.rotate().await?;
        self.0.config.look();
        self.0.follow_settings().await
    }

    /// Keeps the token in the configuration file. Where it can't be had from the keyring, a new one is made.
    pub async fn keep_token_in_file(&self) -> Result<(), Problem> {
        self.0.tokens.keep_in_file().await?;
        self.0.config.look();
        self.0.follow_settings().await
    }

    /// Asks the keyring again: for the token, or to take the one that is in the file.
    pub async fn retry_keyring(&self) -> Result<(), Problem> {
        self.0.tokens.retry_keyring().await?;
        self.0.config.look();
        self.0.follow_settings().await
    }

    /// Ways to use the gateway, with the token masked.
    pub fn snippets(&self) -> Vec<Snippet> {
        snippets::masked(&self.0)
    }

    /// Sends a request as a program would. `model` is Codex's first where it is `None`; `on_delta` gets the pieces of the
    /// answer's text as they come. Dropping the future, or [`Self::cancel_try`], ends the request.
    pub async fn try_it(
        &self,
        prompt: &str,
        model: Option<&str>,
        on_delta: impl FnMut(&str) + Send,
    ) -> Result<TryAnswer, Problem> {
        try_it::send(&self.0, prompt, model, on_delta).await
    }

    pub fn cancel_try(&self) {
        self.0.cancel_try.notify_waiters();
    }

    /// The latest requests, oldest first.
    pub fn requests(&self) -> Vec<Arc<RequestView>> {
        self.0.requests.all()
    }

    /// The requests from now on, at most ten batches a second.
    pub fn follow_requests(&self) -> RequestBatches {
        RequestBatches::new(self.0.requests.feed())
    }

    pub fn clear_requests(&self) {
        self.0.requests.clear();
    }

    /// Writes the records of these requests, as far as they are kept, as JSON lines into the downloads folder.
    pub fn export_requests(&self, ids: &[String]) -> Result<ExportedFile, Problem> {
        let requests: Vec<_> = ids.iter().filter_map(|id| self.0.requests.find(id).ok()).collect();
        if requests.is_empty() {
            return Err(Problem::NoRequest);
        }
        export::write(&self.0.options.downloads, &requests)
    }

    /// Changes the setting that would have let a request pass. [`Cure::SignIn`] changes none: [`Self::sign_in`] does.
    pub async fn apply_cure(&self, cure: &Cure) -> Result<(), Problem> {
        settings::cure(&self.0.config, cure)?;
        self.0.follow_settings().await
    }

    /// Begins to sign in to Codex, in place of a sign-in under way. The shell opens the returned address in the browser,
    /// unless there is a code to enter.
    pub async fn sign_in(&self, with: SignInWith) -> Result<SignIn, Problem> {
        sign_in::begin(&self.0, with).await
    }

    /// The address of the page where the sign-in under way goes on.
    pub fn sign_in_url(&self) -> Result<String, Problem> {
        Ok(self.pending_sign_in()?.url)
    }

    fn pending_sign_in(&self) -> Result<SignIn, Problem> {
        match &self.0.shown.state().sign_in {
            Some(SignInState::Waiting(sign_in)) => Ok(sign_in.clone()),
            _ => Err(Problem::NoSignIn),
        }
    }

    pub async fn cancel_sign_in(&self) {
        sign_in::cancel(&self.0).await;
    }

    pub fn settings(&self) -> Arc<SettingsView> {
        Arc::clone(&self.0.settings_view.borrow())
    }

    /// Writes a setting to the configuration file, and applies it.
    pub async fn change_setting(&self, change: SettingChange) -> Result<Arc<SettingsView>, Problem> {
        settings::change(&self.0.config, change)?;
        self.0.follow_settings().await?;
        Ok(self.settings())
    }

    /// Remembers that the person has been through the first run.
    pub async fn first_run_done(&self) -> Result<(), Problem> {
        settings::write(&self.0.config, Field::OfDesktop("first_run_done"), json!(true))?;
        self.0.follow_settings().await
    }

    /// Stops in order: returns once no process is left.
    pub async fn shutdown(&self) {
        self.cancel_sign_in().await;
        let mut life = self.0.life.lock().await;
        life.stop(&self.0);
        life.ended().await;
    }
}
