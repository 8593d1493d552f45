//! Chat completions and their chunks, as OpenAI's reference has them.

use serde::Serialize;

use super::CallForm;
use crate::{
    openai::{new_id, now},
    turn::{Finish, ToolCall, Usage},
};

/// A whole answer.
#[derive(Debug, Serialize)]
pub(crate) struct ChatCompletion<'a> {
    id: String,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<CompletionUsage>,
    system_fingerprint: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct Choice<'a> {
    index: usize,
    message: Message<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    role: &'static str,
    /// `null` where there are only calls.
    content: Option<&'a str>,
    refusal: Option<&'a str>,
    annotations: [(); 0],
    /// The summary of the model's reasoning, where one was asked for: not OpenAI's, but what clients of many servers
    /// know it by.
    #[serde(skip_serializing_if = "str::is_empty")]
    reasoning_content: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<Function<'a>>,
}

#[derive(Debug, Serialize)]
struct Call<'a> {
    /// Only in streams.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: Function<'a>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

impl<'a> Function<'a> {
    fn new(call: &'a ToolCall) -> Self {
        Self { name: Some(&call.name), arguments: &call.arguments }
    }
}

impl<'a> Call<'a> {
    fn new(index: Option<usize>, call: &'a ToolCall) -> Self {
        Self { index, id: Some(&call.id), kind: Some("function"), function: Function::new(call) }
    }

    /// More of the arguments of a call whose beginning was streamed before.
    fn more(index: usize, arguments: &'a str) -> Self {
        Self { index: Some(index), id: None, kind: None, function: Function { name: None, arguments } }
    }
}

/// One answer, whole.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct AnswerParts {
    /// The summary of the model's reasoning.
    pub(crate) reasoning: String,
    pub(crate) text: String,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) finish: Finish,
}

impl<'a> ChatCompletion<'a> {
    /// `model` is the name that the caller asked for; the answers are in the order of their indices.
    pub(crate) fn new(
        model: &'a str,
        answers: &'a [AnswerParts],
        usage: Option<Usage>,
        form: CallForm,
    ) -> Self {
        let choice = |(index, answer): (usize, &'a AnswerParts)| {
            let calls = answer.calls.as_slice();
            let (tool_calls, function_call) = match form {
                CallForm::Tools => (calls.iter().map(|call| Call::new(None, call)).collect(), None),
                CallForm::Older => (Vec::new(), calls.first().map(Function::new)),
            };
            let message = Message {
                role: "assistant",
                content: (!answer.text.is_empty() || calls.is_empty()).then_some(answer.text.as_str()),
                refusal: None,
                annotations: [],
                reasoning_content: &answer.reasoning,
                tool_calls,
                function_call,
            };
            Choice { index, message, logprobs: None, finish_reason: finish_reason(answer.finish, form) }
        };
        Self {
            id: new_id("chatcmpl-"),
            object: "chat.completion",
            created: now(),
            model,
            choices: answers.iter().enumerate().map(choice).collect(),
            usage: usage.map(CompletionUsage::from),
            system_fingerprint: None,
        }
    }
}

/// Makes the chunks of one streamed answer, which share their id, time and model.
#[derive(Debug)]
pub(crate) struct Chunks {
    id: String,
    created: u64,
    model: String,
    include_usage: bool,
    form: CallForm,
}

#[derive(Debug, Serialize)]
pub(crate) struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    system_fingerprint: Option<&'static str>,
    choices: Vec<ChunkChoice<'a>>,
    /// `null` in every chunk but the last, and only where the caller asked for usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<CompletionUsage>>,
}

#[derive(Debug, Serialize)]
struct ChunkChoice<'a> {
    index: usize,
    delta: Delta<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Debug, Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[Call<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<Function<'a>>,
}

impl Chunks {
    pub(crate) fn new(model: String, include_usage: bool, form: CallForm) -> Self {
        Self { id: new_id("chatcmpl-"), created: now(), model, include_usage, form }
    }

