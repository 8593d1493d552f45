//! What becomes of things that happen by themselves: they are shown, and the person is told of some.

use gateway::{SignInError, Status, log::Record};

use crate::{core::Core, cure, news, notifications::Notification, view::AppState};

impl Core {
    /// The Codex of a gateway is doing otherwise than before.
    pub(crate) fn codex_is(&self, gateway: u64, status: Status) {
        self.shown.update(|facts| {
            if let Some(codex) = facts.codex.as_mut().filter(|codex| codex.gateway == gateway) {
                codex.change(status);
            }
        });
        self.show_settings();
    }

    pub(crate) fn request_ended(&self, record: &Record) {
        let models = self.shown.models();
        let cure = cure::of(record, &self.config.settings(), &models);
        if let Some(notification) = news::of_refusal(record, cure.as_ref()) {
            self.tell(notification);
        }
        self.requests.add(record.clone(), cure);
        self.shown.update(|facts| facts.count(&record.client));
    }

    pub(crate) fn sign_in_failed(&self, error: &SignInError) {
        tracing::warn!(%error, "the sign-in failed");
        self.tell(news::sign_in_failed());
    }

    /// Tells of a state that is news to a person who saw the one before.
    pub(crate) fn state_changed(&self, before: &AppState, now: &AppState) {
        news::of_states(before, now).into_iter().for_each(|notification| self.tell(notification));
    }

    fn tell(&self, notification: Notification) {
        self.notifier.tell(&self.desktop_settings().notifications, notification);
    }
}
