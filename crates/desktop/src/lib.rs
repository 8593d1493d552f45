//! The tray application without its tray and window: what it does, and what it shows.
//!
//! [`Desktop`] owns the gateway's life. The shell around it draws [`view::AppState`] and passes on what the person does.

mod background;
mod codex;
mod config;
mod core;
mod cure;
mod desktop;
mod export;
mod happenings;
mod life;
mod news;
mod notifications;
mod port;
mod problem;
mod requests;
mod settings;
mod shown;
mod sign_in;
mod snippets;
mod token;
mod try_it;
pub mod view;

pub use desktop::{Desktop, Options};
pub use gateway::SignInWith;
pub use notifications::{Notification, NotificationKind};
pub use problem::Problem;
pub use requests::RequestBatches;
pub use token_store::Keyring;
