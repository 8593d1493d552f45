//! What the page may ask for. Each is one call.

use std::sync::Arc;

use desktop::{
    Desktop,
    view::{
        AppState, CopyTarget, Cure, ExportedFile, RequestView, SettingChange, SettingsView, Snippet,
        TryAnswer,
    },
};
use gateway::SignInWith;
use serde::Deserialize;
use tauri::{AppHandle, Emitter, Runtime, State, command, generate_handler, ipc::Invoke};
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_opener::OpenerExt;
use tokio::sync::oneshot;

use crate::{actions, failure::Failure, login};

type Done<T = ()> = Result<T, Failure>;

pub(crate) fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
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
        open_sign_in_page,
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
async fn choose_codex<R: Runtime>(app: AppHandle<R>, desktop: State<'_, Desktop>) -> Done {
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
async fn copy<R: Runtime>(app: AppHandle<R>, target: CopyTarget) -> Done {
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
async fn try_it<R: Runtime>(
    app: AppHandle<R>,
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
async fn export_requests(desktop: State<'_, Desktop>, ids: Vec<String>) -> Done<ExportedFile> {
    Ok(desktop.export_requests(&ids)?)
}

#[command]
async fn apply_cure(desktop: State<'_, Desktop>, cure: Cure) -> Done {
    Ok(desktop.apply_cure(&cure).await?)
}

/// Begins to sign in; the state says how it goes. A page to open is opened here; with a code, the person chooses where.
#[command]
async fn sign_in<R: Runtime>(app: AppHandle<R>, desktop: State<'_, Desktop>, device: bool) -> Done {
    let with = if device { SignInWith::DeviceCode } else { SignInWith::Browser };
    let sign_in = desktop.sign_in(with).await?;
    match sign_in.user_code {
        Some(_) => Ok(()),
        None => browse(&app, &sign_in.url),
    }
}

/// Opens the page of the sign-in under way once more.
#[command]
async fn open_sign_in_page<R: Runtime>(app: AppHandle<R>, desktop: State<'_, Desktop>) -> Done {
    browse(&app, &desktop.sign_in_url()?)
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
async fn change_setting<R: Runtime>(
    app: AppHandle<R>,
    desktop: State<'_, Desktop>,
    change: SettingChange,
) -> Done<Arc<SettingsView>> {
    if let SettingChange::StartAtLogin(wanted) = change {
        login::change(&app, wanted).await?;
        return Ok(desktop.settings());
    }
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
}

#[command]
async fn open_help<R: Runtime>(app: AppHandle<R>, topic: Help) -> Done {
    browse(&app, topic.url())
}

impl Help {
    fn url(self) -> &'static str {
        match self {
            Self::InstallCodex => "https://github.com/openai/codex#quickstart",
            Self::UpdateCodex => "https://github.com/openai/codex/releases/latest",
        }
    }
}

fn browse(app: &AppHandle<impl Runtime>, url: &str) -> Done {
    let failed = |source| Failure::Browser { url: url.to_owned(), source: Box::new(source) };
    app.opener().open_url(url, None::<&str>).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use tauri::{
        WebviewUrl, WebviewWindow, WebviewWindowBuilder,
        ipc::{CallbackFn, InvokeBody},
        test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder},
        webview::InvokeRequest,
    };

    const PAGE: &str = "tauri://localhost";

    /// The application's own page with its own permissions, and nothing behind the commands: each that is reached says
    /// that it lacks something.
    fn window(label: &str) -> WebviewWindow<MockRuntime> {
        let context = tauri::generate_context!(test = true);
        let app = mock_builder().invoke_handler(handler()).build(context).unwrap();
        WebviewWindowBuilder::new(&app, label, WebviewUrl::default()).build().unwrap()
    }

    /// What the page at `url` is told when it calls a command without arguments.
    fn call(window: &WebviewWindow<MockRuntime>, url: &str, command: &str) -> String {
        let request = InvokeRequest {
            cmd: command.to_owned(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: url.parse().unwrap(),
            body: InvokeBody::default(),
            headers: Default::default(),
            invoke_key: INVOKE_KEY.to_owned(),
        };
        match get_ipc_response(window, request) {
            Ok(answer) => format!("answered: {answer:?}"),
            Err(error) => error.to_string(),
        }
    }

    fn is_reached(said: &str) -> bool {
        said.contains("state not managed") || said.contains("missing required key")
    }

    /// What the capability grants beside events.
    fn granted() -> BTreeSet<String> {
        let capability: serde_json::Value =
            serde_json::from_str(include_str!("capabilities/window.json")).unwrap();
        let permissions = capability["permissions"].as_array().unwrap().iter();
        let names = permissions.filter_map(|name| name.as_str().unwrap().strip_prefix("allow-"));
        names.map(|name| name.replace('-', "_")).collect()
    }

    #[test]
    fn every_command_that_is_granted_is_there() {
        let window = window("main");
        let granted = granted();
        assert!(granted.len() > 20, "{granted:?}");
        for command in granted {
            let said = call(&window, PAGE, &command);
            assert!(is_reached(&said), "{command}: {said}");
        }
    }

    #[test]
    fn nothing_else_is_granted() {
        let window = window("main");
        for command in [
            "quit",
            "plugin:autostart|enable",
            "plugin:clipboard-manager|read_text",
            "plugin:clipboard-manager|write_text",
            "plugin:dialog|open",
            "plugin:event|emit",
            "plugin:opener|open_path",
            "plugin:opener|open_url",
            "plugin:path|resolve_directory",
            "plugin:webview|create_webview_window",
            "plugin:window|close",
        ] {
            let said = call(&window, PAGE, command);
            assert!(said.contains("not allowed") || said.contains("not found"), "{command}: {said}");
        }
    }

    #[test]
    fn no_other_page_and_no_other_window_may_call() {
        let other_window = window("other");
        let window = window("main");
        assert!(is_reached(&call(&window, PAGE, "reveal_token")));
        for (window, url) in
            [(&window, "https://example.org"), (&window, "http://127.0.0.1:8000"), (&other_window, PAGE)]
        {
            let said = call(window, url, "reveal_token");
            assert!(said.contains("not allowed"), "{url}: {said}");
        }
    }
}
