//! The server as its clients see it: over a real socket.

#![expect(clippy::unwrap_used, reason = "clippy knows tests by #[test], not the functions that they share")]

mod binary;
mod client;
mod control;
mod demo;
mod endings;
mod recording;
mod steps;
mod wire;
