//! What the page may ask for. Each is one call.

use std::{path::PathBuf, sync::Arc};

use desktop::{
    Desktop,
    view::{
        AppState, CopyTarget, Cure, RequestView, SettingChange, SettingsView, SignIn, Snippet, TryAnswer,
    },
};
use gateway::SignInWith;
use serde::Deserialize;
use tauri::{AppHandle, Emitter, State, Wry, command, generate_handler, ipc::Invoke};
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_opener::OpenerExt;
use tokio::sync::oneshot;

use crate::{actions, failure::Failure};

type Done<T = ()> = Result<T, Failure>;

pub(crate) fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    generate_handler![
        app_state,
        apply_cure,
        cancel_sign_in,
        cancel_try,
        change_setting,
        choose_codex,
        clear_requests,
        copy,
        export_requests,
        first_run_done,
        keep_token_in_file,
        open_help,
        requests,
        retry_keyring,
        reveal_token,
        rotate_token,
        settings,
        sign_in,
        snippets,
        start_demo,
        start_gateway,
        stop_demo,
        stop_gateway,
        try_it,
        use_port,
    ]
}

#[command]
fn app_state(desktop: State<'_, Desktop>) -> Arc<AppState> {
    Arc::clone(&desktop.state().borrow())
}

#[command]
async fn start_gateway(desktop: State<'_, Desktop>) -> Done {
    Ok(desktop.start().await?)
}

#[command]
async fn stop_gateway(desktop: State<'_, Desktop>) -> Done {
    desktop.stop().await;
    Ok(())
}

#[command]
async fn start_demo(desktop: State<'_, Desktop>) -> Done {
    Ok(desktop.start_demo().await?)
}

#[command]
async fn stop_demo(desktop: State<'_, Desktop>) -> Done {
    Ok(desktop.stop_demo().await?)
}

#[command]
async fn use_port(desktop: State<'_, Desktop>, port: u16) -> Done {
    Ok(desktop.use_port(port).await?)
}

/// Asks for Codex's place in a dialog of the system. To choose nothing is no failure.
#[command]
async fn choose_codex(app: AppHandle, desktop: State<'_, Desktop>) -> Done {
    let (chosen, choice) = oneshot::channel();
    app.dialog().file().set_title("Choose Codex").pick_file(|file| {
        // The page may be gone.
        let _ = chosen.send(file);
    });
    match choice.await.ok().flatten() {
        Some(file) => Ok(desktop.use_codex(file.as_path().ok_or(Failure::Choice)?).await?),
        None => Ok(()),
    }
}

#[command]
async fn copy(app: AppHandle, target: CopyTarget) -> Done {
    actions::copy(&app, &target)
}

#[command]
async fn reveal_token(desktop: State<'_, Desktop>) -> Done<String> {
    Ok(desktop.token()?)
}

#[command]
async fn rotate_token(desktop: State<'_, Desktop>) -> Done {
    Ok(desktop.rotate_token().await?)
}

#[command]
async fn keep_token_in_file(desktop: State<'_, Desktop>) -> Done {
    Ok(desktop.keep_token_in_file().await?)
}

#[command]
async fn retry_keyring(desktop: State<'_, Desktop>) -> Done {
    Ok(desktop.retry_keyring().await?)
}

#[command]
fn snippets(desktop: State<'_, Desktop>) -> Vec<Snippet> {
    desktop.snippets()
}

#[command]
async fn try_it(
    app: AppHandle,
    desktop: State<'_, Desktop>,
    prompt: String,
    model: Option<String>,
) -> Done<TryAnswer> {
    let pass_on = |delta: &str| {
        if let Err(error) = app.emit("try-delta", delta) {
            tracing::warn!(%error, "the page can't be told");
        }
    };
    Ok(desktop.try_it(&prompt, model.as_deref(), pass_on).await?)
}

#[command]
fn cancel_try(desktop: State<'_, Desktop>) {
    desktop.cancel_try();
}

#[command]
fn requests(desktop: State<'_, Desktop>) -> Vec<Arc<RequestView>> {
    desktop.requests()
}

#[command]
fn clear_requests(desktop: State<'_, Desktop>) {
    desktop.clear_requests();
}

#[command]
async fn export_requests(desktop: State<'_, Desktop>, ids: Vec<String>) -> Done<PathBuf> {
    Ok(desktop.export_requests(&ids)?)
}

#[command]
async fn apply_cure(desktop: State<'_, Desktop>, cure: Cure) -> Done {
    Ok(desktop.apply_cure(&cure).await?)
}

/// Begins to sign in. A page to open is opened here; with a code, the person chooses where.
#[command]
async fn sign_in(app: AppHandle, desktop: State<'_, Desktop>, device: bool) -> Done<SignIn> {
    let with = if device { SignInWith::DeviceCode } else { SignInWith::Browser };
    let sign_in = desktop.sign_in(with).await?;
    if sign_in.user_code.is_none() {
        browse(&app, &sign_in.url)?;
    }
    Ok(sign_in)
}

#[command]
async fn cancel_sign_in(desktop: State<'_, Desktop>) -> Done {
    desktop.cancel_sign_in().await;
    Ok(())
}

#[command]
fn settings(desktop: State<'_, Desktop>) -> Arc<SettingsView> {
    desktop.settings()
}

#[command]
async fn change_setting(desktop: State<'_, Desktop>, change: SettingChange) -> Done<Arc<SettingsView>> {
    Ok(desktop.change_setting(change).await?)
}

#[command]
async fn first_run_done(desktop: State<'_, Desktop>) -> Done {
    Ok(desktop.first_run_done().await?)
}

/// Where help is. The page names a topic and never an address.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Help {
    InstallCodex,
    UpdateCodex,
    Keyring,
}

#[command]
async fn open_help(app: AppHandle, topic: Help) -> Done {
    browse(&app, topic.url())
}

impl Help {
    fn url(self) -> &'static str {
        match self {
            Self::InstallCodex => "https://github.com/openai/codex#quickstart",
            Self::UpdateCodex => "https://github.com/openai/codex/releases/latest",
            Self::Keyring => "https://wiki.archlinux.org/title/GNOME/Keyring",
        }
    }
}

fn browse(app: &AppHandle, url: &str) -> Done {
    let failed = |source| Failure::Browser { url: url.to_owned(), source: Box::new(source) };
    app.opener().open_url(url, None::<&str>).map_err(failed)
}
