//! How much of the account's allowance is left, told with every answer in the headers that OpenAI's API has for it.
//!
//! Codex tells a percentage, and of no number of requests. So the limit is said to be 100, and what remains is percent
//! of the window that has the least left: programs that slow down near the end do so at the right time.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};

use crate::quota::Quota;

/// Adds the headers to whatever the answer is, where the account's limits are known.
pub(super) fn announce(headers: &mut HeaderMap, quota: &Quota) {
    let Some(window) = quota.tightest() else { return };
    // Rounded, as Codex does, and not down to nothing before there is nothing.
    let remaining = format!("{}", (100.0 - window.used_percent).ceil());
    headers.insert("x-ratelimit-limit-requests", HeaderValue::from_static("100"));
    let mut insert = |name, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    insert("x-ratelimit-remaining-requests", remaining);
    if let Some(resets_in) = window.resets_in() {
        insert("x-ratelimit-reset-requests", openai_duration(resets_in));
    }
}

/// A duration as OpenAI's API writes it, such as `2h10m0s`.
fn openai_duration(duration: Duration) -> String {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::QuotaWindow;

    #[test]
    fn durations_are_written_as_openai_does() {
        for (seconds, text) in
            [(0, "0s"), (59, "59s"), (60, "1m0s"), (7800, "2h10m0s"), (604_800, "168h0m0s")]
        {
            assert_eq!(openai_duration(Duration::from_secs(seconds)), text);
        }
        assert_eq!(openai_duration(Duration::from_millis(1)), "1s");
    }

    #[test]
    fn the_window_with_the_least_left_is_told_and_others_limits_are_not() {
        let window = |limit: Option<&str>, used_percent| QuotaWindow {
            limit: limit.map(str::to_owned),
            used_percent,
            window: None,
            resets_at: None,
        };
        let mut headers = HeaderMap::new();
        announce(&mut headers, &Quota::default());
        assert!(headers.is_empty());
        let windows = vec![window(None, 10.0), window(None, 42.5), window(Some("other"), 99.0)];
        announce(&mut headers, &Quota { windows });
        assert_eq!(headers["x-ratelimit-limit-requests"], "100");
        assert_eq!(headers["x-ratelimit-remaining-requests"], "58");
        assert!(!headers.contains_key("x-ratelimit-reset-requests"));
    }
}
