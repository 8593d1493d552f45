//! A Responses API request, checked and understood.

use serde_json::{Map, Value, json};

use super::{
    Encrypted, History, Missing, ResponseObject, StoredItem, StoredResponse, calls, input::Input,
    labels::Labels, object, tools,
};
use crate::{
    openai::{
        chat::{CallForm, ChatRequest},
        error::ApiError,
        expectation::{Expectation, Form},
        policy::{self, Trace},
        reasoning::ReasoningAsked,
        turn_request::{Delivery, TurnRequest, Verbosity, model},
        value::{At, Fields},
    },
    turn::{Content, Item, Limits, Role, Summary},
};

/// What a caller asks for.
#[derive(Debug)]
pub(crate) struct ResponsesRequest {
    pub(crate) turn: TurnRequest,
    /// The response as it is before the model has said anything.
    pub(crate) response: ResponseObject,
    pub(crate) continuation: Continuation,
    /// Whether reasoning is given in the form that only the provider can read.
    pub(crate) encrypted: Encrypted,
    pub(crate) delivery: Delivery,
    /// The chat's word for what this API always does, for an answer in the chat's form.
    include_usage: bool,
}

/// What of the turn's items is to be stored with the response, if it is.
#[derive(Debug, Clone)]
pub(crate) struct Continuation {
    store: bool,
    previous: Option<String>,
    /// Which of the turn's items came with the request.
    new: std::ops::Range<usize>,
}

impl ResponsesRequest {
    /// Understands a request. `trace` tells what became of its fields, also where the request is refused.
    pub(crate) fn parse(
        mut body: Map<String, Value>,
        trace: &mut Trace,
        history: &History,
    ) -> Result<Self, ApiError> {
        trace.apply(policy::RESPONSES, &mut body)?;
        let mut fields = Fields::new(body);
        let model = model(&mut fields)?;
        let reasoning = ReasoningAsked::parse(&mut fields)?;
        let service_tier = fields.take("service_tier").map(At::string).transpose()?;
        let max_tokens = limit(&mut fields, "max_output_tokens")?;
        let max_tool_calls = limit(&mut fields, "max_tool_calls")?;
        let encrypted = include(&mut fields)?;
        let store = fields.take("store").map(At::bool).transpose()?.unwrap_or(true) && history.keeps();
        let (delivery, include_usage) = delivery(&mut fields)?;
        let labels = Labels::parse(&mut fields)?;
        let instructions = fields.take("instructions").map(At::string).transpose()?;
        let Text { format, verbosity, repeated: text } = Text::parse(&mut fields)?;
        let mut tools = tools::parse(&mut fields)?;
        let expectation = Expectation::new(format, &mut tools.used);
        let previous = fields.take("previous_response_id").map(At::string).transpose()?;
        let Conversation { items, images, new } =
            Conversation::parse(&mut fields, instructions.as_deref(), previous.as_deref(), history, trace)?;
        fields.finish()?;

        let response = ResponseObject::new(object::Asked {
            model: &model,
            instructions,
            labels,
            max_output_tokens: max_tokens,
            max_tool_calls,
            parallel_tool_calls: tools.parallel_tool_calls,
            previous_response_id: previous.as_deref(),
            store,
            summary: (reasoning.summary != Summary::None).then(|| reasoning.summary.name()),
            text,
            tool_choice: tools.tool_choice,
            tools: tools.tools,
        });
        let turn = TurnRequest {
            model,
            items: items.into_iter().chain(expectation.in_words()).collect(),
            images,
            effort: reasoning.effort,
            summary: reasoning.summary,
            verbosity: verbosity.upstream(),
            service_tier,
            limits: Limits { stop: Vec::new(), max_tokens: max_tokens.map(|limit| limit as usize) },
            tools: tools.used.tools,
            expectation,
        };
        let continuation = Continuation { store, previous, new };
        Ok(Self { turn, response, continuation, encrypted, delivery, include_usage })
    }
}

/// Some editors send a Responses API request to the chat's URL, and understand the chat's answer.
impl From<ResponsesRequest> for ChatRequest {
    fn from(request: ResponsesRequest) -> Self {
        let ResponsesRequest { turn, delivery, include_usage, .. } = request;
        Self { turn, answers: 1, delivery, include_usage, calls: CallForm::Tools }
    }
}

