//! An OpenAI-compatible gateway, on loopback, to the person's own Codex.
//!
//! A request walks once through the rooms, and its answer once back:
//!
//! ```text
//! http ──▶ openai: parse, check ──▶ Turn ──▶ codex: thread + turn ──stdio──▶ codex app-server
//!  ▲                                                 │
//!  └────── openai: encode JSON or SSE ◀── TurnEvent ◀┘
//! ```
//!
//! `http` uses `openai` and `codex`; those two know only the plain types of `turn`, and not each other.

pub mod access;
mod codex;
mod gateway;
mod holder;
mod http;
mod images;
mod json_type;
pub mod log;
mod openai;
mod private_file;
mod private_folder;
#[cfg(test)]
mod properties;
mod quota;
pub mod settings;
mod sign_in;
mod status;
mod tokens;
mod turn;

pub use app_server::LaunchError;
pub use codex::Account;
pub use gateway::{Config, GatewayHandle, Inspection, StartError, codex_is_installed, inspect, start};
pub use holder::{Holder, port_holder};
pub use images::AddressPolicy;
pub use openai::{FieldPolicy, HistoryKey, chat_fields, responses_fields};
pub use private_folder::PrivateFolder;
pub use quota::{Quota, QuotaWindow};
pub use sign_in::{SignIn, SignInError, SignInWith, sign_in};
pub use status::{Status, StatusWatch};
