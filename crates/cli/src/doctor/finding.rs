//! What one check found.

use std::fmt;

use app_server::redact;
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    /// The gateway works, though not as well as it could.
    Warn,
    Fail,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line of the doctor's report.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// What was looked at, in one word.
    pub(super) check: &'static str,
    pub(super) status: Status,
    pub(super) message: String,
    /// What to do about it.
    pub(super) cure: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, message)
    }

    pub(super) fn warn(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Status::Warn, message)
    }

    pub(super) fn fail(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Status::Fail, message)
    }

    /// Reports are pasted into public places, so that nothing that looks like a secret may be in one.
    fn new(check: &'static str, status: Status, message: impl Into<String>) -> Self {
        Self { check, status, message: redact(&message.into()), cure: None }
    }

    #[must_use]
    pub(super) fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    pub(super) fn json(&self) -> Value {
        let Self { check, status, message, cure } = self;
        json!({"check": check, "status": status.name(), "message": message, "cure": cure})
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, status, message, cure } = self;
        write!(f, "{:4}  {check:8}  {message}", status.name())?;
        if let Some(cure) = cure {
            write!(f, "\n{:16}{cure}", "")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_and_its_cure_another() {
        let finding = Finding::warn("token", "none is set").cure("Run it.");
        assert_eq!(finding.to_string(), "warn  token     none is set\n                Run it.");
        assert_eq!(Finding::ok("port", "8000 is free").to_string(), "ok    port      8000 is free");
        assert_eq!(
            finding.json(),
            json!({"check": "token", "status": "warn", "message": "none is set", "cure": "Run it."})
        );
    }

    #[test]
    fn secrets_are_left_out() {
        assert_eq!(Finding::fail("codex", "bad key sk-12345678").message, "bad key [redacted]");
    }
}
