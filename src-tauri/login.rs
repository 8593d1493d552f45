//! Starting at login, as the settings say.

use std::{fs, path::PathBuf};

use desktop::{Desktop, view::SettingChange};
use tauri::{AppHandle, Manager, Runtime, async_runtime};
use tauri_plugin_autostart::{Error, ManagerExt};

use crate::{desk, failure::Failure};

/// Registers the application to be started at login, or takes that back, whenever the setting changes.
pub(crate) fn follow(app: &AppHandle, desktop: &Desktop) {
    async_runtime::spawn(follow_setting(app.clone(), desktop.clone()));
}

async fn follow_setting(app: AppHandle, desktop: Desktop) {
    let mut settings = desktop.follow_settings();
    adopt(&app, &desktop).await;
    let mut registered = None;
    loop {
        let wanted = settings.borrow_and_update().start_at_login;
        // Another setting is no reason to bring back an entry that the person has just removed.
        if registered != Some(wanted) {
            match register(&app, wanted) {
                Ok(()) => registered = Some(wanted),
                Err(error) => tracing::warn!(%error, wanted, "starting at login can't be changed"),
            }
        }
        if settings.changed().await.is_err() {
            return;
        }
    }
}

/// Changes the setting, if the system takes it.
pub(crate) async fn change(app: &AppHandle<impl Runtime>, wanted: bool) -> Result<(), Failure> {
    register(app, wanted)?;
    let changed = app.state::<Desktop>().change_setting(SettingChange::StartAtLogin(wanted)).await;
    if changed.is_err() {
        register(app, !wanted)?;
    }
    changed?;
    Ok(())
}

/// What was changed in the system's own settings while the application was closed, counts.
async fn adopt(app: &AppHandle, desktop: &Desktop) {
    let Ok(entry) = is_registered(app) else { return };
    let setting = desktop.settings().start_at_login;
    let wanted = settled(setting, entry, agreed(app));
    if wanted != setting
        && let Err(problem) = desktop.change_setting(SettingChange::StartAtLogin(wanted)).await
    {
        tracing::warn!(%problem, "starting at login can't be noted");
    }
}

/// Which of the setting and the system's entry counts: the one that was changed since they agreed.
fn settled(setting: bool, entry: bool, agreed: Option<bool>) -> bool {
    if agreed == Some(setting) { entry } else { setting }
}

fn register(app: &AppHandle<impl Runtime>, wanted: bool) -> Result<(), Error> {
    let login = app.autolaunch();
    match (is_registered(app)?, wanted) {
        (false, true) => login.enable()?,
        (true, false) => login.disable()?,
        _ => {}
    }
    agree(app, wanted);
    Ok(())
}

fn is_registered(app: &AppHandle<impl Runtime>) -> Result<bool, Error> {
    Ok(app.autolaunch().is_enabled()? && !desk::is_login_entry_off(app))
}

/// What the setting and the system's entry last agreed on, if that is known.
fn agreed(app: &AppHandle<impl Runtime>) -> Option<bool> {
    fs::read_to_string(note(app)?).ok()?.trim().parse().ok()
}

fn agree(app: &AppHandle<impl Runtime>, on: bool) {
    let Some(note) = note(app) else { return };
    let written =
        note.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&note, on.to_string()));
    if let Err(error) = written {
        tracing::info!(%error, "starting at login can't be noted");
    }
}

fn note(app: &AppHandle<impl Runtime>) -> Option<PathBuf> {
    Some(app.path().app_local_data_dir().ok()?.join("start-at-login"))
}

#[cfg(test)]
mod tests {
    use super::settled;

    #[test]
    fn what_was_changed_since_they_agreed_counts() {
        for agreed in [true, false] {
            assert_eq!(settled(agreed, !agreed, Some(agreed)), !agreed, "in the system's settings");
            assert_eq!(settled(!agreed, agreed, Some(agreed)), !agreed, "in the file");
            assert_eq!(settled(agreed, !agreed, None), agreed, "nobody knows");
        }
    }
}
