//! What Codex says that belongs to no thread.

use std::time::SystemTime;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::{broadcast, watch};

use crate::{RateLimit, RateLimits, method::notifications};

/// A notification about Codex as a whole.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// Somebody signed in or out, or the plan changed.
    AccountUpdated { auth_mode: Option<String>, plan: Option<String> },
    /// A sign-in that was begun is over. `error` says why it failed, if it did.
    LoginCompleted { login_id: Option<String>, error: Option<String> },
    /// Something new about one of the account's limits.
    RateLimits(RateLimit),
}

/// How many notices wait for one who listens.
const WAITING: usize = 64;

/// Where notices go: to those who listen, and the limits into one picture of them all.
#[derive(Debug, Clone)]
pub(crate) struct Notices {
    feed: broadcast::Sender<Notice>,
    rate_limits: watch::Sender<RateLimits>,
}

impl Default for Notices {
    fn default() -> Self {
        Self { feed: broadcast::Sender::new(WAITING), rate_limits: watch::Sender::default() }
    }
}

impl Notices {
    /// The limits are taken in before anything that Codex says later is read, so that a turn that fails for want of
    /// quota finds them.
    pub(crate) fn post(&self, notice: Notice) {
        match notice {
            Notice::RateLimits(update) => self.merge_rate_limits([update]),
            // Nobody may be listening.
            notice => drop(self.feed.send(notice)),
        }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.feed.subscribe()
    }

    pub(crate) fn rate_limits(&self) -> watch::Receiver<RateLimits> {
        self.rate_limits.subscribe()
    }

    pub(crate) fn merge_rate_limits(&self, updates: impl IntoIterator<Item = RateLimit>) {
        self.rate_limits.send_if_modified(|known| {
            updates.into_iter().fold(false, |changed, update| known.merge(update) | changed)
        });
    }

    pub(crate) fn expire_rate_limits(&self) {
        self.rate_limits.send_if_modified(|known| known.expire(SystemTime::now()));
    }

    pub(crate) fn forget_rate_limits(&self) {
        self.rate_limits.send_if_modified(|known| std::mem::take(known) != RateLimits::default());
    }
}

notifications! {
    LoginCompleted = "account/login/completed",
    RateLimitsUpdated = "account/rateLimits/updated",
    AccountUpdated = "account/updated",
}

/// Understands one notification; `None` if it is none of these.
pub(crate) fn parse(method: &str, params: Option<&RawValue>) -> Result<Option<Notice>, serde_json::Error> {
    let Some(method) = Method::named(method) else { return Ok(None) };
    let params = params.map_or("{}", RawValue::get);
    Ok(Some(match method {
        Method::LoginCompleted => {
            let LoginCompleted { login_id, success, error } = serde_json::from_str(params)?;
            let error = (!success).then(|| error.unwrap_or_else(|| "no reason was given".to_owned()));
            Notice::LoginCompleted { login_id, error }
        }
        Method::RateLimitsUpdated => {
            let RateLimitsUpdated { rate_limits } = serde_json::from_str(params)?;
            Notice::RateLimits(rate_limits)
        }
        Method::AccountUpdated => {
            let AccountUpdated { auth_mode, plan_type } = serde_json::from_str(params)?;
            Notice::AccountUpdated { auth_mode, plan: plan_type }
        }
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginCompleted {
    #[serde(default)]
    login_id: Option<String>,
    success: bool,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RateLimitsUpdated {
    rate_limits: RateLimit,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AccountUpdated {
    auth_mode: Option<String>,
    plan_type: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RateLimitWindow;

    fn parsed(method: &str, params: &str) -> Option<Notice> {
        let params = RawValue::from_string(params.to_owned()).unwrap();
        parse(method, Some(&params)).unwrap()
    }

    #[test]
    fn a_sign_in_ends_well_or_says_why_not() {
        let completed = |login_id: &str, error: Option<&str>| {
            Some(Notice::LoginCompleted { login_id: Some(login_id.into()), error: error.map(str::to_owned) })
        };
        let parsed = |params| parsed("account/login/completed", params);
        assert_eq!(parsed(r#"{"loginId":"l","success":true,"error":null}"#), completed("l", None));
        assert_eq!(parsed(r#"{"loginId":"l","success":false,"error":"no"}"#), completed("l", Some("no")));
        assert!(parsed(r#"{"loginId":"l","success":false}"#) != completed("l", None));
    }

    #[test]
    fn an_account_changes_and_its_limits_do() {
        assert_eq!(
            parsed("account/updated", r#"{"authMode":"chatgpt","planType":"plus"}"#),
            Some(Notice::AccountUpdated { auth_mode: Some("chatgpt".into()), plan: Some("plus".into()) }),
        );
        assert_eq!(
            parsed("account/updated", r#"{"authMode":null}"#),
            Some(Notice::AccountUpdated { auth_mode: None, plan: None }),
        );
        let primary =
            RateLimitWindow { used_percent: 43.0, window_duration_mins: Some(300), resets_at: Some(1) };
        assert_eq!(
            parsed(
                "account/rateLimits/updated",
                r#"{"rateLimits":{"limitId":"codex","primary":{"usedPercent":43,"windowDurationMins":300,"resetsAt":1},"secondary":null}}"#,
            ),
            Some(Notice::RateLimits(RateLimit {
                limit_id: Some("codex".into()),
                primary: Some(primary),
                ..RateLimit::default()
            })),
        );
        assert_eq!(parsed("thread/started", "{}"), None);
    }
}
