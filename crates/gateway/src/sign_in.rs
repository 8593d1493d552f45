//! Signing in, through Codex: the gateway sees an address to open and never a credential.

use app_server::{AppServer, Error, Launch, LaunchError, Notice, protocol::AccountLoginStart};
use tokio::sync::broadcast;

use crate::gateway::{Config, prepare};

/// A sign-in under way. Dropping it gives it up.
#[derive(Debug)]
pub struct SignIn {
    /// What the person must open in a browser.
    pub url: String,
    /// What they must type there, where the browser is on another machine.
    pub code: Option<String>,
    login_id: String,
    notices: broadcast::Receiver<Notice>,
    server: AppServer,
}

/// How the person's browser comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInWith {
    /// To a port on this machine, which Codex listens on.
    Browser,
    /// By a code, from any machine.
    DeviceCode,
}

#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error(transparent)]
    Codex(#[from] Error),
    #[error("the sign-in failed: {0}")]
    Failed(String),
    #[error("Codex ended before the sign-in did")]
    Ended,
}

/// Begins to sign in to the Codex home that `config` names.
pub async fn sign_in(config: &Config, with: SignInWith) -> Result<SignIn, SignInError> {
    let (server, _session) = prepare(config)?.launch().await?;
    let client = server.client();
    let notices = client.notices();
    let login = match with {
        SignInWith::Browser => AccountLoginStart::Chatgpt,
        SignInWith::DeviceCode => AccountLoginStart::ChatgptDeviceCode,
    };
    let started = client.request(&login).await?;
    Ok(SignIn { url: started.auth_url, code: started.user_code, login_id: started.login_id, notices, server })
}

impl SignIn {
    /// Waits until the person is done, and ends Codex.
    pub async fn completed(self) -> Result<(), SignInError> {
        let Self { login_id, mut notices, mut server, .. } = self;
        let outcome = loop {
            let notice = tokio::select! {
                notice = notices.recv() => notice,
                _ = server.ended() => return Err(SignInError::Ended),
            };
            match notice {
                Ok(Notice::LoginCompleted { login_id: Some(other), .. }) if other != login_id => {}
                Ok(Notice::LoginCompleted { error: None, .. }) => break Ok(()),
                Ok(Notice::LoginCompleted { error: Some(error), .. }) => {
                    break Err(SignInError::Failed(app_server::redact(&error)));
                }
                Ok(Notice::AccountUpdated { .. } | Notice::RateLimits(_)) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return Err(SignInError::Ended),
            }
        };
        server.shutdown().await;
        outcome
    }
}
