//! One full example of everything that is sent and read: which fields the gateway relies on.
//!
//! What is sent is written by the types that send it. What is read holds the fields that are read, each with a value
//! that is no default, and nothing else; tests hold the two to it.

use serde_json::{Map, Value, json};

use super::Part;
use crate::{
    denial::{self, deny},
    protocol::{
        AccountLoginStart, AccountRateLimitsRead, AccountRead, ClientInfo, ConfigRead, DynamicTool,
        Initialize, ModelList, Request, ServerDiagnostics, ThreadInjectItems, ThreadStart, ThreadUnsubscribe,
        ToolCallAnswer, TurnInterrupt, TurnStart,
    },
};

/// A message, or the part of it that matters.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) part: Part,
    pub(super) method: &'static str,
    pub(super) value: Value,
}

pub(super) fn examples() -> Vec<Example> {
    let notifications = notifications().into_iter().map(|(method, value)| Example {
        part: Part::Notification,
        method,
        value,
    });
    let answers = denial::METHODS.iter().filter_map(|&method| {
        let value = deny(method).ok()?;
        Some(Example { part: Part::Answer, method, value })
    });
    let tool_output =
        Example { part: Part::Answer, method: "item/tool/call", value: json!(ToolCallAnswer::text("sunny")) };
    requests().into_iter().flatten().chain(notifications).chain(answers).chain([tool_output]).collect()
}

/// A request, and what is read of its response.
fn call<R: Request>(request: &R, response: Value) -> [Example; 2] {
    [(Part::Params, json!(request)), (Part::Response, response)].map(|(part, value)| Example {
        part,
        method: R::METHOD,
        value,
    })
}

fn requests() -> [[Example; 2]; 12] {
    let (thread_id, turn_id) =
        ("01890a5d-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcce-b302099a8058");
    let client = ClientInfo { name: "a".to_owned(), title: "A".to_owned(), version: "1.0.0".to_owned() };
    let thread = ThreadStart {
        model: Some("gpt-5.5".to_owned()),
        cwd: "/tmp".to_owned(),
        ephemeral: true,
        approval_policy: "never",
        approvals_reviewer: "user",
        sandbox: "read-only",
        environments: Vec::new(),
        dynamic_tools: vec![DynamicTool::Function {
            name: "get_weather".to_owned(),
            description: "The weather of a city".to_owned(),
            input_schema: json!({"type": "object", "properties": {"city": {"type": "string"}}}),
        }],
        base_instructions: "Be brief.".to_owned(),
        developer_instructions: "Be kind.".to_owned(),
        experimental_raw_events: true,
        config: Map::from_iter([("mcp_servers".to_owned(), json!({"files": {"enabled": false}}))]),
    };
    let message = json!({
        "type": "message", "role": "user",
        "content": [
            {"type": "input_text", "text": "What is this?"},
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
        ],
    });
    let schema = json!({"type": "object", "properties": {"answer": {"type": "string"}}});
    let turn = TurnStart {
        thread_id,
        input: &[json!({"type": "text", "text": "Say pong"})],
        model: "gpt-5.5",
        effort: "low",
        summary: "none",
        service_tier: "default",
        output_schema: Some(&schema),
    };
    [
        call(
            &Initialize::new(client),
            json!({"userAgent": "codex-gateway/0.169.0 (Debian 12.0.0; x86_64)", "codexHome": "/home/me/.codex"}),
        ),
        call(
            &thread,
            json!({"thread": {"id": thread_id}, "instructionSources": ["/home/me/.codex/AGENTS.md"]}),
        ),
        call(&ThreadInjectItems { thread_id, items: &[message] }, json!({})),
        call(&ThreadUnsubscribe { thread_id }, json!({})),
        call(&turn, json!({"turn": {"id": turn_id}})),
        call(&TurnInterrupt { thread_id, turn_id }, json!({})),
        call(
            &ModelList { cursor: Some("next".to_owned()), include_hidden: true },
            json!({
                "data": [{
                    "model": "gpt-5.5", "displayName": "GPT-5.5", "hidden": true, "isDefault": true,
                    "defaultReasoningEffort": "medium",
                    "supportedReasoningEfforts": [{"reasoningEffort": "low"}],
                    "inputModalities": ["text"], "serviceTiers": [{"id": "priority"}],
                }],
                "nextCursor": "more",
            }),
        ),
        call(
            &AccountRead { refresh_token: true },
            json!({"account": {"type": "chatgpt", "planType": "plus"}, "requiresOpenaiAuth": true}),
        ),
        call(
            &AccountRateLimitsRead {},
            json!({"rateLimits": rate_limit(), "rateLimitsByLimitId": {"codex": rate_limit()}}),
        ),
        call(
            &AccountLoginStart::Chatgpt,
            json!({"loginId": "l", "authUrl": "https://example.org/authorize", "userCode": "ABCD"}),
        ),
        call(
            &ConfigRead { include_layers: true, cwd: Some("/tmp".to_owned()) },
            json!({"config": {"mcp_servers": {"files": {"command": "mcp-files"}}}}),
        ),
        call(
            &ServerDiagnostics {},
            json!({"gauges": [{"name": "live_threads", "value": 4}], "process": {"residentMemoryBytes": 50_000_000}}),
        ),
    ]
}

