//! What Codex's failures mean for a turn.

use std::time::Duration;

use app_server::{
    CodexErrorInfo, Error, Lost,
    protocol::{Request, ThreadInjectItems, TurnStart},
    redact,
};
use serde::Deserialize;

use super::wait;
use crate::{
    quota::{Quota, QuotaWindow},
    turn::{Finish, TurnError, TurnErrorKind},
};

/// A turn that Codex reports as failed. Some failures are answers: the model was cut off. `quota` tells how long it
/// lasts, where that is the trouble.
pub(super) fn turn_failed(error: &app_server::TurnError, quota: &Quota) -> Result<Finish, TurnError> {
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
    Err(match by_code(&code, http_status) {
        Some((TurnErrorKind::UsageLimit, _)) => usage_limit(&message, quota),
        Some((TurnErrorKind::RateLimit, advice)) => {
            let wait = wait::asked_for(&message).or_else(|| quota.used_up()?.resets_in());
            TurnError::new(TurnErrorKind::RateLimit, sentence(&message, advice))
                .retry_after(wait.unwrap_or(A_MOMENT))
        }
        Some((TurnErrorKind::Overloaded, advice)) => {
            TurnError::new(TurnErrorKind::Overloaded, sentence(&message, advice)).retry_after(A_MOMENT)
        }
        Some((kind, advice)) => TurnError::new(kind, sentence(&message, advice)),
        None => other(&error.message, &message),
    })
}

/// Whether Codex has found no way to the provider, and waits for one: by itself it does so without end.
pub(super) fn is_offline(error: &app_server::TurnError) -> bool {
    error.message.contains("waiting for network")
}

pub(super) fn unreachable() -> TurnError {
    TurnError::new(
        TurnErrorKind::Unreachable,
        "Codex can't reach the model's provider. Check this machine's network, any proxy, and the certificates of both, \
         then send the request again.",
    )
}

/// JSON-RPC's code for trouble of whoever was asked.
const INTERNAL_ERROR: i64 = -32603;

/// How long to wait where nobody says.
const A_MOMENT: Duration = Duration::from_secs(10);

const SHORTEN: &str = "Shorten the conversation, or use a model with a larger context window.";

/// Codex's own words name a time only sometimes, and then as a local one.
fn usage_limit(message: &str, quota: &Quota) -> TurnError {
    match quota.used_up().and_then(QuotaWindow::resets_in) {
        Some(left) => {
            let advice = format!("The limit resets in {}.", wait::in_words(left));
            TurnError::new(TurnErrorKind::UsageLimit, sentence(message, &advice)).retry_after(left)
        }
        None => TurnError::new(TurnErrorKind::UsageLimit, message),
    }
}

/// What Codex's own error codes and the provider's HTTP status mean, and what to do.
fn by_code(code: &str, http_status: Option<u16>) -> Option<(TurnErrorKind, &'static str)> {
    Some(match (code, http_status) {
        ("contextWindowExceeded" | "sessionBudgetExceeded", _) => {
            (TurnErrorKind::ContextLengthExceeded, SHORTEN)
        }
        ("usageLimitExceeded", _) => (TurnErrorKind::UsageLimit, ""),
        ("rateLimitExceeded", _) | (_, Some(429)) => {
            (TurnErrorKind::RateLimit, "Wait a moment, and send fewer requests at once.")
        }
        ("serverOverloaded" | "flexUnavailable" | "policyCapacityUnavailable", _) => {
            (TurnErrorKind::Overloaded, "")
        }
        ("unauthorized", _) | (_, Some(401)) => {
            (TurnErrorKind::SignedOut, "Codex isn't signed in, or its sign-in is no longer accepted.")
        }
        ("modelNotFound", _) => (TurnErrorKind::ModelNotFound, "GET /v1/models lists the models there are."),
        (
            "cyberPolicy"
            | "bioPolicy"
            | "misalignmentPolicyViolation"
            | "tooManyDenials"
            | "inferenceHookDenied",
            _,
        ) => (TurnErrorKind::Policy, ""),
        ("badRequest", _) => (TurnErrorKind::Rejected { param: None, code: None }, ""),
        ("responseStreamDisconnected", _) => (TurnErrorKind::Disconnected, "Send the request again."),
        ("internalServerError", _) => (TurnErrorKind::Provider { status: Some(500) }, ""),
        (_, Some(status)) => (TurnErrorKind::Provider { status: Some(status) }, ""),
        _ => return None,
    })
}

