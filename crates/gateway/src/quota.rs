//! How much of the account's allowance is used.

use std::time::{Duration, SystemTime};

use app_server::{ORDINARY_LIMIT, RateLimits};

/// What Codex has told of the account's limits. Without windows where it has told nothing, as without an account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quota {
    /// Those of the account's ordinary limit first, and of each limit the shorter first.
    pub windows: Vec<QuotaWindow>,
}

/// A span of time in which so much may be used.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaWindow {
    /// The limit's name, where it is not the ordinary one that most models count towards.
    pub limit: Option<String>,
    /// From 0 to 100.
    pub used_percent: f64,
    /// How long the window is.
    pub window: Option<Duration>,
    pub resets_at: Option<SystemTime>,
}

impl Quota {
    /// What is known, less the windows that are over by `now`.
    pub(crate) fn new(limits: &RateLimits, now: SystemTime) -> Self {
        let windows = limits.iter().flat_map(|limit| {
            let name = limit.limit_name.as_deref().unwrap_or(limit.id());
            let name = (limit.id() != ORDINARY_LIMIT).then(|| name.to_owned());
            limit.windows().map(move |window| QuotaWindow {
                limit: name.clone(),
                used_percent: window.used_percent.clamp(0.0, 100.0),
                window: window.duration(),
                resets_at: window.reset(),
            })
        });
        let mut windows: Vec<_> =
            windows.filter(|window| window.resets_at.is_none_or(|at| at > now)).collect();
        windows.sort_by_key(|window| window.limit.is_some());
        Self { windows }
    }

    /// The window of the ordinary limit that has the least left.
    pub fn tightest(&self) -> Option<&QuotaWindow> {
        self.ordinary().max_by(|one, other| one.used_percent.total_cmp(&other.used_percent))
    }

    /// The window of the ordinary limit that is used up, and of several the one that stays so for longest.
    pub fn used_up(&self) -> Option<&QuotaWindow> {
        self.ordinary().filter(|window| window.used_percent >= 100.0).max_by_key(|window| window.resets_at)
    }

    fn ordinary(&self) -> impl Iterator<Item = &QuotaWindow> {
        self.windows.iter().filter(|window| window.limit.is_none())
    }
}

impl QuotaWindow {
    /// How long it is until the window is reset.
    pub fn resets_in(&self) -> Option<Duration> {
        self.resets_at?.duration_since(SystemTime::now()).ok()
    }
}
