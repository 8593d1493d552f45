//! A chat completion request, checked and understood.

use serde_json::{Map, Value};

use super::{limits, message, tools};
use crate::openai::{
    error::ApiError,
    expectation::{Expectation, Form},
    policy::{self, Trace},
    reasoning::{ReasoningAsked, effort},
    turn_request::{Delivery, TurnRequest, Verbosity, model},
    value::{At, Fields},
};

/// What a caller asks for.
#[derive(Debug)]
pub(crate) struct ChatRequest {
    pub(crate) turn: TurnRequest,
    /// How many answers are wanted.
    pub(crate) answers: u32,
    pub(crate) delivery: Delivery,
    /// Whether usage is streamed too.
    pub(crate) include_usage: bool,
    pub(crate) calls: CallForm,
}

/// How a call of a function is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum CallForm {
    /// In `tool_calls`.
    #[default]
    Tools,
    /// In `function_call`, the older form, which has room for one, and no id for it.
    Older,
}

impl ChatRequest {
    /// Understands a request. `trace` tells what became of its fields, also where the request is refused.
    pub(crate) fn parse(mut body: Map<String, Value>, trace: &mut Trace) -> Result<Self, ApiError> {
        trace.apply(policy::CHAT, &mut body)?;
        let mut fields = Fields::new(body);
        let model = model(&mut fields)?;
        let reasoning = ReasoningAsked::parse(&mut fields)?;
        let effort = fields.take("reasoning_effort").map(effort).transpose()?.or(reasoning.effort);
        let verbosity = fields.take("verbosity").map(Verbosity::parse).transpose()?.unwrap_or_default();
        let service_tier = fields.take("service_tier").map(At::string).transpose()?;
        let stream = fields.take("stream").map(At::bool).transpose()?.unwrap_or(false);
        let include_usage = stream_options(&mut fields, stream)?;
        let limits = limits::parse(&mut fields)?;
        let answers = limits::answers(&mut fields)?;
        let (mut tools, calls) = tools::parse(&mut fields)?;
        let format =
            fields.take("response_format").map(|format| Form::parse(format.object()?, Some("json_schema")));
        let expectation = Expectation::new(format.transpose()?.unwrap_or(Form::Text), &mut tools);
        let messages = message::parse(fields.require("messages")?, trace)?;
        fields.finish()?;
        let items = messages.items.into_iter().chain(expectation.in_words()).collect();
        Ok(Self {
            turn: TurnRequest {
                model,
                items,
                images: messages.images,
                effort,
                summary: reasoning.summary,
                verbosity: verbosity.upstream(),
                service_tier,
                limits,
                tools: tools.tools,
                expectation,
            },
            answers,
            delivery: if stream { Delivery::Stream } else { Delivery::Whole },
            include_usage,
            calls,
        })
    }
}

/// Whether usage is to be streamed too.
fn stream_options(fields: &mut Fields, stream: bool) -> Result<bool, ApiError> {
    let Some(options) = fields.take("stream_options") else { return Ok(false) };
    if !stream {
        return Err(ApiError::invalid(
            "stream_options",
            "invalid_value",
            "`stream_options` is only allowed when `stream` is true.",
        ));
    }
    let mut options = options.object()?;
    let include_usage = options.take("include_usage").map(At::bool).transpose()?.unwrap_or(false);
    // Padding against eavesdroppers on the network, which loopback does not have: none is sent either way.
    options.take("include_obfuscation").map(At::bool).transpose()?;
    options.finish()?;
    Ok(include_usage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        settings::Unsupported,
        turn::{Content, Item, Limits, Role},
    };
    use serde_json::json;

    fn parse(body: Value) -> Result<ChatRequest, ApiError> {
        ChatRequest::parse(body.as_object().unwrap().clone(), &mut Trace::new(Unsupported::Refuse))
    }

    fn refused(body: Value) -> (Option<String>, Option<String>, String) {
        let error = parse(body).unwrap_err();
        assert_eq!((error.status, error.body.kind), (400, "invalid_request_error"));
        (error.body.param, error.body.code, error.body.message)
    }

    #[test]
    fn a_plain_request_is_a_turn() {
        let request = parse(json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]})).unwrap();
        assert_eq!(
            request.turn.items,
            [Item::message(Role::User, vec![Content::InputText { text: "hi".into() }])],
        );
        assert_eq!(
            (request.turn.model.as_str(), request.delivery, request.answers),
            ("m", Delivery::Whole, 1)
        );
        assert_eq!(
            (request.turn.images, request.turn.effort, request.turn.limits),
            (vec![], None, Limits::default())
        );
    }

    #[test]
    fn streaming_and_its_options() {
        let delivery = |stream: Value, options: Value| {
            let body = json!({
                "model": "m", "messages": [{"role": "user", "content": ""}],
                "stream": stream, "stream_options": options,
            });
            parse(body).map(|request| (request.delivery, request.include_usage))
        };
        assert_eq!(delivery(json!(false), Value::Null).unwrap(), (Delivery::Whole, false));
        assert_eq!(delivery(json!(true), Value::Null).unwrap(), (Delivery::Stream, false));
        let usage = json!({"include_usage": true, "include_obfuscation": false});
        assert_eq!(delivery(json!(true), usage.clone()).unwrap(), (Delivery::Stream, true));
        let param = |result: Result<(Delivery, bool), ApiError>| result.unwrap_err().body.param.unwrap();
        assert_eq!(param(delivery(Value::Null, usage)), "stream_options");
        assert_eq!(param(delivery(json!(true), json!({"include_usage": 1}))), "stream_options.include_usage");
        assert_eq!(param(delivery(json!(true), json!({"x": 1}))), "stream_options.x");
        assert_eq!(param(delivery(json!("yes"), Value::Null)), "stream");
    }

    #[test]
    fn missing_and_wrong_fields_are_named() {
        let user = json!([{"role": "user", "content": "hi"}]);
        for (body, param, code) in [
            (json!({}), "model", "missing_required_parameter"),
            (json!({"model": "m"}), "messages", "missing_required_parameter"),
            (json!({"model": null, "messages": user}), "model", "missing_required_parameter"),
            (json!({"model": 7, "messages": user}), "model", "invalid_type"),
            (json!({"model": "", "messages": user}), "model", "invalid_value"),
            (json!({"model": "m", "messages": "hi"}), "messages", "invalid_type"),
            (json!({"model": "m", "messages": []}), "messages", "invalid_value"),
            (
                json!({"model": "m", "messages": user, "reasoning_effort": 1}),
                "reasoning_effort",
                "invalid_type",
            ),
        ] {
            let (found_param, found_code, message) = refused(body.clone());
            assert_eq!((found_param.as_deref(), found_code.as_deref()), (Some(param), Some(code)), "{body}");
            assert!(message.contains(param), "{message}");
        }
    }
}