impl Continuation {
    /// What is to be stored of a response before its output; `items` are those of its turn, images and all.
    pub(crate) fn stored(self, items: &[Item]) -> Option<StoredResponse> {
        let input = items.get(self.new).unwrap_or_default();
        self.store.then(|| StoredResponse {
            previous: self.previous,
            input: input.iter().cloned().map(StoredItem::new).collect(),
            ..StoredResponse::default()
        })
    }
}

/// What a request gives the model to answer.
struct Conversation {
    items: Vec<Item>,
    images: Vec<crate::openai::ImagePart>,
    /// Which of the items came with the request.
    new: std::ops::Range<usize>,
}

impl Conversation {
    /// The instructions of this request, then what was said before, then what comes new.
    fn parse(
        fields: &mut Fields,
        instructions: Option<&str>,
        previous: Option<&str>,
        history: &History,
        trace: &mut Trace,
    ) -> Result<Self, ApiError> {
        let instructions = instructions.filter(|text| !text.is_empty());
        let mut items: Vec<_> = instructions.into_iter().map(developer).collect();
        if let Some(previous) = previous {
            let before = history.conversation(previous);
            items.extend(before.map_err(|missing| history.missing(Missing::Previous(&missing)))?);
        }
        let begin = items.len();
        let mut input = Input { items, images: Vec::new(), history, trace };
        if previous.is_none() || fields.has("input") {
            input.add(fields.require("input")?)?;
        }
        let Input { items, images, .. } = input;
        if items.is_empty() {
            let message = "`input` must hold at least one item.";
            return Err(ApiError::invalid("input", "invalid_value", message));
        }
        calls::check(&items)?;
        Ok(Self { new: begin..items.len(), items, images })
    }
}

fn developer(text: &str) -> Item {
    Item::message(Role::Developer, vec![Content::InputText { text: text.to_owned() }])
}

/// What `text` asks for, and how responses repeat it.
struct Text {
    format: Form,
    verbosity: Verbosity,
    repeated: Value,
}

impl Text {
    fn parse(fields: &mut Fields) -> Result<Self, ApiError> {
        let (mut format, mut verbosity, mut repeated) =
            (Form::Text, Verbosity::default(), json!({"type": "text"}));
        if let Some(text) = fields.take("text") {
            let mut text = text.object()?;
            if let Some(asked) = text.take("format") {
                repeated = asked.value().clone();
                format = Form::parse(asked.object()?, None)?;
            }
            verbosity = text.take("verbosity").map(Verbosity::parse).transpose()?.unwrap_or_default();
            text.finish()?;
        }
        Ok(Self { format, verbosity, repeated: json!({"format": repeated, "verbosity": verbosity.name()}) })
    }
}

fn limit(fields: &mut Fields, name: &str) -> Result<Option<u32>, ApiError> {
    fields.take(name).map(|limit| limit.integer(1..=u32::MAX)).transpose()
}

/// What else is to be in the answer. What belongs to hosted tools is never there to be included.
fn include(fields: &mut Fields) -> Result<Encrypted, ApiError> {
    let mut encrypted = Encrypted::default();
    let Some(include) = fields.take("include") else { return Ok(encrypted) };
    for wanted in include.list()? {
        let path = wanted.path().to_owned();
        match wanted.string()?.as_str() {
            "reasoning.encrypted_content" => encrypted.included = true,
            "code_interpreter_call.outputs"
            | "computer_call_output.output.image_url"
            | "file_search_call.results"
            | "message.input_image.image_url"
            | "web_search_call.action.sources"
            | "web_search_call.results" => {}
            other => {
                let message = format!("`{path}` is `{other}`, which Codex can't give. Remove it.");
                return Err(ApiError::unsupported(&path, message));
            }
        }
    }
    Ok(encrypted)
}

/// How the answer is wanted, and whether usage in the chat's form.
fn delivery(fields: &mut Fields) -> Result<(Delivery, bool), ApiError> {
    let stream = fields.take("stream").map(At::bool).transpose()?.unwrap_or(false);
    let mut include_usage = false;
    if let Some(options) = fields.take("stream_options") {
        let mut options = options.object()?;
        // Padding against eavesdroppers on the network, which loopback does not have: none is sent either way.
        options.take("include_obfuscation").map(At::bool).transpose()?;
        include_usage = options.take("include_usage").map(At::bool).transpose()?.unwrap_or(false);
        options.finish()?;
    }
    Ok((if stream { Delivery::Stream } else { Delivery::Whole }, include_usage))
}
