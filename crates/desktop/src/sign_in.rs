//! Signing in, through a Codex of its own: the application sees an address to open and never a credential.

use std::sync::{Arc, Weak};

use gateway::SignInWith;
use tokio::task::JoinHandle;

use crate::{
    core::Core,
    problem::Problem,
    view::{self, SignInState},
};

/// Waits for the person, who is in the browser. Dropping it gives the sign-in up.
#[derive(Debug)]
pub(crate) struct SignInUnderWay(JoinHandle<()>);

impl Drop for SignInUnderWay {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins to sign in. An earlier sign-in is given up.
pub(crate) async fn begin(core: &Arc<Core>, with: SignInWith) -> Result<view::SignIn, Problem> {
    let mut under_way = core.sign_in.lock().await;
    *under_way = None;
    core.show_sign_in(None);
    let sign_in = gateway::sign_in(&core.sign_in_config()?, with).await.map_err(Problem::SignIn)?;
    let shown = view::SignIn { url: sign_in.url.clone(), user_code: sign_in.code.clone() };
    core.show_sign_in(Some(SignInState::Waiting(shown.clone())));
    *under_way = Some(SignInUnderWay(tokio::spawn(complete(Arc::downgrade(core), sign_in))));
    Ok(shown)
}

/// Gives the sign-in up, if there is one.
pub(crate) async fn cancel(core: &Core) {
    let mut under_way = core.sign_in.lock().await;
    *under_way = None;
    core.show_sign_in(None);
}

async fn complete(core: Weak<Core>, sign_in: gateway::SignIn) {
    let completed = sign_in.completed().await;
    let Some(core) = core.upgrade() else { return };
    // One that was given up meanwhile ends here.
    let shown = core.sign_in.lock().await;
    match completed {
        Ok(()) => {
            core.show_sign_in(None);
            drop(shown);
            let mut life = core.life.lock().await;
            // Whoever signs in wants Codex's own answers.
            if let Err(problem) = life.signed_in(&core).await {
                tracing::warn!(%problem, "after the sign-in");
            }
        }
        Err(error) => core.sign_in_failed(error),
    }
}
