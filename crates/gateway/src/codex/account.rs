//! The account of a running Codex, kept up to date for as long as Codex runs.

use std::{
    future::pending,
    time::{Duration, SystemTime},
};

use app_server::{
    Client, Error, Notice, RateLimits,
    protocol::{AccountRead, AccountReadResponse},
};
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, sleep},
};

use crate::quota::Quota;

/// How often Codex is asked whether somebody has signed in from another program, which it does not tell by itself. It
/// looks for a sign-in once a second at most, and the answer costs nothing.
const SIGN_IN_POLL: Duration = Duration::from_millis(400);

/// The least time between two questions for the limits because a window is over. Codex asks over the network.
const ASK_PAUSE: Duration = Duration::from_secs(60);

/// Whether and how Codex is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    SignedIn {
        /// Codex's word for the kind of account, such as `chatgpt` or `apiKey`.
        kind: String,
        plan: Option<String>,
    },
    SignedOut,
    /// The configured model provider needs no account of OpenAI's.
    NotNeeded,
}

/// The account as it is by now. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct LiveAccount {
    client: Client,
    account: watch::Sender<Account>,
    /// Whether the sign-in may be another one by now.
    doubted: watch::Sender<bool>,
}

impl LiveAccount {
    /// Reads the account, and follows it until the connection to Codex ends.
    pub(super) async fn open(client: Client) -> Result<Self, Error> {
        let notices = client.notices();
        let account = watch::Sender::new(read(&client).await?);
        let live = Self { client, account, doubted: watch::Sender::new(false) };
        tokio::spawn(live.clone().follow(notices));
        Ok(live)
    }

    pub(crate) fn current(&self) -> Account {
        self.account.borrow().clone()
    }

    pub(crate) fn quota(&self) -> Quota {
        Quota::new(&self.client.rate_limits().borrow(), SystemTime::now())
    }

    pub(crate) fn changes(&self) -> AccountChanges {
        AccountChanges { account: self.account.subscribe(), limits: self.client.rate_limits() }
    }

    /// Takes note that the sign-in may be another one by now: the provider did not accept it, or the person has just
    /// signed in or out. Codex keeps to what it read when it found itself signed in, for as long as it runs.
    pub(super) fn doubt(&self) {
        if matches!(*self.account.borrow(), Account::SignedIn { .. }) {
            self.doubted.send_replace(true);
        }
    }

    /// Becomes true once the sign-in may be another one.
    pub(super) fn doubted(&self) -> watch::Receiver<bool> {
        self.doubted.subscribe()
    }

    /// Whether nobody is signed in, asked anew where nobody was.
    pub(super) async fn is_signed_out(&self) -> Result<bool, Error> {
        Ok(self.current() == Account::SignedOut && self.read_again().await? == Account::SignedOut)
    }

    async fn follow(self, mut notices: broadcast::Receiver<Notice>) {
        self.ask_for_limits();
        let mut asked = Instant::now();
        let mut limits = self.client.rate_limits();
        loop {
            let signed_out = self.current() == Account::SignedOut;
            let next_reset = limits.borrow_and_update().next_reset();
            tokio::select! {
                () = self.client.closed() => return,
                // Whatever was said, and however much of it was missed, the account is read again.
                _ = notices.recv() => {}
                () = sleep(SIGN_IN_POLL), if signed_out => {}
                () = until(next_reset) => {
                    self.client.expire_rate_limits();
                    // By a clock that is fast, what is told would be over at once, each time.
                    if asked.elapsed() >= ASK_PAUSE {
                        asked = Instant::now();
                        self.ask_for_limits();
                    }
                    continue;
                }
                _ = limits.changed() => continue,
            }
            if let Err(error) = self.read_again().await {
                tracing::debug!(%error, "the account could not be read");
            }
        }
    }

    async fn read_again(&self) -> Result<Account, Error> {
        let account = read(&self.client).await?;
        let changed = self.account.send_if_modified(|known| {
            let changed = *known != account;
            known.clone_from(&account);
            changed
        });
        if changed {
            tracing::info!(?account, "the account changed");
            self.client.forget_rate_limits();
            self.ask_for_limits();
        }
        Ok(account)
    }

    /// Asks in the background, since Codex asks over the network. Most kinds of account have no limits to tell.
    fn ask_for_limits(&self) {
        if matches!(*self.account.borrow(), Account::SignedIn { .. }) {
            let client = self.client.clone();
            tokio::spawn(async move {
                if let Err(error) = client.read_rate_limits().await {
                    tracing::debug!(%error, "the account's limits are not known");
                }
            });
        }
    }
}

/// Follows the changes of an account and of its limits.
#[derive(Debug, Clone)]
pub(crate) struct AccountChanges {
    account: watch::Receiver<Account>,
    limits: watch::Receiver<RateLimits>,
}

impl AccountChanges {
    /// Waits for the next change. May be cancelled. After the session has ended, nothing changes any more.
    pub(crate) async fn changed(&mut self) {
        let changed = tokio::select! {
            changed = self.account.changed() => changed,
            changed = self.limits.changed() => changed,
        };
        if changed.is_err() {
            pending::<()>().await;
        }
    }
}

async fn read(client: &Client) -> Result<Account, Error> {
    let AccountReadResponse { account, requires_openai_auth } =
        client.request(&AccountRead { refresh_token: false }).await?;
    Ok(match account {
        Some(account) => Account::SignedIn { kind: account.kind, plan: account.plan_type },
        None if requires_openai_auth => Account::SignedOut,
        None => Account::NotNeeded,
    })
}

/// Sleeps until then, or for ever. The clock is looked at again and again, since a machine that sleeps stops its timers:
/// what was over while it slept is over once it wakes.
async fn until(time: Option<SystemTime>) {
    const LOOK_AGAIN: Duration = Duration::from_secs(1);
    let Some(time) = time else { return pending().await };
    while let Ok(left) = time.duration_since(SystemTime::now()) {
        sleep(left.min(LOOK_AGAIN)).await;
    }
}
