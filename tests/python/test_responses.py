"""The Responses API with the official SDK: what the caller gets, and what the model was asked."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from responses import CALL, GET_WEATHER, PIXEL, THOUGHT, USAGE, Person, ask, message, said
from stack import MODEL, Gateway, ScriptedModel

FIELDS = {
    *("id", "object", "created_at", "completed_at", "status", "incomplete_details", "model"),
    *("previous_response_id", "instructions", "output", "error", "tools", "tool_choice", "truncation"),
    *("parallel_tool_calls", "text", "top_p", "presence_penalty", "frequency_penalty", "top_logprobs"),
    *("temperature", "reasoning", "usage", "max_output_tokens", "max_tool_calls", "store", "background"),
    *("service_tier", "metadata", "safety_identifier", "prompt_cache_key"),
}
"""Every response has all of them."""

NEVER_NULL = {
    *("presence_penalty", "frequency_penalty", "top_logprobs", "temperature", "top_p", "tool_choice"),
    *("truncation", "background", "service_tier", "tools", "metadata", "text", "reasoning"),
}


def test_a_response_is_whole(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text("po", "ng", usage=USAGE)
    response = ask(client, instructions="Be brief.", metadata={"a": "b"}, reasoning={"effort": "low"})
    assert response.output_text == "pong"
    whole = json.loads(response.model_dump_json())
    assert whole.keys() >= FIELDS
    assert {field for field in NEVER_NULL if whole[field] is None} == set()
    assert (response.status, response.model, response.store) == ("completed", MODEL, True)
    assert (response.instructions, response.metadata) == ("Be brief.", {"a": "b"})
    assert (response.reasoning.effort, response.service_tier) == ("low", "default")
    assert response.completed_at >= response.created_at > 1_700_000_000
    usage = response.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (11, 7, 18)
    assert (usage.input_tokens_details.cached_tokens, usage.output_tokens_details.reasoning_tokens) == (3, 2)
    [item] = response.output
    assert (response.id[:5], item.id[:4], item.status) == ("resp_", "msg_", "completed")
    assert model.conversation == [message("Be brief.", "developer"), message("Say pong")]
    assert model.requests[0]["body"]["reasoning"]["effort"] == "low"


def test_every_kind_of_item_reaches_the_model(client: openai.OpenAI, model: ScriptedModel) -> None:
    conversation = [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "input_text", "text": "See"}, {"type": "input_image", "image_url": PIXEL}],
        },
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "opaque",
            "status": None,
        },
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "phase": "commentary",
            "content": [
                {"type": "output_text", "text": "I look.", "annotations": [], "logprobs": []},
                {"type": "refusal", "refusal": "Not that."},
            ],
        },
        {"type": "function_call", "id": "fc_1", "status": "completed", **CALL},
        {"role": "user", "content": "Hurry"},
        {
            "type": "function_call_output",
            "call_id": "call_1",
            "output": [{"type": "input_text", "text": "Sunny"}, {"type": "input_image", "image_url": PIXEL}],
        },
    ]
    assert ask(client, conversation).status == "completed"
    system, user, reasoning, assistant, call, hurry, output = model.conversation
    assert system == message("Be brief.", "developer")
    assert [part.get("text", part.get("image_url")) for part in user["content"]] == ["See", PIXEL]
    assert (reasoning["type"], reasoning["encrypted_content"]) == ("reasoning", "opaque")
    assert reasoning["summary"] == [{"type": "summary_text", "text": "Hm."}]
    assert [part["text"] for part in assistant["content"]] == ["I look.", "Not that."]
    assert assistant["phase"] == "commentary"
    assert call == {"type": "function_call", **CALL}
    assert hurry == message("Hurry")
    assert (output["call_id"], output["output"][0]["text"]) == ("call_1", "Sunny")
    assert output["output"][1]["image_url"] == PIXEL


def test_a_tool_is_called_and_answered(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.push({"steps": [THOUGHT, {"text": "I look."}, {"function_call": CALL}]})
    conversation: list[Any] = [{"role": "user", "content": "Oslo?"}]
    first = ask(client, conversation, tools=[GET_WEATHER], include=["reasoning.encrypted_content"])
    assert [item.type for item in first.output] == ["reasoning", "message", "function_call"]
    reasoning, _, call = first.output
    assert (reasoning.encrypted_content, reasoning.summary) == ("opaque", [])
    assert (call.call_id, call.name, call.arguments) == ("call_1", "get_weather", CALL["arguments"])
    assert (first.tools[0].name, first.tools[0].strict, first.tool_choice) == ("get_weather", True, "auto")
    [tool] = model.requests[0]["body"]["tools"]
    assert (tool["name"], tool["parameters"]) == ("get_weather", GET_WEATHER["parameters"])

    conversation += first.output
    conversation.append({"type": "function_call_output", "call_id": "call_1", "output": "Sunny"})
    model.push({"steps": [{"text": "It is sunny."}]})
    assert ask(client, conversation, tools=[GET_WEATHER]).output_text == "It is sunny."
    assert said(model) == ["Oslo?", "I look.", CALL["arguments"], "Sunny"]
    assert model.conversation[1]["encrypted_content"] == "opaque"


@pytest.mark.parametrize("choice", ["required", {"type": "function", "name": "get_weather"}])
def test_a_call_can_be_forced(client: openai.OpenAI, model: ScriptedModel, choice: Any) -> None:
    model.text(CALL["arguments"])
    response = ask(client, tools=[GET_WEATHER], tool_choice=choice)
    [call] = response.output
    assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Oslo"})
    assert response.tool_choice == choice or response.tool_choice.name == choice["name"]


def test_only_allowed_tools_are_offered(client: openai.OpenAI, model: ScriptedModel) -> None:
    other = {**GET_WEATHER, "name": "other"}
    allowed = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "other"}]}
    ask(client, tools=[GET_WEATHER, other], tool_choice=allowed)
    assert [tool["name"] for tool in model.requests[0]["body"]["tools"]] == ["other"]


def test_one_call_at_a_time(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default({"steps": [{"function_call": CALL}, {"function_call": {**CALL, "call_id": "call_2"}}]})
    calls = ask(client, tools=[GET_WEATHER], parallel_tool_calls=False).output
    assert [call.call_id for call in calls] == ["call_1"]
    calls = ask(client, tools=[GET_WEATHER]).output
    assert [call.call_id for call in calls] == ["call_1", "call_2"]


def test_a_format_is_kept_and_parsed(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text('{"name": "Ada", "age": 36}')
    response = client.responses.parse(model=MODEL, input="Who?", text_format=Person)
    assert response.output_parsed == Person(name="Ada", age=36)
    assert response.text.format.name == "Person"
    schema = model.requests[0]["body"]["text"]["format"]["schema"]
    assert set(schema["properties"]) == {"name", "age"}

    model.text('{"name": "Ada"}')
    with pytest.raises(openai.InternalServerError) as unfit:
        client.responses.parse(model=MODEL, input="Who?", text_format=Person)
    assert unfit.value.code == "invalid_output"


def test_json_and_verbosity(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text('```json\n{"a": 1}\n```')
    response = ask(client, text={"format": {"type": "json_object"}, "verbosity": "low"})
    assert response.output_text == '{"a": 1}'
    assert response.text.verbosity == "low"
    assert model.requests[0]["body"]["text"]["verbosity"] == "low"


def test_a_summary_of_the_reasoning_is_given_where_it_is_asked_for(
    client: openai.OpenAI, model: ScriptedModel
) -> None:
    model.default({"steps": [THOUGHT, {"text": "pong"}]})
    asked, unasked = ask(client, reasoning={"summary": "detailed"}), ask(client)
    assert [part.text for part in asked.output[0].summary] == ["Let me think.", "Pong."]
    assert asked.output[0].encrypted_content is None
    assert (asked.reasoning.summary, unasked.output[0].summary) == ("detailed", [])
    assert model.requests[0]["body"]["reasoning"]["summary"] == "detailed"


def test_messages_of_one_answer_stay_apart(client: openai.OpenAI, model: ScriptedModel) -> None:
    commentary = {"message": {"deltas": ["I ", "look."], "phase": "commentary"}}
    answer = {"message": {"deltas": ["pong"], "phase": "final_answer"}}
    model.push({"steps": [commentary, THOUGHT, answer]})
    first = ask(client)
    assert [item.type for item in first.output] == ["message", "reasoning", "message"]
    assert [first.output[0].phase, first.output[2].phase] == ["commentary", "final_answer"]
    ask(client, "And?", previous_response_id=first.id)
    items = [(item["type"], item.get("phase")) for item in model.conversation]
    assert items == [
        ("message", None),
        ("message", "commentary"),
        ("reasoning", None),
        ("message", "final_answer"),
        ("message", None),
    ]


def test_what_is_too_long_is_incomplete(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text(*[" word"] * 50)
    response = ask(client, max_output_tokens=5)
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert response.output_text == " word" * 5
    assert (response.output[0].status, response.max_output_tokens) == ("incomplete", 5)
    assert response.completed_at is None
    assert response.usage.output_tokens >= 5

    model.default({"steps": [{"text": "po"}], "end": {"incomplete": {"reason": "content_filter"}}})
    assert ask(client).incomplete_details.reason == "content_filter"


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"truncation": "auto"}, "truncation"),
        ({"temperature": 0}, "temperature"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"include": ["message.output_text.logprobs"]}, "include[0]"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "custom", "name": "c"}]}, "tools[0].type"),
        ({"tools": [GET_WEATHER], "tool_choice": {"type": "file_search"}}, "tool_choice.type"),
        ({"input": []}, "input"),
        ({"input": [{"type": "web_search_call", "id": "ws_1"}]}, "input[0].type"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]},
            "input[0].content[0].type",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
            "input[0].content[0].image_url",
        ),
        ({"input": [{"type": "function_call", **CALL}]}, "input"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": ""}]}, "input"),
        ({"input": [{"type": "reasoning", "id": "rs_0", "summary": []}]}, "input[0]"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"reasoning": {"effort": "huge"}}, "reasoning.effort"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"text": {"verbosity": "loud"}}, "text.verbosity"),
        ({"extra_body": {"colour": "red"}}, "colour"),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_what_cannot_be_done_is_refused_by_name(
    client: openai.OpenAI, model: ScriptedModel, options: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, **options)
    assert refused.value.param == param
    assert refused.value.type == "invalid_request_error"
    assert refused.value.response.headers["x-request-id"].startswith("req_")
    assert model.requests == []


def test_a_failure_is_an_error_and_costs_no_place(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default({"steps": [], "end": {"failed": {"code": "rate_limit_exceeded", "message": "Slow down."}}})
    with pytest.raises(openai.APIStatusError):
        ask(client)
    model.text("pong")
    assert ask(client).output_text == "pong"


def test_an_editor_that_sends_input_to_the_chat_gets_a_chat(
    http: openai.DefaultHttpxClient, model: ScriptedModel
) -> None:
    model.push({"steps": [{"function_call": CALL}]})
    body = {
        "model": MODEL,
        "input": [{"role": "user", "content": "Oslo?"}],
        "tools": [GET_WEATHER],
        "stream": True,
        "stream_options": {"include_usage": True},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    }
    answer = http.post("/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    chunks = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    calls = [
        call
        for chunk in chunks
        for choice in chunk["choices"]
        for call in choice["delta"].get("tool_calls", [])
    ]
    assert calls[0]["function"] == {"name": CALL["name"], "arguments": CALL["arguments"]}
    assert chunks[-1]["usage"] is not None
    assert said(model) == ["Oslo?"]


def test_a_gateway_that_ignores_says_so(start_gateway: Any) -> None:
    gateway: Gateway = start_gateway(unsupported_parameters="ignore")
    with gateway.client() as client:
        answer = client.responses.with_raw_response.create(
            model=MODEL,
            temperature=0,
            input=[{"role": "user", "content": "hi"}, {"type": "reasoning", "id": "rs_0", "summary": []}],
        )
    assert answer.headers["x-codex-gateway-ignored"] == "temperature, input[1]"


def test_the_input_is_counted_without_the_model(client: openai.OpenAI, model: ScriptedModel) -> None:
    def count(**options: Any) -> int:
        return client.responses.input_tokens.count(model=MODEL, **options).input_tokens

    plain = count(input="word " * 100)
    assert 95 <= plain <= 105
    assert count(input="word " * 100, instructions="Be brief.") > plain
    assert count(input="word " * 100, tools=[GET_WEATHER]) > plain + 10
    previous = ask(client, "word " * 100).id
    model.reset()
    assert count(input="And?", previous_response_id=previous) > 2 * plain
    answer = client.responses.input_tokens.with_raw_response.count(model=MODEL, input="hi")
    assert answer.headers["x-codex-gateway-estimate"] == "input_tokens"
    image = [{"role": "user", "content": [{"type": "input_image", "image_url": PIXEL}]}]
    with pytest.raises(openai.BadRequestError) as refused:
        count(input=image)
    assert refused.value.param == "input[0].content[0].image_url"
    assert model.requests == []
