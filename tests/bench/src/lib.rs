//! How fast the gateway is, and what it costs.
//!
//! Two measurements, in rounds that take turns: the same real Codex and scripted model behind this gateway, behind the
//! Python one and behind nothing ([`contest`]); and this gateway with nothing behind it but a program that answers
//! Codex's protocol at once, beside a bare HTTP server that sends the same bytes ([`alone`]). A third, which is asked for
//! by name, is what many requests leave behind ([`soak`]).
//!
//! Nothing here asserts a time: what a machine does is written down, not judged.

pub mod alone;
pub mod contest;
pub mod floor;
pub mod load;
pub mod machine;
pub mod process;
pub mod programs;
pub mod report;
pub mod soak;
pub mod start;
pub mod stats;
