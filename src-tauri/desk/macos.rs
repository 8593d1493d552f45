//! macOS: there is always a menu bar, and it colours the icon itself.

use tauri::{AppHandle, Runtime};
use tokio::sync::watch;

use crate::tray::Panel;

pub(crate) fn open_display() -> Result<(), String> {
    Ok(())
}

/// There is no GLib here.
pub(crate) fn outlive_fatal_errors(_: &AppHandle) {}

pub(crate) async fn tray_host() -> Result<(), String> {
    Ok(())
}

/// An entry that is there is on, as far as anybody tells.
pub(crate) fn is_login_entry_off(_: &AppHandle<impl Runtime>) -> bool {
    false
}

pub(crate) fn panel() -> watch::Receiver<Panel> {
    watch::Sender::new(Panel::Template).subscribe()
}
