//! A Codex whose sign-in may be another one by now is started anew, so that it reads it again.

use std::time::Duration;

use app_server::{Phase, Restart};
use tokio::{sync::watch, time::sleep};

use super::Session;

/// The least time between two starts for this reason. Each takes about half a second, in which requests wait.
const PAUSE: Duration = Duration::from_secs(10);

/// Starts Codex anew whenever it must read its sign-in again, as soon as nothing runs. Ends with the gateway.
pub(crate) async fn renew(
    mut phase: watch::Receiver<Phase<Session>>,
    mut running: watch::Receiver<usize>,
    restart: Restart,
) {
    loop {
        let doubted = {
            let up = phase.wait_for(|phase| matches!(phase, Phase::Up(_) | Phase::Stopped)).await;
            let Ok(up) = up else { return };
            match &*up {
                Phase::Up(session) => session.account().doubted(),
                _ => return,
            }
        };
        let idle = async {
            must_renew(doubted).await;
            let _ = running.wait_for(|count| *count == 0).await;
        };
        tokio::select! {
            () = idle => {}
            // Another session, or none.
            changed = phase.changed() => match changed {
                Ok(()) => continue,
                // Nobody looks after Codex any more.
                Err(_) => return,
            },
        }
        tracing::info!("Codex is started anew, to read its sign-in again");
        restart.now();
        sleep(PAUSE).await;
    }
}

async fn must_renew(mut doubted: watch::Receiver<bool>) {
    if doubted.wait_for(|doubted| *doubted).await.is_err() {
        std::future::pending::<()>().await;
    }
}
