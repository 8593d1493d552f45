//! Recorded requests as text: for the clipboard, and for a file.

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
};

use gateway::log::Record;
use serde_json::{Value, json};

use crate::{
    problem::Problem,
    view::{ExportedFile, RequestView},
};

/// How many names are tried for a file that doesn't exist yet.
const NAMES: u32 = 10_000;

/// The request as a `curl` command, as far as the log keeps it.
pub(crate) fn curl(record: &Record, base_url: &str) -> String {
    let origin = base_url.strip_suffix("/v1").unwrap_or(base_url);
    let url = shell_words::quote(&format!("{origin}{}", record.path)).into_owned();
    let request = format!(r#"{url} -H "Authorization: Bearer $CODEX_GATEWAY_TOKEN""#);
    let Some(body) = body(record) else {
        let method = if record.method == "GET" { String::new() } else { format!(" -X {}", record.method) };
        return format!("curl{method} {request}");
    };
    let mut notes = vec![match record.text {
        Some(_) => {
            "What was said is joined into one message, and redacted: the log keeps no more.".to_owned()
        }
        None => "What was said is not kept: put your own text for the dots.".to_owned(),
    }];
    let names = record.parameters.honoured.iter().chain(&record.parameters.refused);
    let lost: Vec<_> = names.map(String::as_str).filter(|name| !KEPT.contains(name)).collect();
    if !lost.is_empty() {
        notes.push(format!("These had values that are not kept: {}.", lost.join(", ")));
    }
    let notes: String = notes.iter().map(|note| format!("# {note}\n")).collect();
    let body = shell_words::quote(&body.to_string()).into_owned();
    format!("{notes}curl {request} \\\n  -H 'Content-Type: application/json' \\\n  -d {body}")
}

/// The fields whose values the log keeps.
const KEPT: &[&str] = &["model", "messages", "input", "stream"];

/// What was sent, if anything was: with dots for what is not kept.
fn body(record: &Record) -> Option<Value> {
    let said = record.text.as_ref().map_or("…", |text| text.prompt.as_str());
    let model = record.model_asked.as_deref().unwrap_or("MODEL");
    match (record.method.as_str(), record.path.as_str()) {
        ("POST", "/v1/chat/completions") => Some(json!({
            "model": model,
            "messages": [{"role": "user", "content": said}],
            "stream": record.stream,
        })),
        ("POST", "/v1/responses") => Some(json!({"model": model, "input": said, "stream": record.stream})),
        ("POST", "/v1/responses/input_tokens") => Some(json!({"model": model, "input": said})),
        _ => None,
    }
}

/// The record as JSON, for people.
pub(crate) fn json(record: &Record) -> String {
    serde_json::to_string_pretty(record).unwrap_or_default()
}

/// Writes requests as JSON lines into a new file of mode 0600 in `folder`.
pub(crate) fn write(folder: &Path, requests: &[Arc<RequestView>]) -> Result<ExportedFile, Problem> {
    let failed = |path: &Path, source| Problem::Export { path: path.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
    for number in 1..NAMES {
        let suffix = if number == 1 { String::new() } else { format!("-{number}") };
        let path = folder.join(format!("codex-gateway-requests{suffix}.jsonl"));
        let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(source) => return Err(failed(&path, source)),
        };
        let mut text = Vec::new();
        for request in requests {
            serde_json::to_writer(&mut text, &request.record).map_err(|error| failed(&path, error.into()))?;
            text.push(b'\n');
        }
        file.write_all(&text).map_err(|source| failed(&path, source))?;
        return Ok(ExportedFile { path: path.display().to_string(), requests: requests.len() });
    }
    Err(failed(folder, ErrorKind::AlreadyExists.into()))
}
