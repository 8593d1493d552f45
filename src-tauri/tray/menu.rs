//! The menu. Its items are made once and changed in place, so that an open menu stays open.

use desktop::view::{AppState, SettingsView, Switch};
use jiff::tz::TimeZone;
use tauri::{
    AppHandle, Wry,
    menu::{CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu},
};

use super::words;

/// What a click on an item asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Toggle,
    CopyToken,
    CopyPython,
    OpenWindow,
    StartAtLogin,
    Quit,
}

impl Action {
    const ALL: [Self; 6] =
        [Self::Toggle, Self::CopyToken, Self::CopyPython, Self::OpenWindow, Self::StartAtLogin, Self::Quit];

    fn id(self) -> &'static str {
        match self {
            Self::Toggle => "toggle",
            Self::CopyToken => "copy-token",
            Self::CopyPython => "copy-python",
            Self::OpenWindow => "open-window",
            Self::StartAtLogin => "start-at-login",
            Self::Quit => "quit",
        }
    }

    pub(crate) fn by_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.id() == id)
    }
}

pub(crate) struct TrayMenu {
    pub(crate) menu: Menu<Wry>,
    status: MenuItem<Wry>,
    toggle: MenuItem<Wry>,
    clients: Lines,
    quota: Lines,
    start_at_login: CheckMenuItem<Wry>,
    zone: TimeZone,
}

impl TrayMenu {
    pub(crate) fn new(app: &AppHandle) -> tauri::Result<Self> {
        let item = |action: Action, text| MenuItem::with_id(app, action.id(), text, true, None::<&str>);
        let line = || PredefinedMenuItem::separator(app);
        let status = MenuItem::new(app, "Off", false, None::<&str>)?;
        let toggle = item(Action::Toggle, "Start")?;
        let clients = Submenu::new(app, "Clients", true)?;
        let login = Action::StartAtLogin.id();
        let start_at_login = CheckMenuItem::with_id(app, login, "Start at login", true, false, None::<&str>)?;
        let above_quota: [&dyn IsMenuItem<Wry>; 8] = [
            &status,
            &toggle,
            &line()?,
            &item(Action::CopyToken, "Copy token")?,
            &item(Action::CopyPython, "Copy Python snippet")?,
            &line()?,
            &item(Action::OpenWindow, "Open window")?,
            &clients,
        ];
        let menu = Menu::with_items(app, &above_quota)?;
        menu.append_items(&[&line()?, &start_at_login, &item(Action::Quit, "Quit")?])?;
        let quota = Lines::new(Parent::Menu { menu: menu.clone(), place: above_quota.len() });
        let clients = Lines::new(Parent::Submenu(clients));
        Ok(Self { menu, status, toggle, clients, quota, start_at_login, zone: TimeZone::system() })
    }

    /// Must run on the main thread, where it is one step.
    pub(crate) fn show(&mut self, state: &AppState, settings: &SettingsView) -> tauri::Result<()> {
        self.status.set_text(literal(&words::status(state, &self.zone)))?;
        self.toggle.set_text(match state.switch {
            Switch::Off => "Start",
            Switch::Starting | Switch::On => "Stop",
        })?;
        self.start_at_login.set_checked(settings.start_at_login)?;
        self.clients.show(&words::clients(&state.clients))?;
        self.quota.show(&words::quota(&state.quota, &self.zone))
    }
}

/// A text as a menu takes it: a single `&` would underline what follows it.
fn literal(text: &str) -> String {
    text.replace('&', "&&")
}

/// Lines that are only read.
struct Lines {
    parent: Parent,
    items: Vec<MenuItem<Wry>>,
}

/// Where lines stand. The title of a submenu can't tell anything that changes: on Linux it stays as it was made.
enum Parent {
    Submenu(Submenu<Wry>),
    /// Among other items, the first of the lines at this place.
    Menu {
        menu: Menu<Wry>,
        place: usize,
    },
}

impl Lines {
    fn new(parent: Parent) -> Self {
        Self { parent, items: Vec::new() }
    }

    fn show(&mut self, lines: &[String]) -> tauri::Result<()> {
        for item in self.items.drain(lines.len().min(self.items.len())..) {
            self.parent.remove(&item)?;
        }
        for (item, line) in self.items.iter().zip(lines) {
            item.set_text(literal(line))?;
        }
        for line in lines.iter().skip(self.items.len()) {
            let item = MenuItem::new(self.parent.app(), literal(line), false, None::<&str>)?;
            self.parent.insert(&item, self.items.len())?;
            self.items.push(item);
        }
        Ok(())
    }
}

impl Parent {
    fn app(&self) -> &AppHandle {
        match self {
            Self::Submenu(submenu) => submenu.app_handle(),
            Self::Menu { menu, .. } => menu.app_handle(),
        }
    }

    fn insert(&self, line: &MenuItem<Wry>, index: usize) -> tauri::Result<()> {
        match self {
            Self::Submenu(submenu) => submenu.insert(line, index),
            Self::Menu { menu, place } => menu.insert(line, place + index),
        }
    }

    fn remove(&self, line: &MenuItem<Wry>) -> tauri::Result<()> {
        match self {
            Self::Submenu(submenu) => submenu.remove(line),
            Self::Menu { menu, .. } => menu.remove(line),
        }
    }
}
