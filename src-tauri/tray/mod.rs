//! The icon and its menu. They show the desktop's state and never anything else.

mod icon;
mod menu;
mod words;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use desktop::{Desktop, view::AppState};
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
    let tray = Arc::new(Mutex::new(tray));
    tauri::async_runtime::spawn(follow_state(app.clone(), Arc::clone(&tray), desktop.state(), panel));
    tauri::async_runtime::spawn(follow_settings(desktop.clone(), tray));
    Ok(())
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

    fn show(&mut self, state: &AppState, panel: Panel) -> tauri::Result<()> {
        self.menu.show(state)?;
        let sign = Sign::of(state);
        if self.shown != (sign, panel) {
            // Both at once: a template that is not yet one flashes in the wrong colour.
            self.icon.set_icon_with_as_template(Some(sign.image(panel)), panel == Panel::Template)?;
            self.shown = (sign, panel);
        }
        Ok(())
    }

    fn show_settings(&self, start_at_login: bool, click_toggles: bool) -> tauri::Result<()> {
        self.icon.set_show_menu_on_left_click(!click_toggles)?;
        self.menu.show_start_at_login(start_at_login)
    }
}

/// Only macOS tells of clicks on the icon; elsewhere they open the menu.
fn is_click(event: &TrayIconEvent) -> bool {
    let (left, up) = (MouseButton::Left, MouseButtonState::Up);
    matches!(event, TrayIconEvent::Click { button, button_state, .. } if (*button, *button_state) == (left, up))
}

async fn follow_state(
    app: AppHandle,
    tray: Arc<Mutex<Tray>>,
    mut state: watch::Receiver<Arc<AppState>>,
    mut panel: watch::Receiver<Panel>,
) {
    loop {
        let (now, on) = (Arc::clone(&state.borrow_and_update()), *panel.borrow_and_update());
        let tray = Arc::clone(&tray);
        // On the main thread, where all of it is one step for whoever reads the menu.
        let shown = app.run_on_main_thread(move || {
            let shown = tray.lock().unwrap_or_else(PoisonError::into_inner).show(&now, on);
            if let Err(error) = shown {
                tracing::warn!(%error, "the tray can't be changed");
            }
        });
        if shown.is_err() {
            return;
        }
        sleep(PACE).await;
        let still_there = tokio::select! {
            changed = state.changed() => changed.is_ok(),
            Ok(()) = panel.changed() => true,
        };
        if !still_there {
            return;
        }
    }
}

async fn follow_settings(desktop: Desktop, tray: Arc<Mutex<Tray>>) {
    let mut settings = desktop.follow_settings();
    loop {
        let (login, toggles) = {
            let settings = settings.borrow_and_update();
            (settings.start_at_login, settings.click_toggles)
        };
        let shown = tray.lock().unwrap_or_else(PoisonError::into_inner).show_settings(login, toggles);
        if let Err(error) = shown {
            tracing::warn!(%error, "the tray can't be changed");
        }
        if settings.changed().await.is_err() {
            return;
        }
    }
}
