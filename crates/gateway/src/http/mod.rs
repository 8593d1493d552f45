//! The gateway's HTTP: routes, doors, and the way of each request through the other rooms.

mod body;
mod chat;
mod doors;
mod error;
mod health;
mod images;
mod limits;
mod logged;
mod models;
mod prepare;
mod quote;
mod responses;
mod router;
mod server;
mod sse;
mod url_part;

use std::{net::SocketAddr, ops::Deref, sync::Arc};

use axum::extract::FromRef;

use crate::{
    codex::Codex,
    images::ImageFetcher,
    log::RequestLog,
    openai::responses::History,
    settings::{Live, Settings, Token},
};

pub(crate) use doors::WrongTokens;
pub(crate) use router::router;
pub(crate) use server::{Bounds, serve};
#[cfg(test)]
pub(crate) use sse::{data as frame, event as named_frame};

/// What the handlers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) codex: Codex,
    pub(crate) images: ImageFetcher,
    pub(crate) log: RequestLog,
    pub(crate) live: Live,
    pub(crate) wrong_tokens: WrongTokens,
    /// Where the gateway listens.
    pub(crate) address: SocketAddr,
    pub(crate) history: History,
}

/// What a handler can reach, with the token and the settings as they are when its request comes: a change in the middle
/// of a request does not tear it.
#[derive(Debug, Clone)]
struct App {
    shared: Arc<Shared>,
    token: Arc<Token>,
    settings: Arc<Settings>,
}

impl FromRef<Arc<Shared>> for App {
    fn from_ref(shared: &Arc<Shared>) -> Self {
        let (token, settings) = (shared.live.token(), shared.live.settings());
        Self { shared: Arc::clone(shared), token, settings }
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.shared
    }
}
