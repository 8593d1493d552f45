//! The answer to every request that Codex makes of its client.
//!
//! Codex asks its client for leave to run a command, to change a file, to use a tool, to read the person's answer or a
//! token. The gateway has nobody to ask and nothing to give, so each request is denied, in the form that its schema
//! wants: a form that Codex cannot read would leave the turn waiting.

use serde_json::{Value, json};

/// A JSON-RPC error as an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) code: i64,
    pub(crate) message: String,
}

/// The requests that Codex is known to make, this version or an earlier one.
pub(crate) const METHODS: &[&str] = &[
    "account/chatgptAuthTokens/refresh",
    "applyPatchApproval",
    "attestation/generate",
    "currentTime/read",
    "execCommandApproval",
    "item/commandExecution/requestApproval",
    "item/fileChange/requestApproval",
    "item/permissions/requestApproval",
    "item/tool/call",
    "item/tool/requestUserInput",
    "mcpServer/elicitation/request",
];

const METHOD_NOT_FOUND: i64 = -32601;
const DENIED: i64 = -32000;

/// Answers the server request `method`: a result that says no, or an error where no result can say it.
pub(crate) fn deny(method: &str) -> Result<Value, Denial> {
    const WHY: &str = "denied: this client gives no access to its machine";
    match method {
        "item/commandExecution/requestApproval" | "item/fileChange/requestApproval" => {
            Ok(json!({"decision": "decline"}))
        }
        "execCommandApproval" | "applyPatchApproval" => {
            Ok(json!({"decision": {"denied": {"rejection": WHY}}}))
        }
        "item/permissions/requestApproval" => Ok(json!({"permissions": {}, "scope": "turn"})),
        "item/tool/requestUserInput" => Ok(json!({"answers": {}})),
        "mcpServer/elicitation/request" => Ok(json!({"action": "decline", "content": null, "_meta": null})),
        "item/tool/call" => Ok(json!({"contentItems": [], "success": false})),
        _ if METHODS.contains(&method) => {
            Err(Denial { code: DENIED, message: format!("`{method}` is {WHY}") })
        }
        _ => Err(Denial { code: METHOD_NOT_FOUND, message: format!("`{method}` is not supported") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_ever_granted() {
        for method in [
            "item/commandExecution/requestApproval",
            "item/fileChange/requestApproval",
            "execCommandApproval",
            "applyPatchApproval",
            "item/permissions/requestApproval",
            "item/tool/requestUserInput",
            "mcpServer/elicitation/request",
            "item/tool/call",
        ] {
            let answer = deny(method).unwrap().to_string();
            for granted in ["accept", "approved", "allow", r#""success":true"#] {
                assert!(!answer.contains(granted), "{method}: {answer}");
            }
        }
    }

    #[test]
    fn tokens_and_attestations_are_refused_with_an_error() {
        for method in ["account/chatgptAuthTokens/refresh", "attestation/generate"] {
            assert_eq!(deny(method).unwrap_err().code, DENIED);
        }
    }

    #[test]
    fn an_unknown_request_is_answered_as_json_rpc_wants() {
        let denial = deny("somebody/new").unwrap_err();
        assert_eq!((denial.code, denial.message.as_str()), (-32601, "`somebody/new` is not supported"));
    }
}
