//! What Codex's failures mean for a turn.

use std::time::Duration;

use app_server::{CodexErrorInfo, Error, Lost, redact};
use serde::Deserialize;

use crate::turn::{Finish, TurnError, TurnErrorKind};

/// A turn that Codex reports as failed. Some failures are answers: the model was cut off.
pub(super) fn turn_failed(error: &app_server::TurnError) -> Result<Finish, TurnError> {
    if let Some((_, reason)) = error.message.split_once("Incomplete response returned, reason: ") {
        return match reason.trim() {
            "max_output_tokens" => Ok(Finish::Length),
            "content_filter" => Ok(Finish::ContentFilter),
            reason => Err(TurnError::new(
                TurnErrorKind::Provider { status: None },
                format!("The model's answer is incomplete ({}).", redact(reason)),
            )),
        };
    }
    let message = redact(&error.message);
    let CodexErrorInfo { code, http_status } = error
        .codex_error_info
        .clone()
        .unwrap_or_else(|| CodexErrorInfo { code: "other".into(), http_status: None });
    Err(by_code(&code, http_status).map_or_else(
        || other(&error.message, &message),
        |(kind, retry_after, advice)| {
            let error = TurnError::new(kind, sentence(&message, advice));
            retry_after.map_or(error.clone(), |seconds| error.retry_after(Duration::from_secs(seconds)))
        },
    ))
}

