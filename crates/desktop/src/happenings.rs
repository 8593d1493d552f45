//! What becomes of things that happen by themselves: they are shown, and the person is told of some.

use gateway::{SignInError, Status, log::Record};

use crate::{core::Core, cure, news, notifications::Notification, problem::Problem, view::SignInState};

impl Core {
    /// The Codex of a gateway is doing otherwise than before.
    pub(crate) fn codex_is(&self, gateway: u64, status: Status) {
        self.shown.update(|facts| {
            let Some(codex) = facts.codex.as_mut().filter(|codex| codex.gateway == gateway) else { return };
            let was_without = codex.signed_in() == Some(false);
            codex.change(status);
            // Also from another terminal: nothing is left to wait for, or to mend.
            if was_without && codex.signed_in() == Some(true) {
                facts.sign_in = None;
            }
        });
        self.show_settings();
    }

    /// A look at the gateway's health is nobody's request: whoever watches it would hide those of the programs.
    pub(crate) fn request_ended(&self, record: &Record) {
        if record.is_health_check() {
            return;
        }
        let models = self.shown.models();
        let cure = cure::of(record, &self.config.settings(), &models);
        if let Some(notification) = news::of_refusal(record, cure.as_ref()) {
            self.tell(notification);
        }
        self.requests.add(record.clone(), cure);
        self.shown.update(|facts| facts.count(&record.client));
    }

    pub(crate) fn sign_in_failed(&self, error: SignInError) {
        tracing::warn!(%error, "the sign-in failed");
        let message = Problem::SignIn(error).to_string();
        self.show_sign_in(Some(SignInState::Failed { message }));
    }

    pub(crate) fn show_sign_in(&self, sign_in: Option<SignInState>) {
        self.shown.update(|facts| facts.sign_in = sign_in);
    }

    pub(crate) fn tell(&self, notification: Notification) {
        self.notifier.tell(&self.desktop_settings().notifications, notification);
    }
}
