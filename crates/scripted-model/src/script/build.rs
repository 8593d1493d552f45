//! Scripts in Rust, written as one sentence: `Script::text("Let me look.").function_call(…).usage(…)`.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::{
    Echo, End, EventStream, FunctionCall, Garbage, Headers, HttpError, Message, Phase, RawEvent, Reasoning,
    Script, Step, Usage,
};

impl Script {
    /// One message of one delta.
    pub fn text(text: impl Into<String>) -> EventStream {
        EventStream::default().text(text)
    }

    /// One message.
    pub fn deltas<D: Into<String>>(deltas: impl IntoIterator<Item = D>) -> EventStream {
        EventStream::default().deltas(deltas)
    }

    /// Repeats the last user message, see [`Echo`].
    pub fn echo() -> EventStream {
        EventStream::default().echo(Echo::default())
    }

    /// An HTTP error instead of a stream.
    pub fn error(status: u16, body: Value) -> HttpError {
        HttpError { status, headers: Headers::new(), body }
    }

    /// The provider's 429 for too many requests.
    pub fn rate_limited(retry_after_seconds: u64) -> HttpError {
        let error =
            json!({"type": "rate_limit_error", "code": "rate_limit_exceeded", "message": "Slow down."});
        Self::error(429, json!({ "error": error })).header("retry-after", retry_after_seconds.to_string())
    }

    /// The 429 of a subscription whose quota is used up until `resets_at`, in Unix seconds.
    pub fn usage_limit_reached(resets_at: u64) -> HttpError {
        let error = json!({
            "type": "usage_limit_reached",
            "message": "The usage limit has been reached.",
            "plan_type": "plus",
            "resets_at": resets_at,
        });
        Self::error(429, json!({ "error": error }))
    }
}

impl EventStream {
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.step(Step::Text(text.into()))
    }

    #[must_use]
    pub fn deltas<D: Into<String>>(self, deltas: impl IntoIterator<Item = D>) -> Self {
        self.message(Message::deltas(deltas))
    }

    #[must_use]
    pub fn message(self, message: Message) -> Self {
        self.step(Step::Message(message))
    }

    #[must_use]
    pub fn reasoning(self, reasoning: Reasoning) -> Self {
        self.step(Step::Reasoning(reasoning))
    }

    #[must_use]
    pub fn function_call(
        self,
        name: impl Into<String>,
        arguments: impl Into<String>,
        call_id: impl Into<String>,
    ) -> Self {
        self.step(Step::FunctionCall(FunctionCall {
            name: name.into(),
            arguments: arguments.into(),
            call_id: Some(call_id.into()),
            unfinished: false,
        }))
    }

    #[must_use]
    pub fn echo(self, echo: Echo) -> Self {
        self.step(Step::Echo(echo))
    }

    #[must_use]
    pub fn pause(self, pause: Duration) -> Self {
        self.step(Step::PauseMs(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)))
    }

    /// A raw event; what is not an object in `fields` is ignored.
    #[must_use]
    pub fn event(self, kind: impl Into<String>, fields: Value) -> Self {
        let fields = if let Value::Object(fields) = fields { fields } else { serde_json::Map::new() };
        self.step(Step::Event(RawEvent { kind: kind.into(), fields }))
    }

    #[must_use]
    pub fn garbage(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Garbage(Garbage(bytes.into())))
    }

    #[must_use]
    pub fn end(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    #[must_use]
    pub fn incomplete(self, reason: impl Into<String>) -> Self {
        self.end(End::Incomplete { reason: reason.into() })
    }

    #[must_use]
    pub fn failed(self, code: impl Into<String>, message: impl Into<String>) -> Self {
        self.end(End::Failed { code: code.into(), message: message.into() })
    }

    #[must_use]
    pub fn cut(self) -> Self {
        self.end(End::Cut)
    }

    #[must_use]
    pub fn hang(self) -> Self {
        self.end(End::Hang)
    }

    #[must_use]
    pub fn usage(mut self, usage: Usage) -> Self {
        self.usage = Some(usage);
        self
    }

    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Tells, as the provider does with each answer, how much of a limit of five hours is used, and when it starts over.
    #[must_use]
    pub fn five_hour_limit(mut self, used_percent: u32, resets_in: Duration) -> Self {
        self.headers.extend(five_hour_limit(used_percent, resets_in));
        self
    }

    #[must_use]
    pub fn without_created(mut self) -> Self {
        self.created = false;
        self
    }
}

fn five_hour_limit(used_percent: u32, resets_in: Duration) -> Headers {
    let resets_at = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default() + resets_in;
    let told = [
        ("used-percent", used_percent.to_string()),
        ("window-minutes", "300".to_owned()),
        ("reset-at", resets_at.as_secs().to_string()),
    ];
    told.map(|(name, value)| (format!("x-codex-primary-{name}"), value)).into()
}

impl Default for EventStream {
    fn default() -> Self {
        Self { steps: Vec::new(), end: End::Completed, usage: None, headers: Headers::new(), created: true }
    }
}

impl HttpError {
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Tells, as the provider does with each answer, how much of a limit of five hours is used, and when it starts over.
    #[must_use]
    pub fn five_hour_limit(mut self, used_percent: u32, resets_in: Duration) -> Self {
        self.headers.extend(five_hour_limit(used_percent, resets_in));
        self
    }
}

impl Message {
    pub fn deltas<D: Into<String>>(deltas: impl IntoIterator<Item = D>) -> Self {
        Self { deltas: deltas.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Waits before each delta.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        self
    }

    #[must_use]
    pub fn phase(mut self, phase: Phase) -> Self {
        self.phase = Some(phase);
        self
    }

    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.unfinished = true;
        self
    }
}

impl Reasoning {
    /// A summary of one part.
    pub fn deltas<D: Into<String>>(deltas: impl IntoIterator<Item = D>) -> Self {
        Self { summary: vec![deltas.into_iter().map(Into::into).collect()], ..Self::default() }
    }

    #[must_use]
    pub fn encrypted(mut self, content: impl Into<String>) -> Self {
        self.encrypted_content = Some(content.into());
        self
    }
}

impl Default for Echo {
    fn default() -> Self {
        Self { prefix: "You said: ".to_owned(), pause_ms: 0 }
    }
}

impl From<EventStream> for Script {
    fn from(stream: EventStream) -> Self {
        Self::Stream(stream)
    }
}

impl From<HttpError> for Script {
    fn from(error: HttpError) -> Self {
        Self::Error(error)
    }
}
