//! A client of `codex app-server` over stdio.
//!
//! The crate starts the real Codex binary, speaks its newline-delimited JSON-RPC, hands out typed requests and
//! per-thread events, denies every privileged request that the server makes, and supervises the child: it is
//! restarted when it dies and reaped, with its whole process group, when it is no longer wanted.
//!
//! Nothing here knows HTTP or the OpenAI API.

mod client;
mod connection;
mod denial;
mod error;
mod event;
mod locate;
mod message;
mod method;
mod notice;
mod process;
#[cfg(test)]
mod properties;
pub mod protocol;
mod rate_limits;
mod raw_item;
mod redact;
mod routes;
pub mod schema;
mod supervisor;
mod text;
mod transport;

pub use client::{AppServer, Client, RequestTimeout, Response};
pub use error::{Error, LaunchError};
pub use event::{
    CodexErrorInfo, MessagePhase, ThreadEvent, TokenUsage, ToolCallRequest, TurnError, TurnStatus,
};
pub use locate::{Location, locate};
pub use notice::Notice;
pub use process::{Command, Exit};
pub use rate_limits::{ORDINARY_LIMIT, RateLimit, RateLimitWindow, RateLimits};
pub use raw_item::{FunctionCall, RawItem, RawItemKind, Reasoning};
pub use redact::{Secret, redact, remember};
pub use routes::{Lost, Subscription};
pub use supervisor::{Checks, Launch, Phase, Restart, Supervisor};
