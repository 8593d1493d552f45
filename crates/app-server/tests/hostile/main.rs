//! A Codex that behaves badly: whatever it does, its client learns of it in time, and none of its processes stays.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy knows tests by #[test], not the functions that they share"
)]

mod child;
mod looked_after;
mod running;
mod start;
mod supervisor;
