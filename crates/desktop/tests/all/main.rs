//! The desktop from where its shell stands: the real Codex and a scripted model behind it, programs before it.

mod app;
mod codex;
mod configuration;
mod demo;
mod lifecycle;
mod notifications;
mod port;
mod requests;
mod secrets;
mod settings;
mod snippets;
mod token;
