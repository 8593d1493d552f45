//! What Codex says that belongs to no thread.

use serde::Deserialize;
use serde_json::value::RawValue;

/// A notification about Codex as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A sign-in that was begun is over. `error` says why it failed, if it did.
    LoginCompleted { login_id: Option<String>, error: Option<String> },
}

/// The notifications that mean something here.
pub(crate) const METHODS: &[&str] = &["account/login/completed"];

/// Understands one notification; `None` if it is none of these.
pub(crate) fn parse(method: &str, params: Option<&RawValue>) -> Result<Option<Notice>, serde_json::Error> {
    if !METHODS.contains(&method) {
        return Ok(None);
    }
    let LoginCompleted { login_id, success, error } =
        serde_json::from_str(params.map_or("{}", RawValue::get))?;
    let error = (!success).then(|| error.unwrap_or_else(|| "no reason was given".to_owned()));
    Ok(Some(Notice::LoginCompleted { login_id, error }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoginCompleted {
    #[serde(default)]
    login_id: Option<String>,
    success: bool,
    #[serde(default)]
    error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(params: &str) -> Option<Notice> {
        let params = RawValue::from_string(params.to_owned()).unwrap();
        parse("account/login/completed", Some(&params)).unwrap()
    }

    #[test]
    fn a_sign_in_ends_well_or_says_why_not() {
        let completed = |login_id: &str, error: Option<&str>| {
            Some(Notice::LoginCompleted { login_id: Some(login_id.into()), error: error.map(str::to_owned) })
        };
        assert_eq!(parsed(r#"{"loginId":"l","success":true,"error":null}"#), completed("l", None));
        assert_eq!(parsed(r#"{"loginId":"l","success":false,"error":"no"}"#), completed("l", Some("no")));
        assert!(parsed(r#"{"loginId":"l","success":false}"#) != completed("l", None));
        assert_eq!(parse("account/updated", None).unwrap(), None);
    }
}