    /// The first chunk of an answer, which names the role. An answer that begins with a call has no content, which
    /// is not the same as an empty one.
    pub(crate) fn role(&self, index: usize, content: bool) -> Chunk<'_> {
        let content = Some(content.then_some(""));
        self.choice(index, Delta { role: Some("assistant"), content, ..Delta::default() }, None)
    }

    pub(crate) fn content<'a>(&'a self, index: usize, text: &'a str) -> Chunk<'a> {
        self.choice(index, Delta { content: Some(Some(text)), ..Delta::default() }, None)
    }

    pub(crate) fn reasoning<'a>(&'a self, index: usize, text: &'a str) -> Chunk<'a> {
        self.choice(index, Delta { reasoning_content: Some(text), ..Delta::default() }, None)
    }

    /// A call with its arguments, or with the first of them. `number` counts the calls of the answer.
    pub(crate) fn call<'a>(&'a self, index: usize, number: usize, call: &'a ToolCall) -> Chunk<'a> {
        self.called(index, Call::new(Some(number), call))
    }

    /// More of the arguments of a call.
    pub(crate) fn arguments<'a>(&'a self, index: usize, number: usize, text: &'a str) -> Chunk<'a> {
        self.called(index, Call::more(number, text))
    }

    fn called<'a>(&'a self, index: usize, call: Call<'a>) -> Chunk<'a> {
        let delta = match self.form {
            CallForm::Tools => Delta { tool_calls: Some([call]), ..Delta::default() },
            CallForm::Older => Delta { function_call: Some(call.function), ..Delta::default() },
        };
        self.choice(index, delta, None)
    }

    pub(crate) fn finish(&self, index: usize, finish: Finish) -> Chunk<'_> {
        self.choice(index, Delta::default(), Some(finish_reason(finish, self.form)))
    }

    /// The chunk after the last choice, where the caller asked for it and Codex reported any usage.
    pub(crate) fn usage(&self, usage: Option<Usage>) -> Option<Chunk<'_>> {
        let usage = usage.filter(|_| self.include_usage)?;
        Some(self.chunk(Vec::new(), Some(Some(usage.into()))))
    }

    fn choice<'a>(
        &'a self,
        index: usize,
        delta: Delta<'a>,
        finish_reason: Option<&'static str>,
    ) -> Chunk<'a> {
        let choice = ChunkChoice { index, delta, logprobs: None, finish_reason };
        self.chunk(vec![choice], self.include_usage.then_some(None))
    }

    fn chunk<'a>(
        &'a self,
        choices: Vec<ChunkChoice<'a>>,
        usage: Option<Option<CompletionUsage>>,
    ) -> Chunk<'a> {
        Chunk {
            id: &self.id,
            object: "chat.completion.chunk",
            created: self.created,
            model: &self.model,
            system_fingerprint: None,
            choices,
            usage,
        }
    }
}

fn finish_reason(finish: Finish, form: CallForm) -> &'static str {
    match (finish, form) {
        (Finish::Stop, _) => "stop",
        (Finish::ToolCalls, CallForm::Tools) => "tool_calls",
        (Finish::ToolCalls, CallForm::Older) => "function_call",
        (Finish::Length, _) => "length",
        (Finish::ContentFilter, _) => "content_filter",
    }
}

#[derive(Debug, Serialize)]
struct CompletionUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptTokensDetails,
    completion_tokens_details: CompletionTokensDetails,
}

#[derive(Debug, Serialize)]
struct PromptTokensDetails {
    cached_tokens: u64,
    audio_tokens: u64,
}

#[derive(Debug, Serialize)]
struct CompletionTokensDetails {
    reasoning_tokens: u64,
    audio_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
}

impl From<Usage> for CompletionUsage {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.input,
            completion_tokens: usage.output,
            total_tokens: usage.input + usage.output,
            prompt_tokens_details: PromptTokensDetails { cached_tokens: usage.cached_input, audio_tokens: 0 },
            completion_tokens_details: CompletionTokensDetails {
                reasoning_tokens: usage.reasoning_output,
                audio_tokens: 0,
                accepted_prediction_tokens: 0,
                rejected_prediction_tokens: 0,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const USAGE: Usage = Usage { input: 11, cached_input: 3, output: 7, reasoning_output: 2 };

    fn usage() -> Value {
        json!({
            "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18,
            "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 2, "audio_tokens": 0,
                "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
            },
        })
    }

    fn json(value: impl Serialize) -> Value {
        let mut value = serde_json::to_value(value).unwrap();
        assert!(value["id"].as_str().unwrap().starts_with("chatcmpl-"));
        assert!(value["created"].as_u64().unwrap() > 1_700_000_000);
        let fields = value.as_object_mut().unwrap();
        fields.remove("id");
        fields.remove("created");
        value
    }

