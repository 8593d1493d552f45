use serde_json::value::RawValue;

use super::*;
use crate::raw_item::{FunctionCall, RawItemKind, Reasoning};

fn parsed<'a>(method: &str, params: &'a str) -> Notification<'a> {
    let params: &RawValue = serde_json::from_str(params).unwrap();
    parse(method, Some(params)).unwrap()
}

fn event(method: &str, params: &str) -> ThreadEvent {
    let notification = parsed(method, params);
    assert_eq!(notification.thread_id.as_deref(), Some("t"));
    notification.event
}

#[test]
fn a_turn_from_its_start_to_its_end() {
    assert_eq!(
        event("turn/started", r#"{"threadId":"t","turn":{"id":"u","status":"inProgress","items":[]}}"#),
        ThreadEvent::TurnStarted { turn_id: "u".into() },
    );
    assert_eq!(
        event(
            "item/started",
            r#"{"threadId":"t","turnId":"u","item":{"type":"agentMessage","id":"m","text":"","phase":"final_answer"}}"#
        ),
        ThreadEvent::MessageStarted { phase: Some(MessagePhase::FinalAnswer) },
    );
    assert_eq!(
        event("item/agentMessage/delta", r#"{"threadId":"t","turnId":"u","itemId":"m","delta":"é\n"}"#),
        ThreadEvent::MessageDelta { delta: "é\n".into() },
    );
    assert_eq!(
        event(
            "item/reasoning/summaryTextDelta",
            r#"{"threadId":"t","turnId":"u","itemId":"r","summaryIndex":1,"delta":"Hm."}"#
        ),
        ThreadEvent::ReasoningDelta { part: 1, delta: "Hm.".into() },
    );
    assert_eq!(
        event(
            "item/completed",
            r#"{"threadId":"t","item":{"type":"agentMessage","id":"m","text":"é\n","phase":null}}"#
        ),
        ThreadEvent::MessageCompleted { text: "é\n".into() },
    );
    let usage =
        TokenUsage { input_tokens: 11, cached_input_tokens: 3, output_tokens: 7, reasoning_output_tokens: 2 };
    assert_eq!(
        event(
            "rawResponse/completed",
            r#"{"threadId":"t","turnId":"u","responseId":"r","usage":{"totalTokens":18,"inputTokens":11,"cachedInputTokens":3,"outputTokens":7,"reasoningOutputTokens":2}}"#
        ),
        ThreadEvent::ResponseCompleted { usage: Some(usage) },
    );
    assert_eq!(
        event(
            "turn/completed",
            r#"{"threadId":"t","turn":{"id":"u","status":"completed","error":null,"items":[]}}"#
        ),
        ThreadEvent::TurnCompleted { turn_id: "u".into(), status: TurnStatus::Completed, error: None },
    );
}

#[test]
fn a_thread_is_idle_or_its_state_means_nothing_here() {
    let status = |kind: &str| {
        let params = format!(r#"{{"threadId":"t","status":{{"type":"{kind}","activeFlags":[]}}}}"#);
        event("thread/status/changed", &params)
    };
    assert_eq!(status("idle"), ThreadEvent::Idle);
    for other in ["active", "systemError", "notLoaded"] {
        assert_eq!(status(other), ThreadEvent::Other { method: "thread/status/changed".into() });
    }
}

#[test]
fn error_codes_are_names_with_or_without_a_status() {
    let error = |info: &str| {
        let params = format!(
            r#"{{"threadId":"t","turnId":"u","willRetry":false,"error":{{"message":"m","codexErrorInfo":{info}}}}}"#
        );
        match event("error", &params) {
            ThreadEvent::Error { error, will_retry: false } => error.codex_error_info,
            other => panic!("{other:?}"),
        }
    };
    let info = |code: &str, http_status| Some(CodexErrorInfo { code: code.into(), http_status });
    assert_eq!(error(r#""usageLimitExceeded""#), info("usageLimitExceeded", None));
    assert_eq!(
        error(r#"{"httpConnectionFailed":{"httpStatusCode":401}}"#),
        info("httpConnectionFailed", Some(401)),
    );
    assert_eq!(
        error(r#"{"responseStreamDisconnected":{"httpStatusCode":null}}"#),
        info("responseStreamDisconnected", None),
    );
    assert_eq!(error("null"), None);
}

#[test]
fn a_turn_ends_in_whatever_form_its_error_is() {
    let end = |error: &str| {
        let params = format!(r#"{{"threadId":"t","turn":{{"id":"u","status":"failed","error":{error}}}}}"#);
        match event("turn/completed", &params) {
            ThreadEvent::TurnCompleted { turn_id, status: TurnStatus::Failed, error } if turn_id == "u" => {
                error
            }
            other => panic!("{other:?}"),
        }
    };
    for info in ["7", "{}", "[]", "null", "true"] {
        let error = end(&format!(r#"{{"message":"m","codexErrorInfo":{info}}}"#));
        assert_eq!(error, Some(TurnError { message: "m".into(), codex_error_info: None }), "{info}");
    }
    assert_eq!((end("\"new\""), end("7")), (None, None));
    assert_eq!(
        event("rawResponse/completed", r#"{"threadId":"t","usage":{"inputTokens":-1}}"#),
        ThreadEvent::ResponseCompleted { usage: None },
    );
    assert_eq!(
        event("item/started", r#"{"threadId":"t","item":{"type":"agentMessage","phase":{}}}"#),
        ThreadEvent::MessageStarted { phase: None },
    );
}

#[test]
fn what_is_not_known_is_kept_by_name() {
    assert_eq!(
        event("item/started", r#"{"threadId":"t","item":{"type":"somethingNew","id":"x"}}"#),
        ThreadEvent::Other { method: "item/started".into() },
    );
    assert_eq!(
        parsed("account/updated", r#"{"authMode":null}"#),
        Notification { thread_id: None, event: ThreadEvent::Other { method: "account/updated".into() } },
    );
}

#[test]
fn warnings_of_a_thread_and_of_the_configuration_have_their_text() {
    assert_eq!(
        event("warning", r#"{"threadId":"t","message":"m"}"#),
        ThreadEvent::Warning { message: "m".into() }
    );
    assert_eq!(
        parsed("configWarning", r#"{"summary":"s","details":null}"#),
        Notification { thread_id: None, event: ThreadEvent::Warning { message: "s".into() } },
    );
}

#[test]
fn a_known_notification_in_an_unknown_form_is_an_error() {
    let params = RawValue::from_string(r#"{"threadId":7}"#.to_owned()).unwrap();
    assert!(parse("item/agentMessage/delta", Some(&params)).is_err());
}

#[test]
fn an_event_weighs_what_all_of_its_texts_take() {
    let text = || "x".repeat(1000);
    let error = || TurnError { message: text(), codex_error_info: None };
    let item = |kind| ThreadEvent::RawItem(RawItem { content_bytes: 0, kind });
    let call = FunctionCall { call_id: text(), name: text(), namespace: Some(text()), arguments: text() };
    let reasoning = Reasoning { summary: vec![text(), text()], encrypted_content: Some(text()) };
    let status = TurnStatus::Failed;
    for (event, texts) in [
        (ThreadEvent::TurnStarted { turn_id: text() }, 1),
        (ThreadEvent::MessageStarted { phase: None }, 0),
        (ThreadEvent::MessageDelta { delta: text() }, 1),
        (ThreadEvent::MessageCompleted { text: text() }, 1),
        (ThreadEvent::ReasoningDelta { part: 0, delta: text() }, 1),
        (item(RawItemKind::FunctionCall(call)), 4),
        (item(RawItemKind::Reasoning(reasoning)), 3),
        (item(RawItemKind::FunctionCallOutput), 0),
        (item(RawItemKind::Content), 0),
        (ThreadEvent::ToolCall(ToolCallRequest { call_id: text(), request_id: RequestId::Number(1) }), 1),
        (ThreadEvent::ResponseCompleted { usage: None }, 0),
        (ThreadEvent::Error { error: error(), will_retry: true }, 1),
        (ThreadEvent::Warning { message: text() }, 1),
        (ThreadEvent::TurnCompleted { turn_id: text(), status, error: Some(error()) }, 2),
        (ThreadEvent::McpServer { name: text() }, 1),
        (ThreadEvent::Idle, 0),
        (ThreadEvent::Closed, 0),
        (ThreadEvent::Other { method: text() }, 1),
    ] {
        assert_eq!(event.weight(), 1000 * texts + size_of::<ThreadEvent>(), "{event:?}");
    }
}
