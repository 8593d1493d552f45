//! What becomes of things that happen by themselves: they are shown, and the person is told of some.

use gateway::{SignInError, Status, log::Record};

use crate::{
    core::Core,
    cure,
    notifications::{Notification, NotificationKind},
    view::{Cure, Trouble},
};

impl Core {
    /// The Codex of a gateway is doing otherwise than before.
    pub(crate) fn codex_is(&self, gateway: u64, status: Status) {
        let before = self.shown.state();
        self.shown.update(|facts| {
            if let Some(codex) = facts.codex.as_mut().filter(|codex| codex.gateway == gateway) {
                codex.change(status);
            }
        });
        self.show_settings();
        let now = self.shown.state();
        if let Some(trouble) =
            now.trouble.as_ref().filter(|trouble| before.trouble.as_ref() != Some(*trouble))
        {
            self.tell(of_trouble(trouble));
        }
    }

    pub(crate) fn request_ended(&self, record: &Record) {
        let models = self.shown.models();
        let cure = cure::of(record, &self.config.settings(), &models);
        if let Some(notification) = of_refusal(record, cure.as_ref()) {
            self.tell(Some(notification));
        }
        self.shown.update(|facts| *facts.clients.entry(record.client.clone()).or_default() += 1);
        self.requests.add(record.clone(), cure);
    }

    pub(crate) fn sign_in_failed(&self, error: &SignInError) {
        tracing::warn!(%error, "the sign-in failed");
        self.tell(Some(Notification {
            kind: NotificationKind::SignIn,
            title: "The sign-in failed".to_owned(),
            body: "Try again from the window, or run `codex login`.".to_owned(),
        }));
    }

    fn tell(&self, notification: Option<Notification>) {
        if let Some(notification) = notification {
            self.notifier.tell(&self.desktop_settings().notifications, notification);
        }
    }
}

fn of_trouble(trouble: &Trouble) -> Option<Notification> {
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
            format!("Codex {version} lacks `{lacks}`: update it."),
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
        Trouble::Keyring { .. } | Trouble::Config { .. } | Trouble::Other { .. } => (
            NotificationKind::Trouble,
            "Codex Gateway needs a look",
            "The window says what is wrong.".to_owned(),
        ),
    };
    Some(Notification { kind, title: title.to_owned(), body })
}

/// A program that was refused for something that its owner can mend.
fn of_refusal(record: &Record, cure: Option<&Cure>) -> Option<Notification> {
    let client = &record.client;
    let body = match (record.status, cure) {
        (401, _) => "It sent a wrong token. Copy the lines for it from the window.".to_owned(),
        (_, Some(Cure::IgnoreUnsupportedParameters)) => format!(
            "It sent {}, which Codex can't honour. Such parameters can be left out: see the request in the window.",
            record.parameters.refused.join(", ")
        ),
        (_, Some(Cure::AddModelAlias { name, .. })) => {
            format!("There is no model `{name}`. Another can stand in for it: see the request in the window.")
        }
        _ => return None,
    };
    Some(Notification { kind: NotificationKind::RefusedClient, title: format!("{client} was refused"), body })
}
