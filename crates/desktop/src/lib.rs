//! The tray application without its tray and window: what it does, and what it shows.

pub mod view;
