//! What a click in the tray does.

use desktop::{Desktop, view::CopyTarget};
use tauri::{AppHandle, Manager, Runtime, async_runtime};
use tauri_plugin_clipboard_manager::ClipboardExt;

use crate::{
    failure::Failure,
    lifecycle, login,
    tray::{self, Action},
    window,
};

/// Does what an item of the menu says. The menu has no place for a failure: most show in its first line.
pub(crate) fn act(app: &AppHandle, action: Action) {
    let app = app.clone();
    async_runtime::spawn(async move {
        if let Err(failure) = done(&app, action).await {
            tracing::warn!(%failure, ?action, "from the menu");
        }
    });
}

async fn done(app: &AppHandle, action: Action) -> Result<(), Failure> {
    let desktop = app.state::<Desktop>();
    match action {
        Action::Toggle => desktop.toggle().await?,
        Action::CopyToken => copy(app, &CopyTarget::Token)?,
        Action::CopyPython => copy(app, &CopyTarget::Snippet { id: "python".to_owned() })?,
        Action::OpenWindow => window::open(app),
        Action::StartAtLogin => {
            let changed = login::change(app, !desktop.settings().start_at_login).await;
            // A panel has set the tick already.
            tray::show_again(app);
            changed?;
        }
        Action::Quit => lifecycle::quit(app),
    }
    Ok(())
}

/// A click on the icon itself.
pub(crate) fn icon_clicked(app: &AppHandle) {
    let desktop = app.state::<Desktop>().inner().clone();
    async_runtime::spawn(async move {
        if let Err(problem) = desktop.icon_clicked().await {
            tracing::warn!(%problem, "from the icon");
        }
    });
}

/// Writes to the clipboard from here, so that no page ever holds what it is.
pub(crate) fn copy(app: &AppHandle<impl Runtime>, target: &CopyTarget) -> Result<(), Failure> {
    let text = app.state::<Desktop>().text_to_copy(target)?;
    Ok(app.clipboard().write_text(text)?)
}
