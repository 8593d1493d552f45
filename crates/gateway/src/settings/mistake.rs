//! What is wrong with a configuration file, in words that hold none of its values: any of them may be the token.

use std::fmt;

use app_server::redact;
use serde::de::DeserializeOwned;
use serde_json::error::{Category, Error};

use super::wanted::in_words;

/// One sentence about the file, without its full stop, with the line and the column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake(String);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Mistake {
    /// What holds for a file that is no object at all.
    pub(super) fn no_object() -> Self {
        Self("it must hold a JSON object, such as `{\"port\": 9000}`".to_owned())
    }

    /// What `error` says of a file with this text, which is to hold a `T`.
    pub(super) fn of<T: DeserializeOwned>(text: &str, error: &Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let said = error.to_string();
        let said = said.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&said);
        let what = match error.classify() {
            Category::Data => match wrong_value(said, &field_of_error::<T>(text)) {
                Some(what) => what,
                None => return Self::no_object(),
            },
            Category::Eof if text.trim().is_empty() => return Self::no_object(),
            Category::Eof => "it ends too early: a quotation mark or a bracket is not closed".to_owned(),
            // These name what belongs there, and nothing that is there.
            Category::Syntax | Category::Io => format!("it is not JSON: {said}"),
        };
        Self(format!("{what} (line {line}, column {column})"))
    }
}

/// What serde says of a value that doesn't fit, without the value; `None` where that is the whole file.
fn wrong_value(said: &str, field: &str) -> Option<String> {
    if let Some(name) = said.strip_prefix("duplicate field ") {
        return Some(format!("{name} is given twice"));
    }
    if field.is_empty() || field == "." {
        return None;
    }
    // What follows the last of these words is always serde's or our own: the value comes before them.
    let wanted = said.rsplit_once(", expected ").filter(|_| said.starts_with("invalid "));
    let wanted = wanted.map_or("another value", |(_, expected)| in_words(expected));
    // The name of an alias, which is part of a field's path, can be anything.
    Some(format!("`{}` must be {wanted}", redact(field)))
}

/// The field that the error is about, such as `allowed_origins[0]`.
fn field_of_error<T: DeserializeOwned>(text: &str) -> String {
    let read: Result<T, _> = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(text));
    read.err().map(|error| error.path().to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{super::file::ConfigFile, *};

    fn of(text: &str) -> String {
        let error = serde_json::from_str::<ConfigFile>(text).unwrap_err();
        Mistake::of::<ConfigFile>(text, &error).to_string()
    }

    #[test]
    fn a_wrong_value_is_told_by_its_field_and_what_it_must_be() {
        let origins = "`allowed_origins[1]` must be an exact origin, such as `https://example.org` or \
                       `http://localhost:3000`, in lower case, without a path and without `*` (line 1, column 35)";
        for (text, said) in [
            (r#"{"port": "many"}"#, "`port` must be a whole number from 0 to 65535 (line 1, column 15)"),
            ("{\n \"port\": 70000}", "`port` must be a whole number from 0 to 65535 (line 2, column 14)"),
            (
                r#"{"max_active_turns": -1}"#,
                "`max_active_turns` must be a whole number, 0 or more (line 1, column 23)",
            ),
            (
                r#"{"response_history_days": 5000000000}"#,
                "`response_history_days` must be a whole number from 0 to 4294967295 (line 1, column 36)",
            ),
            (r#"{"token": 1234567}"#, "`token` must be a text in double quotes (line 1, column 17)"),
            (r#"{"codex": []}"#, "`codex` must be a path in double quotes (line 1, column 10)"),
            (r#"{"log_text": "yes"}"#, "`log_text` must be `true` or `false` (line 1, column 18)"),
            (r#"{"codex_home": "mine"}"#, "`codex_home` must be `shared` or `own` (line 1, column 21)"),
            (r#"{"codex_home": 1}"#, "`codex_home` must be `shared` or `own` (line 1, column 16)"),
            (
                r#"{"token_place": {"file": 1}}"#,
                "`token_place` must be `file` or `keyring` (line 1, column 16)",
            ),
            (
                r#"{"response_history": "all"}"#,
                "`response_history` must be `off`, `memory` or `disk` (line 1, column 26)",
            ),
            (r#"{"allowed_origins": "*"}"#, "`allowed_origins` must be a list (line 1, column 23)"),
            (r#"{"allowed_origins": ["app://a", "*"]}"#, origins),
            (r#"{"model_aliases": "gpt"}"#, "`model_aliases` must be an object (line 1, column 23)"),
            (
                r#"{"model_aliases": {"*": 1}}"#,
                "`model_aliases.*` must be a text in double quotes (line 1, column 25)",
            ),
            (
                r#"{"desktop": {"notifications": {"quota": 1}}}"#,
                "`desktop.notifications.quota` must be `true` or `false` (line 1, column 41)",
            ),
            (r#"{"desktop": 1}"#, "`desktop` must be an object (line 1, column 13)"),
            (r#"{"port": 1, "port": 2}"#, "`port` is given twice (line 1, column 18)"),
        ] {
            assert_eq!(of(text), said, "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_by_what_belongs_there() {
        for (text, said) in [
            ("{\"port\": 1 \"host\": 2}", "it is not JSON: expected `,` or `}` (line 1, column 12)"),
            ("{\"port\": 1,}", "it is not JSON: trailing comma (line 1, column 12)"),
            (
                "{\"port\": 1",
                "it ends too early: a quotation mark or a bracket is not closed (line 1, column 10)",
            ),
        ] {
            assert_eq!(of(text), said, "{text}");
        }
        for text in ["", " \n", "1", "\"hunter2\"", "null", "true"] {
            assert_eq!(of(text), "it must hold a JSON object, such as `{\"port\": 9000}`", "{text}");
        }
    }

    #[test]
    fn no_value_is_told() {
        const SECRET: &str = "hunter2";
        for value in [
            r#""hunter2""#,
            r#"", expected hunter2""#,
            r#"["hunter2"]"#,
            r#"[", expected hunter2"]"#,
            r#"{"hunter2": ", expected hunter2"}"#,
            r#"{"file": "hunter2"}"#,
        ] {
            for field in [
                "token",
                "token_place",
                "host",
                "port",
                "codex",
                "codex_home",
                "log_text",
                "allowed_origins",
                "model_aliases",
                "desktop",
                "response_history",
                "max_body_bytes",
            ] {
                let text = format!("{{\"{field}\": {value}}}");
                if let Err(error) = serde_json::from_str::<ConfigFile>(&text) {
                    let said = Mistake::of::<ConfigFile>(&text, &error).to_string();
                    assert!(!said.contains(SECRET), "{text}: {said}");
                }
            }
        }
        let secret = "sk-proj-0123456789abcdef";
        let said = of(&format!(r#"{{"model_aliases": {{"{secret}": 1}}}}"#));
        assert!(!said.contains(secret), "{said}");
    }
}
