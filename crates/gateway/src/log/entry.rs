//! A record in the making.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use axum::http::{HeaderMap, Method, Uri, header::USER_AGENT};

use super::{
    Failure, Parameters, PromptBytes, Record, RequestLog, Step, Text,
    bounds::{self, Answer, beginning},
    running::Run,
};
use crate::turn::{Cost, Turn, TurnReport};

/// The status of a request whose caller hung up, a custom of web servers.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Collects what becomes known of a request. The record is published when the last clone is dropped: that is when the
/// answer has been sent to its end, or the caller has hung up.
#[derive(Debug, Clone)]
pub(crate) struct Entry(Arc<Draft>);

#[derive(Debug)]
struct Draft {
    record: Mutex<Record>,
    start: Instant,
    log: RequestLog,
    /// What was answered, where what was said is kept.
    answer: Option<Mutex<Answer>>,
    run: OnceLock<Run>,
}

impl Entry {
    pub(crate) fn new(
        log: RequestLog,
        keep_text: bool,
        id: String,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Self {
        let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let record = Record {
            id,
            time_ms: millis(since_1970),
            client: client(headers),
            method: beginning(method.as_str(), bounds::METHOD),
            // A query is not kept: it could hold anything.
            path: beginning(uri.path(), bounds::PATH),
            status: CLIENT_CLOSED_REQUEST,
            ..Record::default()
        };
        Self(Arc::new(Draft {
            record: Mutex::new(record),
            start: Instant::now(),
            log,
            answer: keep_text.then(Mutex::default),
            run: OnceLock::new(),
        }))
    }

    /// What was understood of the request, or refused.
    pub(crate) fn parameters(&self, parameters: Parameters) {
        let kept =
            |names: Vec<String>| names.iter().take(bounds::NAMES).map(|name| kept_name(name)).collect();
        let Parameters { honoured, neutral, ignored, refused } = parameters;
        self.record().parameters = Parameters {
            honoured: kept(honoured),
            neutral: kept(neutral),
            ignored: kept(ignored),
            refused: kept(refused),
        };
    }

    /// The model that the caller asks for, whether there is such a one or not.
    pub(crate) fn asked(&self, model: &str) {
        self.record().model_asked = Some(kept_name(model));
    }

    /// The model is about to be asked.
    pub(crate) fn turn(&self, turn: &Turn, stream: bool) {
        self.0.run.get_or_init(|| self.0.log.running.begin());
        let mut record = self.record();
        record.model_used = Some(turn.model.clone());
        record.stream = stream;
        record.prompt = Some(PromptBytes { sent: turn.content_bytes(), received: 0 });
        if self.0.answer.is_some() {
            record.text = Some(Text { prompt: bounds::prompt(turn.texts()), answer: String::new() });
        }
    }

    /// A piece of the answer is about to be sent.
    pub(crate) fn delta(&self, text: &str) {
        let mut record = self.record();
        if record.first_token_ms.is_none() {
            record.first_token_ms = Some(millis(self.0.start.elapsed()));
        }
        if let Some(answer) = &self.0.answer {
            answer.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
    }

    pub(crate) fn report(&self, report: &TurnReport, cost: Option<Cost>) {
        let mut record = self.record();
        // Several answers to one request add up.
        if let Some(Cost { usage, is_estimated }) = cost {
            let tokens = record.tokens.get_or_insert_default();
            tokens.estimated |= is_estimated;
            tokens.input += usage.input;
            tokens.cached += usage.cached_input;
            tokens.output += usage.output;
            tokens.reasoning += usage.reasoning_output;
        }
        record.timeline =
            report.timeline.iter().map(|(name, at)| Step { name: *name, at_ms: millis(*at) }).collect();
        if let Some(prompt) = &mut record.prompt {
            prompt.received = report.prompt_bytes;
        }
    }

    pub(crate) fn failed(&self, message: &str, code: Option<&str>, param: Option<&str>) {
        self.record().error = Some(Failure {
            message: beginning(message, bounds::MESSAGE),
            code: code.map(kept_name),
            param: param.map(|param| beginning(param, bounds::PATH)),
        });
    }

    /// The answer has begun. Without this, the caller has hung up before.
    pub(crate) fn status(&self, status: u16) {
        self.record().status = status;
    }

    /// The caller went away in the middle of the answer.
    pub(crate) fn hung_up(&self) {
        self.record().status = CLIENT_CLOSED_REQUEST;
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let mut record = std::mem::take(self.record.get_mut().unwrap_or_else(PoisonError::into_inner));
        record.duration_ms = millis(self.start.elapsed());
        if let (Some(text), Some(answer)) = (&mut record.text, &mut self.answer) {
            text.answer = answer.get_mut().unwrap_or_else(PoisonError::into_inner).kept();
        }
        tracing::info!(
            id = record.id,
            client = record.client,
            request = format!("{} {}", record.method, record.path),
            model = record.model_used,
            status = record.status,
            first_token_ms = record.first_token_ms,
            ms = record.duration_ms,
            error = record.error.as_ref().map(|error| error.message.as_str()),
            "request"
        );
        self.log.publish(record);
    }
}

/// A name that can be anything that a caller writes.
fn kept_name(name: &str) -> String {
    beginning(name, bounds::NAME)
}

/// A program's own name, such as `openai-python/3.54.0`.
fn client(headers: &HeaderMap) -> String {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let product = agent.split(' ').next().unwrap_or_default();
    let version = agent.split(' ').nth(1).unwrap_or_default();
    let name = match product {
        "" => "unknown".to_owned(),
        "OpenAI/Python" | "AsyncOpenAI/Python" => format!("openai-python/{version}"),
        "OpenAI/JS" => format!("openai-node/{version}"),
        other => other.to_owned(),
    };
    kept_name(&name)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn entry(log: &RequestLog) -> Entry {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static("OpenAI/Python 3.54.0"));
        let uri = Uri::from_static("/v1/models?token=secret");
        Entry::new(log.clone(), false, "req_1".into(), &Method::GET, &uri, &headers)
    }

    #[test]
    fn a_record_is_published_once_the_last_clone_is_gone() {
        let log = RequestLog::default();
        let one = entry(&log);
        let two = one.clone();
        one.status(200);
        drop(one);
        assert!(log.records().is_empty());
        drop(two);
        let records = log.records();
        assert_eq!((records.len(), records[0].status), (1, 200));
        assert_eq!(
            (records[0].client.as_str(), records[0].path.as_str()),
            ("openai-python/3.54.0", "/v1/models")
        );
    }

    #[test]
    fn a_request_without_an_answer_was_hung_up() {
        let log = RequestLog::default();
        let mut feed = log.subscribe();
        drop(entry(&log));
        assert_eq!(feed.try_recv().unwrap().status, 499);
    }

    #[test]
    fn nothing_of_a_request_is_kept_at_any_length() {
        let (log, long) = (RequestLog::default(), "x".repeat(60_000));
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_str(&long).unwrap());
        let (method, uri) =
            (Method::from_bytes(long.as_bytes()).unwrap(), format!("/{long}").parse().unwrap());
        let entry = Entry::new(log.clone(), false, "req_1".into(), &method, &uri, &headers);
        entry.asked(&long);
        entry.failed(&long, Some(&long), Some(&long));
        let refused = (0..500).map(|number| format!("{number}{long}")).collect();
        entry.parameters(Parameters { refused, ..Parameters::default() });
        drop(entry);
        let record = serde_json::to_string(&*log.records()[0]).unwrap();
        assert!(record.len() < 10_000, "{}", record.len());
    }

    #[test]
    fn only_the_latest_records_are_kept() {
        let log = RequestLog::default();
        for _ in 0..super::super::KEPT + 5 {
            drop(entry(&log));
        }
        assert_eq!(log.records().len(), super::super::KEPT);
    }
}
