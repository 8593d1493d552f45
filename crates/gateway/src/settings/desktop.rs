//! The settings of the tray application, which the gateway itself doesn't heed.

use serde::{Deserialize, Serialize};

/// The object `desktop` of the configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DesktopSettings {
    /// Whether the gateway is switched on when the application starts.
    pub start_at_launch: bool,
    /// Whether the application starts when the person logs in.
    pub start_at_login: bool,
    /// Whether a click on the icon starts and stops the gateway.
    pub click_toggles: bool,
    pub notifications: Notifications,
    /// Whether the person has been through the first run.
    pub first_run_done: bool,
}

impl Default for DesktopSettings {
    fn default() -> Self {
        Self {
            start_at_launch: true,
            start_at_login: false,
            click_toggles: false,
            notifications: Notifications::default(),
            first_run_done: false,
        }
    }
}

/// Which notifications are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Notifications {
    pub trouble: bool,
    pub quota: bool,
    pub refused_clients: bool,
    pub sign_in: bool,
}

impl Default for Notifications {
    fn default() -> Self {
        Self { trouble: true, quota: true, refused_clients: true, sign_in: true }
    }
}
