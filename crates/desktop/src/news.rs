//! What is news to a person, in words.

use gateway::log::Record;

use crate::{
    notifications::{Notification, NotificationKind},
    view::{AppState, Cure, QuotaWindow, Trouble},
};

/// A window of the quota is nearly used up from here on.
const NEARLY_PERCENT: f64 = 90.0;

/// What the second state brings that the first had not.
pub(crate) fn of_states(before: &AppState, now: &AppState) -> Vec<Notification> {
    let trouble = now.trouble.as_ref().filter(|trouble| {
        // Another attempt at the same thing is no news.
        before.trouble.as_ref().map(std::mem::discriminant) != Some(std::mem::discriminant(*trouble))
    });
    let quota = now.quota.iter().filter_map(|window| {
        let earlier = before.quota.iter().find(|earlier| earlier.label == window.label)?;
        of_quota(earlier, window)
    });
    // The one that was full at the first look is worth a word, too.
    let first = before.quota.is_empty().then(|| now.quota.iter().find(|window| is_nearly_used(window)));
    let first = first.flatten().map(nearly_used);
    trouble.map(of_trouble).into_iter().chain(first).chain(quota).collect()
}

fn of_quota(before: &QuotaWindow, now: &QuotaWindow) -> Option<Notification> {
    match (is_nearly_used(before), is_nearly_used(now)) {
        (false, true) => Some(nearly_used(now)),
        (true, false) => Some(Notification {
            kind: NotificationKind::Quota,
            title: format!("The limit of {} was reset", now.label),
            body: format!("{:.0} % of it is used.", now.used_percent),
        }),
        _ => None,
    }
}

fn is_nearly_used(window: &QuotaWindow) -> bool {
    window.used_percent >= NEARLY_PERCENT
}

fn nearly_used(window: &QuotaWindow) -> Notification {
    Notification {
        kind: NotificationKind::Quota,
        title: format!("The limit of {} is nearly used up", window.label),
        body: format!("{:.0} % of it is used. The window says when it resets.", window.used_percent),
    }
}

pub(crate) fn sign_in_failed() -> Notification {
    Notification {
        kind: NotificationKind::SignIn,
        title: "The sign-in failed".to_owned(),
        body: "Try again from the window, or run `codex login`.".to_owned(),
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
        Trouble::SignedOut => (
            NotificationKind::SignIn,
            "Codex isn't signed in",
            "Sign in from the window, or run `codex login`.".to_owned(),
        ),
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
            format!("Codex answers again when the limit of {window} resets."),
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

    fn state(used: &[f64], trouble: Option<Trouble>) -> AppState {
        let window = |used_percent: &f64| QuotaWindow {
            label: "5 h".to_owned(),
            used_percent: *used_percent,
            resets_at_ms: None,
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

    fn titles(before: &AppState, now: &AppState) -> Vec<String> {
        of_states(before, now).into_iter().map(|notification| notification.title).collect()
    }

    #[test]
    fn a_quota_is_told_when_it_is_nearly_used_up_and_when_it_was_reset() {
        let states = [&[][..], &[50.0], &[89.9], &[90.0], &[95.0], &[3.0]].map(|used| state(used, None));
        let told: Vec<_> = states.windows(2).map(|pair| titles(&pair[0], &pair[1])).collect();
        let none = Vec::<String>::new();
        assert_eq!(
            told,
            [
                none.clone(),
                none.clone(),
                vec!["The limit of 5 h is nearly used up".to_owned()],
                none,
                vec!["The limit of 5 h was reset".to_owned()],
            ]
        );
        assert_eq!(titles(&states[0], &states[3]), ["The limit of 5 h is nearly used up"]);
    }

    #[test]
    fn another_attempt_is_no_news() {
        let stopped = |attempt| state(&[], Some(Trouble::CodexStopped { attempt, message: "m".to_owned() }));
        assert_eq!(titles(&state(&[], None), &stopped(2)).len(), 1);
        assert!(titles(&stopped(2), &stopped(3)).is_empty());
        assert_eq!(titles(&stopped(3), &state(&[], Some(Trouble::SignedOut))).len(), 1);
        assert!(titles(&stopped(3), &state(&[], None)).is_empty());
    }
}
