//! The state in words, as the menu says it.

use desktop::view::{AppState, ClientCount, PortHolder, QuotaWindow, Switch, Trouble};
use jiff::{Timestamp, Zoned, tz::TimeZone};

/// How much of a text from elsewhere fits in a line of a menu.
const LINE: usize = 80;

/// The first line of the menu: what is in the way, or how it is going and where.
pub(crate) fn status(state: &AppState, zone: &TimeZone) -> String {
    let line = match (&state.trouble, state.switch) {
        (Some(trouble), _) => trouble_in_words(trouble, zone),
        (None, Switch::Off) => "Off".to_owned(),
        (None, Switch::Starting) => "Starting Codex…".to_owned(),
        (None, Switch::On) => {
            let demo = if state.demo { ", with the demo model" } else { "" };
            format!("On{demo}: {}", state.base_url)
        }
    };
    match state.running {
        0 => line,
        1 => format!("{line} (1 request running)"),
        running => format!("{line} ({running} requests running)"),
    }
}

fn trouble_in_words(trouble: &Trouble, zone: &TimeZone) -> String {
    match trouble {
        Trouble::CodexMissing { .. } => "Codex isn't installed, or not where it was looked for".to_owned(),
        Trouble::CodexTooOld { version, lacks } => format!("Codex {version} is too old: it lacks {lacks}"),
        Trouble::CodexStopped { attempt: 0 | 1, .. } => "Codex stopped unexpectedly; restarting".to_owned(),
        Trouble::CodexStopped { attempt, .. } => {
            format!("Codex stopped unexpectedly; restarting (attempt {attempt})")
        }
        Trouble::SignedOut => "Codex isn't signed in".to_owned(),
        Trouble::PortTaken { port, holder: Some(PortHolder { name, pid }), .. } => {
            format!("Port {port} is held by {name} (pid {pid})")
        }
        Trouble::PortTaken { port, holder: None, .. } => format!("Port {port} is held by another program"),
        Trouble::Keyring { message } => short(&format!("The keyring gave no token: {message}")),
        Trouble::TokenLost => "The keyring no longer has the token".to_owned(),
        Trouble::QuotaUsedUp { window, resets_at_ms } => {
            format!("The {window} limit is used up{}", resets(*resets_at_ms, zone))
        }
        Trouble::Config { message } => short(&format!("The config file can't be used: {message}")),
        Trouble::Other { message } => short(message),
    }
}

/// One line for each of the account's limits.
pub(crate) fn quota(windows: &[QuotaWindow], zone: &TimeZone) -> Vec<String> {
    if windows.is_empty() {
        return vec!["Limits: not known yet".to_owned()];
    }
    windows.iter().map(|window| limit(window, zone)).collect()
}

fn limit(window: &QuotaWindow, zone: &TimeZone) -> String {
    let left = (100.0 - window.used_percent).clamp(0.0, 100.0).floor();
    format!("{} limit: {left} % left{}", window.label, resets(window.resets_at_ms, zone))
}

/// When a limit is lifted, by the clock here: the time, with the day if it is another one.
fn resets(at_ms: Option<u64>, zone: &TimeZone) -> String {
    let at = at_ms.and_then(|at| Timestamp::from_millisecond(i64::try_from(at).ok()?).ok());
    let Some(at) = at.map(|at| at.to_zoned(zone.clone())) else { return String::new() };
    let today = Zoned::now().with_time_zone(zone.clone()).date();
    let format = if at.date() == today { "%H:%M" } else { "%a %-d %b, %H:%M" };
    format!(", resets {}", at.strftime(format))
}

/// One line for each program that asked, most requests first.
pub(crate) fn clients(clients: &[ClientCount]) -> Vec<String> {
    const SHOWN: usize = 10;
    if clients.is_empty() {
        return vec!["No requests yet".to_owned()];
    }
    let line = |client: &ClientCount| match client.requests {
        1 => format!("{}: 1 request", short(&client.name)),
        requests => format!("{}: {requests} requests", short(&client.name)),
    };
    clients.iter().take(SHOWN).map(line).collect()
}

/// A line's worth of a text, without line breaks.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(label: &str, used_percent: f64, resets_at_ms: Option<u64>) -> QuotaWindow {
        QuotaWindow { label: label.to_owned(), of_some_models: false, used_percent, resets_at_ms }
    }

    #[test]
    fn a_limit_says_when_it_is_lifted() {
        // 2001-09-09, 01:46:40 UTC.
        let windows = [window("5 h", 130.0, None), window("week", 25.1, Some(1_000_000_000_000))];
        let lines = quota(&windows, &TimeZone::UTC);
        assert_eq!(lines, ["5 h limit: 0 % left", "week limit: 74 % left, resets Sun 9 Sep, 01:46"]);
        assert_eq!(quota(&[], &TimeZone::UTC), ["Limits: not known yet"]);
    }

    #[test]
    fn trouble_is_one_line() {
        let trouble = Trouble::Other { message: format!("first\nsecond {}", "x".repeat(200)) };
        let line = trouble_in_words(&trouble, &TimeZone::UTC);
        assert!(
            line.starts_with("first second xxx") && line.ends_with('…') && line.chars().count() == LINE + 1
        );
        let holder = Some(PortHolder { name: "python3".to_owned(), pid: 4711 });
        let trouble = Trouble::PortTaken { port: 8000, holder, next_free: Some(8001) };
        assert_eq!(trouble_in_words(&trouble, &TimeZone::UTC), "Port 8000 is held by python3 (pid 4711)");
    }

    #[test]
    fn clients_are_counted() {
        let clients_ = [("openai-python/3.54.0", 2), ("curl/8.0", 1)]
            .map(|(name, requests)| ClientCount { name: name.to_owned(), requests });
        assert_eq!(clients(&clients_), ["openai-python/3.54.0: 2 requests", "curl/8.0: 1 request"]);
        assert_eq!(clients(&[]), ["No requests yet"]);
    }
}