fn rate_limit() -> Value {
    let window = json!({"usedPercent": 42, "windowDurationMins": 300, "resetsAt": 1_800_000_000});
    json!({"limitId": "codex", "limitName": "Codex", "primary": window, "secondary": window})
}

fn notifications() -> Vec<(&'static str, Value)> {
    let error = |info: Value| json!({"message": "It broke.", "codexErrorInfo": info});
    let with_status = || error(json!({"httpConnectionFailed": {"httpStatusCode": 503}}));
    let raw_item = |item: Value| ("rawResponseItem/completed", json!({"threadId": "t", "item": item}));
    vec![
        ("turn/started", json!({"threadId": "t", "turn": {"id": "u", "status": "inProgress"}})),
        ("item/started", json!({"threadId": "t", "item": {"type": "agentMessage", "phase": "final_answer"}})),
        ("item/agentMessage/delta", json!({"threadId": "t", "delta": "pong"})),
        ("item/completed", json!({"threadId": "t", "item": {"type": "agentMessage", "text": "pong"}})),
        raw_item(json!({
            "type": "message",
            "content": [
                {"type": "input_text", "text": "What is this?"},
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
            ],
        })),
        raw_item(
            json!({"type": "function_call", "call_id": "call_1", "name": "f", "namespace": "g", "arguments": "{}"}),
        ),
        raw_item(json!({"type": "function_call_output", "output": "sunny"})),
        raw_item(json!({
            "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "opaque",
        })),
        ("item/reasoning/summaryTextDelta", json!({"threadId": "t", "summaryIndex": 1, "delta": "Hm."})),
        (
            "rawResponse/completed",
            json!({"threadId": "t", "usage": {
                "inputTokens": 11, "cachedInputTokens": 3, "outputTokens": 7, "reasoningOutputTokens": 2,
            }}),
        ),
        ("error", json!({"threadId": "t", "error": with_status(), "willRetry": true})),
        ("error", json!({"threadId": "t", "error": error(json!("usageLimitExceeded")), "willRetry": true})),
        (
            "turn/completed",
            json!({"threadId": "t", "turn": {"id": "u", "status": "failed", "error": with_status()}}),
        ),
        ("turn/completed", json!({"threadId": "t", "turn": {"id": "u", "status": "completed"}})),
        ("turn/completed", json!({"threadId": "t", "turn": {"id": "u", "status": "interrupted"}})),
        ("warning", json!({"threadId": "t", "message": "Mind the gap."})),
        ("guardianWarning", json!({"threadId": "t", "message": "Mind the gap."})),
        ("configWarning", json!({"summary": "Unknown key."})),
        ("deprecationNotice", json!({"summary": "Old key."})),
        ("mcpServer/startupStatus/updated", json!({"threadId": "t", "name": "files"})),
        ("thread/status/changed", json!({"threadId": "t", "status": {"type": "idle"}})),
        ("thread/closed", json!({"threadId": "t"})),
        ("account/login/completed", json!({"loginId": "l", "success": false, "error": "It was refused."})),
        ("account/login/completed", json!({"loginId": "l", "success": true})),
        ("account/rateLimits/updated", json!({"rateLimits": rate_limit()})),
        ("account/updated", json!({"authMode": "chatgpt", "planType": "plus"})),
    ]
}
