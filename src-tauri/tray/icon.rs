//! Which icon shows a state.

use desktop::view::{AppState, Switch};
use tauri::{image::Image, include_image};

/// What the icon says. Each has a form of its own, so that it needs no colour to be told from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Off,
    Starting,
    On,
    Busy,
    Trouble,
}

/// What the icon is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Panel {
    #[cfg_attr(target_os = "macos", expect(dead_code, reason = "macOS colours the icon itself"))]
    Light,
    #[cfg_attr(target_os = "macos", expect(dead_code, reason = "macOS colours the icon itself"))]
    Dark,
    /// The menu bar of macOS, which takes only the shape and colours it.
    Template,
}

impl Sign {
    pub(crate) fn of(state: &AppState) -> Self {
        match (&state.trouble, state.switch) {
            (Some(_), _) => Self::Trouble,
            (None, Switch::Off) => Self::Off,
            (None, Switch::Starting) => Self::Starting,
            (None, Switch::On) if state.running > 0 => Self::Busy,
            (None, Switch::On) => Self::On,
        }
    }

    pub(crate) fn image(self, panel: Panel) -> Image<'static> {
        match (panel, self) {
            (Panel::Light, Self::Off) => include_image!("icons/tray/on-light/off.png"),
            (Panel::Light, Self::Starting) => include_image!("icons/tray/on-light/starting.png"),
            (Panel::Light, Self::On) => include_image!("icons/tray/on-light/on.png"),
            (Panel::Light, Self::Busy) => include_image!("icons/tray/on-light/busy.png"),
            (Panel::Light, Self::Trouble) => include_image!("icons/tray/on-light/trouble.png"),
            (Panel::Dark, Self::Off) => include_image!("icons/tray/on-dark/off.png"),
            (Panel::Dark, Self::Starting) => include_image!("icons/tray/on-dark/starting.png"),
            (Panel::Dark, Self::On) => include_image!("icons/tray/on-dark/on.png"),
            (Panel::Dark, Self::Busy) => include_image!("icons/tray/on-dark/busy.png"),
            (Panel::Dark, Self::Trouble) => include_image!("icons/tray/on-dark/trouble.png"),
            (Panel::Template, Self::Off) => include_image!("icons/tray/template/off.png"),
            (Panel::Template, Self::Starting) => include_image!("icons/tray/template/starting.png"),
            (Panel::Template, Self::On) => include_image!("icons/tray/template/on.png"),
            (Panel::Template, Self::Busy) => include_image!("icons/tray/template/busy.png"),
            (Panel::Template, Self::Trouble) => include_image!("icons/tray/template/trouble.png"),
        }
    }
}
