//! What is news to a person, in words.

use std::{
    collections::BTreeMap,
    mem::{Discriminant, discriminant},
};

use gateway::log::Record;

use crate::{
    notifications::{Notification, NotificationKind},
    view::{AppState, Cure, QuotaWindow, SignInState, Trouble},
};

/// A window of the quota is nearly used up from here on.
const NEARLY_PERCENT: f64 = 90.0;

/// What the person knows of the states that went by.
#[derive(Debug, Clone, Default)]
pub(crate) struct News {
    /// Another attempt at the same thing is no news.
    trouble: Option<Discriminant<Trouble>>,
    has_sign_in_failed: bool,
    /// The limits that are nearly used up, by their labels, and when each is reset. They outlast a Codex that is started
    /// again, which does not know of them at first.
    nearly_used: BTreeMap<String, Option<u64>>,
}

impl News {
    /// The next thing in this state that the person doesn't know. From then on they do. The time is in milliseconds since
    /// 1970.
    pub(crate) fn next(&mut self, state: &AppState, now_ms: u64) -> Option<Notification> {
        self.of_trouble(state)
            .or_else(|| self.of_sign_in(state))
            .or_else(|| state.quota.iter().find_map(|window| self.of_quota(window, state, now_ms)))
    }

    fn of_trouble(&mut self, state: &AppState) -> Option<Notification> {
        let kind = state.trouble.as_ref().map(discriminant);
        let is_known = self.trouble == kind;
        self.trouble = kind;
        state.trouble.as_ref().filter(|_| !is_known).map(of_trouble)
    }

    fn of_sign_in(&mut self, state: &AppState) -> Option<Notification> {
        let has_failed = matches!(state.sign_in, Some(SignInState::Failed { .. }));
        let is_news = has_failed && !self.has_sign_in_failed;
        self.has_sign_in_failed = has_failed;
        is_news.then(sign_in_failed)
    }

    fn of_quota(&mut self, window: &QuotaWindow, state: &AppState, now_ms: u64) -> Option<Notification> {
        if !is_nearly_used(window) {
            return self.nearly_used.remove(&window.label).map(|_| was_reset(window));
        }
        // When it is reset may be told a little differently each time.
        let is_known = self.nearly_used.get(&window.label).is_some_and(|resets_at_ms| {
            *resets_at_ms == window.resets_at_ms || resets_at_ms.is_none_or(|at| at > now_ms)
        });
        if is_known {
            return None;
        }
        self.nearly_used.insert(window.label.clone(), window.resets_at_ms);
        // One that is used up is told of as a trouble.
        let is_trouble = matches!(&state.trouble, Some(Trouble::QuotaUsedUp { window: used, .. }) if *used == window.label);
        (!is_trouble).then(|| nearly_used(window))
    }
}

fn is_nearly_used(window: &QuotaWindow) -> bool {
    window.used_percent >= NEARLY_PERCENT
}

fn was_reset(window: &QuotaWindow) -> Notification {
    Notification {
        kind: NotificationKind::Quota,
        title: format!("The {} limit was reset", window.label),
        body: format!("{:.0} % of it is used.", window.used_percent),
    }
}

fn nearly_used(window: &QuotaWindow) -> Notification {
    Notification {
        kind: NotificationKind::Quota,
        title: format!("The {} limit is nearly used up", window.label),
        body: format!("{:.0} % of it is used. The window says when it resets.", window.used_percent),
    }
}

fn sign_in_failed() -> Notification {
    Notification {
        kind: NotificationKind::SignIn,
        title: "The sign-in failed".to_owned(),
        body: "The window says why. Try again there.".to_owned(),
    }
}

pub(crate) fn window_failed() -> Notification {
    Notification {
        kind: NotificationKind::Trouble,
        title: "The window could not be opened".to_owned(),
        body: "What draws it ended while it was being started. The gateway was started again without it."
            .to_owned(),
    }
}

fn of_trouble(trouble: &Trouble) -> Notification {
    let (kind, title, body) = match trouble {
        Trouble::SignedOut => {
            (NotificationKind::SignIn, "Codex isn't signed in", "Sign in from the window.".to_owned())
        }
        Trouble::CodexMissing { .. } => (
            NotificationKind::Trouble,
            "Codex isn't installed, or not where it was looked for",
            "Install it, or choose it in the window.".to_owned(),
        ),
        Trouble::CodexTooOld { version, lacks } => (
            NotificationKind::Trouble,
            "This Codex is too old",
            format!("Codex {version} lacks {lacks}: update it."),
        ),
        Trouble::CodexStopped { .. } => (
            NotificationKind::Trouble,
            "Codex stopped unexpectedly",
            "It is being started again. The window says more.".to_owned(),
        ),
        Trouble::PortTaken { port, holder, .. } => {
            let holder = holder.as_ref().map_or("another program", |holder| &holder.name);
            (
                NotificationKind::Trouble,
                "The gateway can't listen",
                format!("Port {port} is held by {holder}. The window offers another."),
            )
        }
        Trouble::QuotaUsedUp { window, .. } => (
            NotificationKind::Quota,
            "The quota is used up",
            format!("Codex answers again when the {window} limit resets."),
        ),
        Trouble::Keyring { .. } | Trouble::TokenLost | Trouble::Config { .. } | Trouble::Other { .. } => (
            NotificationKind::Trouble,
            "Codex Gateway needs a look",
            "The window says what is wrong.".to_owned(),
        ),
    };
    Notification { kind, title: title.to_owned(), body }
}

