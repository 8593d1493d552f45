//! Starting at login, as the settings say.

use desktop::{Desktop, view::SettingChange};
use tauri::{AppHandle, async_runtime};
use tauri_plugin_autostart::ManagerExt;

/// Registers the application to be started at login, or takes that back, whenever the setting changes.
pub(crate) fn follow(app: &AppHandle, desktop: &Desktop) {
    async_runtime::spawn(follow_setting(app.clone(), desktop.clone()));
}

async fn follow_setting(app: AppHandle, desktop: Desktop) {
    let mut settings = desktop.follow_settings();
    adopt(&app, &desktop).await;
    loop {
        let wanted = settings.borrow_and_update().start_at_login;
        if let Err(error) = register(&app, wanted) {
            tracing::warn!(%error, wanted, "starting at login can't be changed");
        }
        if settings.changed().await.is_err() {
            return;
        }
    }
}

/// What was changed in the system's own settings meanwhile, counts.
async fn adopt(app: &AppHandle, desktop: &Desktop) {
    let Ok(is) = app.autolaunch().is_enabled() else { return };
    if is != desktop.settings().start_at_login
        && let Err(problem) = desktop.change_setting(SettingChange::StartAtLogin(is)).await
    {
        tracing::warn!(%problem, "starting at login can't be noted");
    }
}

fn register(app: &AppHandle, wanted: bool) -> Result<(), tauri_plugin_autostart::Error> {
    let login = app.autolaunch();
    match (login.is_enabled()?, wanted) {
        (false, true) => login.enable(),
        (true, false) => login.disable(),
        _ => Ok(()),
    }
}
