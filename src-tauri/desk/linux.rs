//! Linux: a display, a host for icons, and the colour of the panel.

use std::{env, fs, time::Duration};

use futures_util::StreamExt;
use gtk::prelude::GtkSettingsExt;
use tauri::{AppHandle, Manager, Runtime};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use x11rb::{connection::Connection as _, protocol::xproto::ConnectionExt as _};
use zbus::{Connection, proxy, zvariant::OwnedValue};

use crate::tray::Panel;

/// How long a panel may take to come up after this, as at login.
const HOST_PATIENCE: Duration = Duration::from_secs(5);
const HOST_PAUSE: Duration = Duration::from_millis(250);
/// How long another program may take for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens the display. GTK ends the process where there is none, so it is asked for beforehand.
pub(crate) fn open_display() -> Result<(), String> {
    if ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .all(|name| env::var_os(name).is_none_or(|value| value.is_empty()))
    {
        return Err("there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)".to_owned());
    }
    gtk::init().map_err(|_| {
        "the display can't be opened (DISPLAY or WAYLAND_DISPLAY names none that answers)".to_owned()
    })
}

/// Whether the entry for the login is there and switched off, as the settings of desktops leave it.
pub(crate) fn is_login_entry_off(app: &AppHandle<impl Runtime>) -> bool {
    // Where the plugin has it.
    let name = format!(".config/autostart/{}.desktop", app.package_info().name);
    let entry = app.path().home_dir().ok().and_then(|home| fs::read_to_string(home.join(name)).ok());
    let mut lines = entry.iter().flat_map(|entry| entry.lines());
    lines.any(|line| ["Hidden=true", "X-GNOME-Autostart-enabled=false"].contains(&line.trim()))
}

#[proxy(
    interface = "org.kde.StatusNotifierWatcher",
    default_service = "org.kde.StatusNotifierWatcher",
    default_path = "/StatusNotifierWatcher"
)]
trait StatusNotifierWatcher {
    // Asked anew each time, because whoever owns the name may come late.
    #[zbus(property(emits_changed_signal = "false"))]
    fn is_status_notifier_host_registered(&self) -> zbus::Result<bool>;
}

/// Whether something shows icons here. A panel that is still coming up is waited for.
pub(crate) async fn tray_host() -> Result<(), String> {
    if has_old_host() {
        return Ok(());
    }
    let bus = timeout(PATIENCE, Connection::session()).await;
    let Ok(Ok(bus)) = bus else {
        return Err("there is no session bus (D-Bus), through which an icon reaches the panel".to_owned());
    };
    let wait_for_host = async {
        while !is_host_registered(&bus).await.unwrap_or(false) {
            sleep(HOST_PAUSE).await;
        }
    };
    let none =
        |_| "this desktop shows no icons (no StatusNotifier host; GNOME needs the AppIndicator extension)";
    Ok(timeout(HOST_PATIENCE, wait_for_host).await.map_err(none)?)
}

async fn is_host_registered(bus: &Connection) -> zbus::Result<bool> {
    StatusNotifierWatcherProxy::new(bus).await?.is_status_notifier_host_registered().await
}

/// The way of X11, which the icon takes where nobody offers the other.
fn has_old_host() -> bool {
    let ask = || -> Option<bool> {
        let (connection, screen) = x11rb::connect(None).ok()?;
        debug_assert!(screen < connection.setup().roots.len());
        let name = format!("_NET_SYSTEM_TRAY_S{screen}");
        let selection = connection.intern_atom(true, name.as_bytes()).ok()?.reply().ok()?.atom;
        Some(connection.get_selection_owner(selection).ok()?.reply().ok()?.owner != x11rb::NONE)
    };
    ask().unwrap_or(false)
}

#[proxy(
    interface = "org.freedesktop.portal.Settings",
    default_service = "org.freedesktop.portal.Desktop",
    default_path = "/org/freedesktop/portal/desktop"
)]
trait PortalSettings {
    fn read(&self, namespace: &str, key: &str) -> zbus::Result<OwnedValue>;
    #[zbus(signal)]
    fn setting_changed(&self, namespace: &str, key: &str, value: OwnedValue) -> zbus::Result<()>;
}

const NAMESPACE: &str = "org.freedesktop.appearance";
const KEY: &str = "color-scheme";

/// The colour of the panel, as far as a desktop tells; it can change. Must be called on the main thread.
pub(crate) fn panel() -> watch::Receiver<Panel> {
    let theme = gtk::Settings::default().and_then(|settings| settings.gtk_theme_name());
    let by_theme = match theme {
        Some(theme) if theme.to_lowercase().contains("dark") => Panel::Dark,
        _ => Panel::Light,
    };
    let desktop = env::var("XDG_CURRENT_DESKTOP").unwrap_or_default().to_lowercase();
    // GNOME's panel is dark in either theme.
    if desktop.contains("gnome") || desktop.contains("unity") {
        return watch::Sender::new(Panel::Dark).subscribe();
    }
    let (panel, follow) = watch::channel(by_theme);
    tauri::async_runtime::spawn(async move {
        if let Err(error) = follow_scheme(&panel, by_theme).await {
            tracing::debug!(%error, "the desktop doesn't tell its colours");
        }
    });
    follow
}

async fn follow_scheme(panel: &watch::Sender<Panel>, by_theme: Panel) -> zbus::Result<()> {
    let bus = Connection::session().await?;
    let settings = PortalSettingsProxy::new(&bus).await?;
    let mut changes = settings.receive_setting_changed().await?;
    panel.send_replace(by_scheme(&settings.read(NAMESPACE, KEY).await?, by_theme));
    while let Some(change) = changes.next().await {
        let change = change.args()?;
        if (change.namespace, change.key) == (NAMESPACE, KEY) {
            panel.send_replace(by_scheme(&change.value, by_theme));
        }
    }
    Ok(())
}

fn by_scheme(value: &OwnedValue, by_theme: Panel) -> Panel {
    // `Read` wraps the value once more than it says; the signal does not.
    let inner = value.downcast_ref::<zbus::zvariant::Value<'_>>();
    let scheme = inner.as_ref().ok().and_then(|inner| inner.downcast_ref::<u32>().ok());
    match scheme.or_else(|| value.downcast_ref::<u32>().ok()) {
        Some(1) => Panel::Dark,
        Some(2) => Panel::Light,
        _ => by_theme,
    }
}