/// A program that was refused for something that its owner can mend.
pub(crate) fn of_refusal(record: &Record, cure: Option<&Cure>) -> Option<Notification> {
    let client = &record.client;
    let body = match (record.status, cure) {
        (401, _) => "It sent a wrong token. Copy the lines for it from the window.".to_owned(),
        (_, Some(Cure::IgnoreUnsupportedParameters)) => format!(
            "It sent {}, which Codex can't honour. To leave such parameters out, switch on “Ignore what can't be \
             honoured” in the settings.",
            record.parameters.refused.join(", ")
        ),
        (_, Some(Cure::AddModelAlias { name, .. })) => {
            format!(
                "There is no model `{name}`. To have another stand in for it, add an alias in the settings."
            )
        }
        _ => return None,
    };
    Some(Notification { kind: NotificationKind::RefusedClient, title: format!("{client} was refused"), body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{Switch, TokenPlace, TokenView};

    /// When the window of the tests is over.
    const RESET: u64 = 1_000;

    fn state(used: &[f64], trouble: Option<Trouble>) -> AppState {
        let window = |used_percent: &f64| QuotaWindow {
            label: "5 h".to_owned(),
            of_some_models: false,
            used_percent: *used_percent,
            resets_at_ms: Some(RESET),
        };
        AppState {
            switch: Switch::On,
            running: 0,
            base_url: String::new(),
            token: TokenView { masked: String::new(), place: TokenPlace::File },
            trouble,
            demo: false,
            codex: None,
            sign_in: None,
            quota: used.iter().map(window).collect(),
            clients: Vec::new(),
            first_run: None,
            version: String::new(),
        }
    }

    /// Everything in a state that is news.
    fn titles(news: &mut News, state: &AppState, now_ms: u64) -> Vec<String> {
        std::iter::from_fn(|| news.next(state, now_ms)).map(|notification| notification.title).collect()
    }

    const NEARLY: &str = "The 5 h limit is nearly used up";
    const WAS_RESET: &str = "The 5 h limit was reset";

    #[test]
    fn a_limit_is_told_when_it_is_nearly_used_up_and_when_it_was_reset() {
        let mut news = News::default();
        let mut told = |used: &[f64]| titles(&mut news, &state(used, None), 1);
        for (used, title) in [
            (50.0, None),
            (89.9, None),
            (90.0, Some(NEARLY)),
            (95.0, None),
            (3.0, Some(WAS_RESET)),
            (4.0, None),
        ] {
            assert_eq!(told(&[used]), title.into_iter().collect::<Vec<_>>(), "{used}");
        }
        assert_eq!(titles(&mut News::default(), &state(&[95.0], None), 1), [NEARLY], "at the first look");
    }

    #[test]
    fn a_limit_is_told_once_however_often_codex_is_started_again() {
        let mut news = News::default();
        let mut told = |used: &[f64], now_ms| titles(&mut news, &state(used, None), now_ms);
        assert_eq!(told(&[95.0], 1), [NEARLY]);
        assert!(told(&[], 2).is_empty() && told(&[95.0], 3).is_empty());
        assert!(told(&[95.0], RESET + 1).is_empty(), "by a clock that goes ahead");
        let mut next_window = state(&[92.0], None);
        next_window.quota[0].resets_at_ms = Some(2 * RESET);
        assert_eq!(titles(&mut news, &next_window, RESET + 1), [NEARLY]);
    }

    #[test]
    fn a_limit_that_is_used_up_is_one_piece_of_news() {
        let mut news = News::default();
        let used_up = Trouble::QuotaUsedUp { window: "5 h".to_owned(), resets_at_ms: Some(RESET) };
        assert_eq!(titles(&mut news, &state(&[100.0], Some(used_up)), 1), ["The quota is used up"]);
        assert_eq!(titles(&mut news, &state(&[0.0], None), RESET + 1), [WAS_RESET]);
    }

    #[test]
    fn another_attempt_is_no_news() {
        let stopped = |attempt| state(&[], Some(Trouble::CodexStopped { attempt, message: "m".to_owned() }));
        let mut news = News::default();
        let mut told = |state: &AppState| titles(&mut news, state, 1).len();
        assert_eq!((told(&stopped(2)), told(&stopped(3))), (1, 0), "of the first state, too");
        assert_eq!(told(&state(&[], Some(Trouble::SignedOut))), 1);
        assert_eq!((told(&state(&[], None)), told(&stopped(1))), (0, 1));
    }

    #[test]
    fn a_sign_in_that_fails_is_told_once() {
        let failed = SignInState::Failed { message: "no".to_owned() };
        let failed = AppState { sign_in: Some(failed), ..state(&[], None) };
        let mut news = News::default();
        assert_eq!(titles(&mut news, &failed, 1), ["The sign-in failed"]);
        assert!(titles(&mut news, &failed, 2).is_empty());
        assert!(titles(&mut news, &state(&[], None), 3).is_empty());
        assert_eq!(titles(&mut news, &failed, 4).len(), 1);
    }
}