type Meaning = (TurnErrorKind, Option<u64>, &'static str);

/// What Codex's own error codes and the provider's HTTP status mean, when to try again (in seconds), and what to do.
fn by_code(code: &str, http_status: Option<u16>) -> Option<Meaning> {
    Some(match (code, http_status) {
        ("contextWindowExceeded" | "sessionBudgetExceeded", _) => (
            TurnErrorKind::ContextLengthExceeded,
            None,
            "Shorten the conversation, or use a model with a larger context window.",
        ),
        ("usageLimitExceeded", _) => (TurnErrorKind::UsageLimit, None, ""),
        ("rateLimitExceeded", _) | (_, Some(429)) => {
            (TurnErrorKind::RateLimit, Some(10), "Wait a moment, and send fewer requests at once.")
        }
        ("serverOverloaded" | "flexUnavailable" | "policyCapacityUnavailable", _) => {
            (TurnErrorKind::Overloaded, Some(10), "")
        }
        ("unauthorized", _) | (_, Some(401)) => (
            TurnErrorKind::SignedOut,
            None,
            "Codex isn't signed in, or its sign-in is no longer accepted: run `codex login`.",
        ),
        ("modelNotFound", _) => {
            (TurnErrorKind::ModelNotFound, None, "GET /v1/models lists the models there are.")
        }
        ("cyberPolicy" | "misalignmentPolicyViolation" | "tooManyDenials" | "inferenceHookDenied", _) => {
            (TurnErrorKind::Policy, None, "")
        }
        ("badRequest", _) => (TurnErrorKind::Rejected { param: None, code: None }, None, ""),
        ("responseStreamDisconnected", _) => (TurnErrorKind::Disconnected, None, "Send the request again."),
        ("internalServerError", _) => (TurnErrorKind::Provider { status: Some(500) }, None, ""),
        (_, Some(status)) => (TurnErrorKind::Provider { status: Some(status) }, None, ""),
        _ => return None,
    })
}

/// A failure without a code of its own: the provider's refusal of the request as it came, or a broken stream.
fn other(raw: &str, message: &str) -> TurnError {
    #[derive(Deserialize)]
    struct Body {
        error: Reason,
    }
    #[derive(Deserialize)]
    struct Reason {
        message: String,
        #[serde(default)]
        param: Option<String>,
        #[serde(default)]
        code: Option<String>,
    }
    if let Ok(Body { error: Reason { message, param, code } }) = serde_json::from_str(raw) {
        let kind = match code.as_deref() {
            Some("context_length_exceeded") => TurnErrorKind::ContextLengthExceeded,
            _ => TurnErrorKind::Rejected { param, code },
        };
        return TurnError::new(kind, redact(&message));
    }
    if raw.starts_with("stream disconnected before completion") {
        return TurnError::new(TurnErrorKind::Disconnected, sentence(message, "Send the request again."));
    }
    TurnError::new(TurnErrorKind::Provider { status: None }, message)
}

fn sentence(message: &str, advice: &str) -> String {
    let message = message.trim_end();
    match (advice, message.ends_with(['.', '!', '?'])) {
        ("", _) => message.to_owned(),
        (_, true) => format!("{message} {advice}"),
        (_, false) => format!("{message}. {advice}"),
    }
}

/// A request to Codex that failed while a turn was being set up.
pub(super) fn request_failed(error: &Error) -> TurnError {
    match error {
        Error::Closed { .. } => crashed(),
        // The app-server's own word for too much work.
        Error::Refused { code: -32001, .. } => {
            TurnError::new(TurnErrorKind::Overloaded, error.to_string()).retry_after(Duration::from_secs(1))
        }
        Error::Refused { .. } => {
            TurnError::new(TurnErrorKind::Rejected { param: None, code: None }, error.to_string())
        }
        Error::TimedOut { .. } => TurnError::new(TurnErrorKind::Unavailable, format!("{error}.")),
        Error::Answer { .. } | Error::Params { .. } => {
            TurnError::new(TurnErrorKind::Provider { status: None }, format!("{error}."))
        }
    }
}

pub(super) fn lost(lost: Lost) -> TurnError {
    match lost {
        Lost::Closed => crashed(),
        Lost::Overflow => TurnError::new(
            TurnErrorKind::Overflow,
            "The answer was taken too slowly: more than 16 MB of it were waiting. Read the stream as it comes.",
        ),
    }
}

fn crashed() -> TurnError {
    TurnError::new(
        TurnErrorKind::Crashed,
        "Codex stopped while the request was running. It is being restarted: send the request again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(message: &str, info: serde_json::Value) -> Result<Finish, TurnError> {
        let error = serde_json::json!({"message": message, "codexErrorInfo": info});
        turn_failed(&serde_json::from_value(error).unwrap())
    }

    fn kind(message: &str, info: serde_json::Value) -> TurnErrorKind {
        failed(message, info).unwrap_err().kind
    }

    #[test]
    fn each_code_has_its_meaning() {
        use serde_json::json;
        let status = |name: &str, status: u16| json!({name: {"httpStatusCode": status}});
        for (info, expected) in [
            (json!("usageLimitExceeded"), TurnErrorKind::UsageLimit),
            (json!("rateLimitExceeded"), TurnErrorKind::RateLimit),
            (status("responseTooManyFailedAttempts", 429), TurnErrorKind::RateLimit),
            (status("httpConnectionFailed", 401), TurnErrorKind::SignedOut),
            (status("httpConnectionFailed", 503), TurnErrorKind::Provider { status: Some(503) }),
            (json!("contextWindowExceeded"), TurnErrorKind::ContextLengthExceeded),
            (json!("serverOverloaded"), TurnErrorKind::Overloaded),
            (json!("internalServerError"), TurnErrorKind::Provider { status: Some(500) }),
            (json!("cyberPolicy"), TurnErrorKind::Policy),
            (json!("somethingNew"), TurnErrorKind::Provider { status: None }),
            (json!(null), TurnErrorKind::Provider { status: None }),
        ] {
            assert_eq!(kind("m", info.clone()), expected, "{info}");
        }
    }

    #[test]
    fn a_cut_off_answer_is_an_answer() {
        let finish = |reason: &str| {
            failed(
                &format!("stream disconnected: Incomplete response returned, reason: {reason}"),
                "other".into(),
            )
        };
        assert_eq!(finish("max_output_tokens"), Ok(Finish::Length));
        assert_eq!(finish("content_filter"), Ok(Finish::ContentFilter));
        assert!(finish("something_new").is_err());
    }

    #[test]
    fn the_providers_own_words_are_kept_and_secrets_are_not() {
        let body = r#"{"error": {"message": "Bad image, key sk-12345678", "param": "input", "code": "invalid_image"}}"#;
        let error = failed(body, "other".into()).unwrap_err();
        assert_eq!(error.message, "Bad image, key [redacted]");
        assert_eq!(
            error.kind,
            TurnErrorKind::Rejected { param: Some("input".into()), code: Some("invalid_image".into()) }
        );
    }
}
