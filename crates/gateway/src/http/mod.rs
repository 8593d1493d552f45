//! The gateway's HTTP: routes, doors, and the way of each request through the other rooms.

mod body;
mod chat;
mod doors;
mod error;
mod health;
mod images;
mod logged;
mod models;
mod router;
mod sse;

use std::sync::Arc;

use crate::{
    codex::Codex,
    images::ImageFetcher,
    log::RequestLog,
    settings::{Settings, Token},
};

pub(crate) use router::router;

/// What every handler can reach. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) codex: Codex,
    pub(crate) images: ImageFetcher,
    pub(crate) log: RequestLog,
    pub(crate) token: Arc<Token>,
    pub(crate) settings: Arc<Settings>,
}