    #[test]
    fn a_whole_answer() {
        let call = ToolCall { id: "call_1".into(), name: "f".into(), arguments: "{ }".into() };
        let answers = [
            AnswerParts {
                reasoning: "Hm.".into(),
                text: "pong".into(),
                calls: vec![],
                finish: Finish::Length,
            },
            AnswerParts {
                reasoning: String::new(),
                text: String::new(),
                calls: vec![call],
                finish: Finish::ToolCalls,
            },
        ];
        assert_eq!(
            json(ChatCompletion::new("gpt-4o", &answers, Some(USAGE), CallForm::Tools)),
            json!({
                "object": "chat.completion", "model": "gpt-4o", "system_fingerprint": null, "usage": usage(),
                "choices": [{
                    "index": 0, "logprobs": null, "finish_reason": "length",
                    "message": {"role": "assistant", "content": "pong", "refusal": null, "annotations": [], "reasoning_content": "Hm."},
                }, {
                    "index": 1, "logprobs": null, "finish_reason": "tool_calls",
                    "message": {
                        "role": "assistant", "content": null, "refusal": null, "annotations": [],
                        "tool_calls": [{
                            "id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{ }"},
                        }],
                    },
                }],
            })
        );
    }

    #[test]
    fn chunks_with_usage() {
        let chunks = Chunks::new("m".into(), true, CallForm::Tools);
        let chunk = |delta: Value, finish_reason: Value| {
            json!({
                "object": "chat.completion.chunk", "model": "m", "system_fingerprint": null, "usage": null,
                "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason}],
            })
        };
        assert_eq!(
            json(chunks.role(0, true)),
            chunk(json!({"role": "assistant", "content": ""}), Value::Null)
        );
        assert_eq!(
            json(chunks.role(0, false)),
            chunk(json!({"role": "assistant", "content": null}), Value::Null)
        );
        assert_eq!(json(chunks.content(0, "po")), chunk(json!({"content": "po"}), Value::Null));
        assert_eq!(json(chunks.reasoning(0, "Hm.")), chunk(json!({"reasoning_content": "Hm."}), Value::Null));
        let call = ToolCall { id: "call_1".into(), name: "f".into(), arguments: "{}".into() };
        let tool_call = json!({"index": 1, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}});
        assert_eq!(json(chunks.call(0, 1, &call)), chunk(json!({"tool_calls": [tool_call]}), Value::Null));
        let more = json!({"index": 1, "function": {"arguments": "{"}});
        assert_eq!(json(chunks.arguments(0, 1, "{")), chunk(json!({"tool_calls": [more]}), Value::Null));
        assert_eq!(json(chunks.finish(0, Finish::Length)), chunk(json!({}), json!("length")));
        assert_eq!(
            json(chunks.usage(Some(USAGE)).unwrap()),
            json!({
                "object": "chat.completion.chunk", "model": "m", "system_fingerprint": null, "choices": [],
                "usage": usage(),
            })
        );
    }

    #[test]
    fn a_call_in_the_older_form() {
        let call = ToolCall { id: "call_1".into(), name: "f".into(), arguments: "{}".into() };
        let answer =
            AnswerParts { calls: vec![call.clone()], finish: Finish::ToolCalls, ..AnswerParts::default() };
        let whole = json(ChatCompletion::new("m", &[answer], None, CallForm::Older));
        let choice = &whole["choices"][0];
        assert_eq!(choice["message"]["function_call"], json!({"name": "f", "arguments": "{}"}));
        assert_eq!(
            (&choice["message"]["content"], &choice["message"]["tool_calls"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(choice["finish_reason"], "function_call");

        let chunks = Chunks::new("m".into(), false, CallForm::Older);
        let delta = |chunk: Chunk<'_>| json(chunk)["choices"][0]["delta"].take();
        assert_eq!(
            delta(chunks.call(0, 0, &call)),
            json!({"function_call": {"name": "f", "arguments": "{}"}})
        );
        assert_eq!(delta(chunks.arguments(0, 0, "{")), json!({"function_call": {"arguments": "{"}}));
        assert_eq!(json(chunks.finish(0, Finish::ToolCalls))["choices"][0]["finish_reason"], "function_call");
    }

    #[test]
    fn chunks_without_usage_do_not_mention_it() {
        let chunks = Chunks::new("m".into(), false, CallForm::Tools);
        assert!(json(chunks.content(0, "x")).get("usage").is_none());
        assert!(chunks.usage(Some(USAGE)).is_none());
    }
}
