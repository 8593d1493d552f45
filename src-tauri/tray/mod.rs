//! The icon and its menu. They show the desktop's state and never anything else.

mod icon;
mod menu;
mod words;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use desktop::{
    Desktop,
    view::{AppState, SettingsView},
};
use tauri::{
    AppHandle, Manager,
    tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent},
};
use tokio::{sync::watch, time::sleep};

use crate::{actions, desk};
pub(crate) use icon::Panel;
use icon::Sign;
pub(crate) use menu::Action;
use menu::TrayMenu;

/// The icon changes no more often than this, so that many short requests do not make it flicker.
const PACE: Duration = Duration::from_millis(100);

struct Tray {
    icon: TrayIcon,
    menu: TrayMenu,
    shown: (Sign, Panel),
}

/// Puts the icon into the panel, and keeps it true until the application ends.
pub(crate) fn open(app: &AppHandle, desktop: &Desktop) -> tauri::Result<()> {
    let panel = desk::panel();
    let tray = Tray::new(app, (Sign::of(&desktop.state().borrow()), *panel.borrow()))?;
    let (show_again, again) = watch::channel(());
    app.manage(ShowAgain(show_again));
    let sources = Sources { state: desktop.state(), settings: desktop.follow_settings(), panel, again };
    tauri::async_runtime::spawn(follow(app.clone(), Arc::new(Mutex::new(tray)), sources));
    Ok(())
}

/// For what a panel has changed by itself.
struct ShowAgain(watch::Sender<()>);

/// Shows the state anew, though it is the same.
pub(crate) fn show_again(app: &AppHandle) {
    app.state::<ShowAgain>().0.send_replace(());
}

impl Tray {
    fn new(app: &AppHandle, shown: (Sign, Panel)) -> tauri::Result<Self> {
        let menu = TrayMenu::new(app)?;
        let (sign, panel) = shown;
        let icon = TrayIconBuilder::with_id("gateway")
            .icon(sign.image(panel))
            .icon_as_template(panel == Panel::Template)
            // By default the icon's image goes to a folder that programs share.
            .temp_dir_path(app.path().app_cache_dir()?)
            .menu(&menu.menu)
            .on_menu_event(|app, event| {
                if let Some(action) = Action::by_id(event.id.as_ref()) {
                    actions::act(app, action);
                }
            })
            .on_tray_icon_event(|icon, event| {
                if is_click(&event) {
                    actions::icon_clicked(icon.app_handle());
                }
            })
            .build(app)?;
        Ok(Self { icon, menu, shown })
    }

    /// Must run on the main thread, where all of it is one step for whoever reads the menu.
    fn show(&mut self, state: &AppState, settings: &SettingsView, panel: Panel) -> tauri::Result<()> {
        self.menu.show(state, settings)?;
        self.icon.set_show_menu_on_left_click(!settings.click_toggles)?;
        let sign = Sign::of(state);
        if self.shown != (sign, panel) {
            // Both at once: a template that is not yet one flashes in the wrong colour.
            self.icon.set_icon_with_as_template(Some(sign.image(panel)), panel == Panel::Template)?;
            self.shown = (sign, panel);
        }
        Ok(())
    }
}

/// Only macOS tells of clicks on the icon. On Linux the icon has no `Activate` on the bus, so that panels open the menu.
fn is_click(event: &TrayIconEvent) -> bool {
    let (left, up) = (MouseButton::Left, MouseButtonState::Up);
    matches!(event, TrayIconEvent::Click { button, button_state, .. } if (*button, *button_state) == (left, up))
}

/// What the tray shows.
struct Sources {
    state: watch::Receiver<Arc<AppState>>,
    settings: watch::Receiver<Arc<SettingsView>>,
    panel: watch::Receiver<Panel>,
    again: watch::Receiver<()>,
}

/// The lock is only ever taken on the main thread: menus wait for that thread, which must wait for nobody.
async fn follow(app: AppHandle, tray: Arc<Mutex<Tray>>, mut sources: Sources) {
    loop {
        let state = Arc::clone(&sources.state.borrow_and_update());
        let settings = Arc::clone(&sources.settings.borrow_and_update());
        let panel = *sources.panel.borrow_and_update();
        let tray = Arc::clone(&tray);
        let asked = app.run_on_main_thread(move || {
            let shown = tray.lock().unwrap_or_else(PoisonError::into_inner).show(&state, &settings, panel);
            if let Err(error) = shown {
                tracing::warn!(%error, "the tray can't be changed");
            }
        });
        if asked.is_err() {
            return;
        }
        sleep(PACE).await;
        tokio::select! {
            Ok(()) = sources.state.changed() => {}
            Ok(()) = sources.settings.changed() => {}
            Ok(()) = sources.panel.changed() => {}
            Ok(()) = sources.again.changed() => {}
            else => return,
        }
    }
}