/// A failure without a code of its own: the provider's refusal of the request as it came, or a broken stream.
fn other(raw: &str, message: &str) -> TurnError {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Body {
        Error { error: Reason },
        Detail { detail: String },
    }
    #[derive(Deserialize)]
    struct Reason {
        message: String,
        #[serde(default)]
        param: Option<String>,
        #[serde(default)]
        code: Option<String>,
    }
    match serde_json::from_str(raw) {
        Ok(Body::Error { error: Reason { message, param, code } }) => {
            let message = redact(&message);
            return match code.as_deref() {
                // Before 0.169 Codex has no code of its own for a request that is refused at once for its length.
                Some("context_length_exceeded") => {
                    TurnError::new(TurnErrorKind::ContextLengthExceeded, sentence(&message, SHORTEN))
                }
                _ => TurnError::new(TurnErrorKind::Rejected { param, code }, message),
            };
        }
        Ok(Body::Detail { detail }) => {
            return TurnError::new(TurnErrorKind::Rejected { param: None, code: None }, redact(&detail));
        }
        Err(_) => {}
    }
    if raw.starts_with("stream disconnected before completion") {
        return TurnError::new(TurnErrorKind::Disconnected, sentence(message, "Send the request again."));
    }
    if is_codexs_own(raw) {
        return TurnError::new(TurnErrorKind::Provider { status: None }, message);
    }
    // Codex leaves nothing but the provider's words of `invalid_prompt` and of the codes like it, by which the provider
    // says that it will not answer this prompt.
    let code = Some("invalid_prompt".to_owned());
    TurnError::new(TurnErrorKind::Rejected { param: None, code }, message)
}

/// Whether a failure without a code is in Codex's own words, and so no provider's.
fn is_codexs_own(raw: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "Fatal error",
        "Missing environment variable",
        "agent thread limit",
        "codex-linux-sandbox",
        "internal error",
        "interrupted",
        "no thread with id",
        "request timed out",
        "sandbox error",
        "session configured event",
        "spawn failed",
        "timeout waiting",
        "turn aborted",
        "unsupported operation",
    ];
    raw.is_empty()
        || BEGINNINGS.iter().any(|beginning| raw.starts_with(beginning))
        // How Rust prints errors of the system and of JSON.
        || raw.contains("(os error ")
        || (raw.contains(" at line ") && raw.contains(" column "))
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
        Error::Refused { method, code, message } if is_callers(method, *code, message) => {
            TurnError::new(TurnErrorKind::Rejected { param: None, code: None }, error.to_string())
        }
        Error::Refused { .. } => TurnError::new(TurnErrorKind::Unavailable, format!("{error}.")),
        Error::TimedOut { .. } | Error::Server { .. } => {
            TurnError::new(TurnErrorKind::Unavailable, format!("{error}."))
        }
        Error::Answer { .. } | Error::Params { .. } => {
            TurnError::new(TurnErrorKind::Provider { status: None }, format!("{error}."))
        }
    }
}

