//! How the Codex of the running gateway is doing, as it is shown.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use gateway::{Account, LaunchError, Status};

use crate::view::{AccountView, CodexView, QuotaWindow, Switch, Trouble};

#[derive(Debug, Clone)]
pub(crate) struct CodexStatus {
    /// Which gateway's it is.
    pub(crate) gateway: u64,
    now: Status,
    /// What went wrong last, which is still shown while the next attempt runs.
    last_error: Option<Arc<LaunchError>>,
    /// Whether it ever ran.
    was_up: bool,
}

impl CodexStatus {
    pub(crate) fn new(gateway: u64, now: Status) -> Self {
        Self { gateway, now, last_error: None, was_up: false }
    }

    pub(crate) fn change(&mut self, now: Status) {
        match &now {
            Status::Trouble { error, .. } => self.last_error = Some(Arc::clone(error)),
            Status::Ready { .. } => {
                self.last_error = None;
                self.was_up = true;
            }
            Status::Starting { .. } | Status::Stopped => {}
        }
        self.now = now;
    }

    pub(crate) fn switch(&self) -> Switch {
        match self.now {
            Status::Starting { .. } => Switch::Starting,
            _ => Switch::On,
        }
    }

    pub(crate) fn view(&self) -> Option<CodexView> {
        let Status::Ready { codex, codex_version, account, models, leaks, .. } = &self.now else {
            return None;
        };
        Some(CodexView {
            path: codex.display().to_string(),
            version: codex_version.clone(),
            account: match account {
                Account::SignedIn { kind, plan } => {
                    AccountView::SignedIn { method: kind.clone(), plan: plan.clone() }
                }
                Account::SignedOut => AccountView::SignedOut,
                Account::NotNeeded => AccountView::NotNeeded,
            },
            leaks: leaks.clone(),
            models: models.clone(),
        })
    }

    /// `None` while it is not known.
    pub(crate) fn signed_in(&self) -> Option<bool> {
        match &self.now {
            Status::Ready { account, .. } => Some(matches!(account, Account::SignedIn { .. })),
            _ => None,
        }
    }

    /// The efforts that some model knows.
    pub(crate) fn efforts(&self) -> Vec<String> {
        match &self.now {
            Status::Ready { efforts, .. } => efforts.clone(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn quota(&self) -> Vec<QuotaWindow> {
        match &self.now {
            Status::Ready { quota, .. } => quota.windows.iter().map(quota_window).collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        match &self.now {
            Status::Ready { account: Account::SignedOut, .. } => Some(Trouble::SignedOut),
            Status::Ready { quota, .. } => quota.used_up().map(|window| {
                let QuotaWindow { label, resets_at_ms, .. } = quota_window(window);
                Trouble::QuotaUsedUp { window: label, resets_at_ms }
            }),
            Status::Trouble { error, attempt, .. } => Some(of_launch(error, *attempt)),
            Status::Starting { attempt: 1 } | Status::Stopped => None,
            Status::Starting { attempt } => match &self.last_error {
                Some(error) => Some(of_launch(error, *attempt)),
                None if self.was_up => Some(Trouble::CodexStopped {
                    attempt: *attempt,
                    message: "Codex ended unexpectedly".to_owned(),
                }),
                // A first failure is mended at once, or known in a moment.
                None => None,
            },
        }
    }
}

fn of_launch(error: &LaunchError, attempt: u32) -> Trouble {
    match error {
        LaunchError::NotFound { looked } => {
            Trouble::CodexMissing { searched: looked.iter().map(|path| path.display().to_string()).collect() }
        }
        LaunchError::TooOld { version, lacks } => {
            Trouble::CodexTooOld { version: version.clone(), lacks: (*lacks).to_owned() }
        }
        error => Trouble::CodexStopped { attempt, message: error.to_string() },
    }
}

fn quota_window(window: &gateway::QuotaWindow) -> QuotaWindow {
    let span = window.window.map_or_else(|| "account".to_owned(), span);
    QuotaWindow {
        label: match &window.limit {
            Some(limit) => format!("{limit}, {span}"),
            None => span,
        },
        of_some_models: window.limit.is_some(),
        used_percent: window.used_percent,
        resets_at_ms: window.resets_at.and_then(millis),
    }
}

/// A window's length as people say it: `5 h`, `week`, `30 days`.
fn span(window: Duration) -> String {
    const HOUR: u64 = 60 * 60;
    const DAY: u64 = 24 * HOUR;
    match window.as_secs() {
        seconds if seconds == 7 * DAY => "week".to_owned(),
        seconds if seconds == DAY => "day".to_owned(),
        seconds if seconds >= DAY && seconds.is_multiple_of(DAY) => format!("{} days", seconds / DAY),
        seconds if seconds >= HOUR => format!("{} h", (seconds + HOUR / 2) / HOUR),
        seconds => format!("{} min", seconds / 60),
    }
}

fn millis(time: SystemTime) -> Option<u64> {
    u64::try_from(time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_as_people_say_them() {
        let span = |minutes: u64| span(Duration::from_secs(minutes * 60));
        assert_eq!(
            [30, 300, 299, 1440, 10_080, 43_200].map(span),
            ["30 min", "5 h", "5 h", "day", "week", "30 days"]
        );
    }

    #[test]
    fn a_trouble_stays_while_the_next_attempt_runs() {
        let mut codex = CodexStatus::new(1, Status::Starting { attempt: 1 });
        assert_eq!(codex.trouble(), None);
        let error = Arc::new(LaunchError::NotFound { looked: vec!["/a".into()] });
        codex.change(Status::Trouble { error, attempt: 3, retry_after: Duration::ZERO });
        let missing = Some(Trouble::CodexMissing { searched: vec!["/a".to_owned()] });
        assert_eq!(codex.trouble(), missing);
        codex.change(Status::Starting { attempt: 3 });
        assert_eq!((codex.trouble(), codex.switch()), (missing, Switch::Starting));
    }
}
