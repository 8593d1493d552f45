//! What the desktop around the application is like: whether there is one, and what its panel looks like.

#[cfg(target_os = "linux")]
mod fatal;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use fatal::outlive_fatal_errors;
#[cfg(target_os = "linux")]
pub(crate) use linux::{is_login_entry_off, open_display, panel, tray_host};
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
pub(crate) use macos::{is_login_entry_off, open_display, outlive_fatal_errors, panel, tray_host};