/// Whether a refusal is of what the caller said. All else is between Codex, its configuration and the gateway.
fn is_callers(method: &str, code: i64, message: &str) -> bool {
    const OURS: [&str; 2] = ["thread not found", "This chat uses"];
    matches!(method, ThreadInjectItems::<()>::METHOD | TurnStart::METHOD)
        && code != INTERNAL_ERROR
        && !OURS.iter().any(|ours| message.starts_with(ours))
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

pub(super) fn broke_off() -> TurnError {
    TurnError::new(
        TurnErrorKind::Disconnected,
        "The model's answer broke off after it had called a function. Send the request again.",
    )
}

pub(super) fn not_offered(function: &str) -> TurnError {
    TurnError::new(
        TurnErrorKind::InvalidOutput,
        format!("The model called `{}`, which it was not offered. Send the request again.", redact(function)),
    )
}

pub(super) fn server_started(name: &str) -> TurnError {
    TurnError::new(
        TurnErrorKind::Unavailable,
        format!(
            "Codex has started the MCP server `{name}`, which no request may have. Send the request again; if that does \
             not help, remove the server from Codex's configuration."
        ),
    )
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
    use std::time::SystemTime;

    fn failed(message: &str, info: serde_json::Value) -> Result<Finish, TurnError> {
        let error = serde_json::json!({"message": message, "codexErrorInfo": info});
        turn_failed(&serde_json::from_value(error).unwrap(), &Quota::default())
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
        ] {
            assert_eq!(kind("m", info.clone()), expected, "{info}");
        }
    }

    #[test]
    fn every_code_of_codex_has_been_thought_of() {
        // What the gateway never asks for, and what says nothing.
        const UNUSED: [&str; 3] = ["threadRollbackFailed", "sandboxError", "other"];
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../generated/codex-protocol.schema.json");
        let schema: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let forms = schema["$defs"]["CodexErrorInfo"]["anyOf"].as_array().unwrap();
        let codes: Vec<_> = forms
            .iter()
            .filter_map(|form| form["enum"].as_array())
            .flatten()
            .map(|it| it.as_str().unwrap())
            .collect();
        assert!(codes.contains(&"usageLimitExceeded"));
        for code in codes {
            assert!(by_code(code, None).is_some() != UNUSED.contains(&code), "{code}");
        }
    }

    #[test]
    fn what_has_no_code_is_the_prompts_fault_unless_codex_speaks_for_itself() {
        let rejected =
            |code: Option<&str>| TurnErrorKind::Rejected { param: None, code: code.map(str::to_owned) };
        for info in ["other", "somethingNew"] {
            assert_eq!(kind("This prompt was flagged.", info.into()), rejected(Some("invalid_prompt")));
            assert_eq!(kind(r#"{"detail": "No such thing."}"#, info.into()), rejected(None));
            for own in
                ["", "request timed out", "Broken pipe (os error 32)", "expected value at line 1 column 1"]
            {
                assert_eq!(kind(own, info.into()), TurnErrorKind::Provider { status: None }, "{own}");
            }
        }
    }

    #[test]
    fn the_time_to_wait_is_the_windows_or_the_one_that_is_asked_for() {
        let window = |used_percent, seconds| QuotaWindow {
            limit: None,
            used_percent,
            window: None,
            resets_at: Some(SystemTime::now() + Duration::from_secs(seconds)),
        };
        let wait = |message: &str, info: &str, windows: Vec<QuotaWindow>| {
            let error = serde_json::json!({"message": message, "codexErrorInfo": info});
            turn_failed(&serde_json::from_value(error).unwrap(), &Quota { windows }).unwrap_err()
        };
        let error = wait("Used up.", "usageLimitExceeded", vec![window(100.0, 7830), window(40.0, 90_000)]);
        assert_eq!(error.message, "Used up. The limit resets in 2 h 10 min.");
        assert!((7820..=7830).contains(&error.retry_after.unwrap().as_secs()), "{error:?}");
        let unknown = wait("Used up.", "usageLimitExceeded", vec![window(40.0, 90_000)]);
        assert_eq!((unknown.message.as_str(), unknown.retry_after), ("Used up.", None));

        let asked = wait("Please try again in 11.054s.", "rateLimitExceeded", vec![window(100.0, 7830)]);
        assert_eq!(asked.retry_after, Some(Duration::from_millis(11_054)));
        assert!(
            wait("Slow down", "rateLimitExceeded", vec![window(100.0, 7830)]).retry_after > Some(A_MOMENT)
        );
        assert_eq!(wait("Slow down", "rateLimitExceeded", vec![]).retry_after, Some(A_MOMENT));
    }

    #[test]
    fn what_codex_refuses_is_the_callers_fault_only_where_it_is_theirs() {
        let kind = |method, code, message: &str| {
            request_failed(&Error::Refused { method, code, message: message.into() }).kind
        };
        let rejected = TurnErrorKind::Rejected { param: None, code: None };
        for method in ["thread/inject_items", "turn/start"] {
            assert_eq!(kind(method, -32602, "Input is too large"), rejected);
            assert_eq!(kind(method, -32603, "It broke"), TurnErrorKind::Unavailable);
            assert_eq!(kind(method, -32600, "thread not found: t"), TurnErrorKind::Unavailable);
        }
        assert_eq!(kind("turn/start", -32001, "Busy"), TurnErrorKind::Overloaded);
        for method in ["thread/start", "config/read", "model/list", "account/read"] {
            assert_eq!(kind(method, -32600, "failed to load configuration"), TurnErrorKind::Unavailable);
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
        let body = r#"{"error": {"message": "Too much", "code": "context_length_exceeded"}}"#;
        let error = failed(body, "other".into()).unwrap_err();
        assert_eq!(
            (error.kind, error.message),
            (TurnErrorKind::ContextLengthExceeded, format!("Too much. {SHORTEN}"))
        );
    }
}
