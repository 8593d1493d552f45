//! macOS: there is always a menu bar, and it colours the icon itself.

use tokio::sync::watch;

use crate::tray::Panel;

pub(crate) fn open_display() -> Result<(), String> {
    Ok(())
}

pub(crate) async fn tray_host() -> Result<(), String> {
    Ok(())
}

pub(crate) fn panel() -> watch::Receiver<Panel> {
    watch::Sender::new(Panel::Template).subscribe()
}
