//! The gateway's HTTP: routes, doors, and the way of each request through the other rooms.

mod body;
mod chat;
mod doors;
mod error;
mod health;
mod models;
mod router;
mod sse;

use std::sync::Arc;

use crate::{codex::Codex, images::ImageFetcher, settings::Token};

pub(crate) use router::router;

/// What every handler can reach. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) codex: Codex,
    pub(crate) images: ImageFetcher,
    pub(crate) token: Arc<Token>,
    /// The effort for requests that name none.
    pub(crate) reasoning_effort: Option<Arc<str>>,
    pub(crate) max_body_bytes: usize,
}
