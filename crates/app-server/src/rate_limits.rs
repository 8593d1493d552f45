//! How much of the account's allowance is used, as Codex tells it: piece by piece, with each turn.

use std::time::{Duration, SystemTime};

use serde::Deserialize;

/// The limit that all models count towards, unless they have one of their own.
pub const ORDINARY_LIMIT: &str = "codex";

/// The latest that is known of each limit. Empty where Codex has told nothing, as without an account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RateLimits(Vec<RateLimit>);

/// One limit, or what a notification tells of it: what is absent is unknown, and takes nothing back.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimit {
    /// [`ORDINARY_LIMIT`] when `None`.
    pub limit_id: Option<String>,
    /// A name for people.
    pub limit_name: Option<String>,
    /// The shorter window, some hours.
    pub primary: Option<RateLimitWindow>,
    /// The longer window, such as a week.
    pub secondary: Option<RateLimitWindow>,
}

/// A span of time in which so much may be used.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitWindow {
    /// From 0 to 100.
    pub used_percent: f64,
    /// In minutes.
    #[serde(default)]
    pub window_duration_mins: Option<u64>,
    /// In seconds since 1970.
    #[serde(default)]
    pub resets_at: Option<u64>,
}

impl RateLimits {
    pub fn iter(&self) -> impl Iterator<Item = &RateLimit> {
        self.0.iter()
    }

    /// When the first of the windows is over, which may have been.
    pub fn next_reset(&self) -> Option<SystemTime> {
        self.0.iter().flat_map(RateLimit::windows).filter_map(RateLimitWindow::reset).min()
    }

    /// Takes in what is new. Returns whether anything changed.
    pub(crate) fn merge(&mut self, update: RateLimit) -> bool {
        if update.primary.is_none() && update.secondary.is_none() {
            return false;
        }
        let Some(known) = self.0.iter_mut().find(|known| known.id() == update.id()) else {
            self.0.push(update);
            return true;
        };
        let merged = RateLimit {
            limit_id: update.limit_id,
            limit_name: update.limit_name.or(known.limit_name.take()),
            primary: update.primary.or(known.primary),
            secondary: update.secondary.or(known.secondary),
        };
        let changed = merged != *known;
        *known = merged;
        changed
    }

    /// Forgets the windows that have been reset by `now`: how much is used of the next ones is not known. Returns
    /// whether there were any.
    pub(crate) fn expire(&mut self, now: SystemTime) -> bool {
        let mut expired = false;
        for window in self.0.iter_mut().flat_map(|limit| [&mut limit.primary, &mut limit.secondary]) {
            if window.and_then(|window| window.reset()).is_some_and(|reset| reset <= now) {
                *window = None;
                expired = true;
            }
        }
        self.0.retain(|limit| limit.primary.is_some() || limit.secondary.is_some());
        expired
    }
}

impl RateLimit {
    pub fn id(&self) -> &str {
        self.limit_id.as_deref().unwrap_or(ORDINARY_LIMIT)
    }

    /// The windows that are known, the shorter one first.
    pub fn windows(&self) -> impl Iterator<Item = &RateLimitWindow> {
        self.primary.iter().chain(&self.secondary)
    }
}

impl RateLimitWindow {
    /// When the window is reset.
    pub fn reset(&self) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.resets_at?))
    }

    /// How long the window is.
    pub fn duration(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.window_duration_mins?.checked_mul(60)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(used_percent: f64, resets_at: u64) -> Option<RateLimitWindow> {
        Some(RateLimitWindow { used_percent, window_duration_mins: Some(300), resets_at: Some(resets_at) })
    }

    fn limit(primary: Option<RateLimitWindow>, secondary: Option<RateLimitWindow>) -> RateLimit {
        RateLimit { primary, secondary, ..RateLimit::default() }
    }

    #[test]
    fn what_an_update_leaves_out_stays_known() {
        let mut limits = RateLimits::default();
        assert!(!limits.merge(limit(None, None)));
        assert_eq!(limits, RateLimits::default());
        assert!(limits.merge(limit(window(10.0, 1), window(20.0, 2))));
        assert!(!limits.merge(limit(None, None)));
        assert!(limits.merge(limit(window(11.0, 1), None)));
        assert!(!limits.merge(limit(window(11.0, 1), None)));
        let ordinary = RateLimit { limit_id: Some(ORDINARY_LIMIT.to_owned()), ..RateLimit::default() };
        limits.merge(RateLimit { secondary: window(21.0, 2), ..ordinary });
        let [known] = limits.0.as_slice() else { panic!("{limits:?}") };
        assert_eq!((known.primary, known.secondary), (window(11.0, 1), window(21.0, 2)));
    }

    #[test]
    fn each_limit_is_kept_under_its_id() {
        let mut limits = RateLimits::default();
        limits.merge(limit(window(10.0, 1), None));
        let other = RateLimit { limit_id: Some("other".to_owned()), ..limit(window(90.0, 1), None) };
        limits.merge(other);
        assert_eq!(limits.iter().map(RateLimit::id).collect::<Vec<_>>(), [ORDINARY_LIMIT, "other"]);
    }

    #[test]
    fn a_window_that_was_reset_is_forgotten() {
        let mut limits = RateLimits::default();
        limits.merge(limit(window(100.0, 50), window(20.0, 60)));
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(limits.next_reset(), Some(at(50)));
        assert!(!limits.expire(at(49)));
        assert!(limits.expire(at(50)));
        assert_eq!(limits.0, [limit(None, window(20.0, 60))]);
        assert!(limits.expire(at(60)));
        assert_eq!(limits, RateLimits::default());
    }
}
