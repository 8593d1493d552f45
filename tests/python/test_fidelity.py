"""Nothing is cut, dropped or summarised: what the caller sent arrives, or the caller is told why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import openai
import pytest

from stack import MODEL, Gateway, ScriptedModel, ask


def chat(client: openai.OpenAI, *messages: Any, **options: Any) -> Any:
    return client.chat.completions.create(**{"model": MODEL, "messages": messages} | options)


def call(call_id: str, arguments: str = "{}") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": "look_up", "arguments": arguments}}


def test_a_long_message_arrives_whole(client: openai.OpenAI, model: ScriptedModel) -> None:
    text = "word " * 120_000
    model.text("ok")
    ask(client, text)
    [item] = model.conversation
    assert item["content"] == [{"type": "input_text", "text": text}]


def test_a_long_tool_output_arrives_whole(client: openai.OpenAI, model: ScriptedModel) -> None:
    output = "0123456789abcdef" * 25_000
    arguments = '{ "query":"x",\n "n": 1.0}'
    model.text("ok")
    chat(
        client,
        {"role": "user", "content": "look it up"},
        {"role": "assistant", "content": None, "tool_calls": [call("call_1", arguments)]},
        {"role": "tool", "tool_call_id": "call_1", "content": output},
    )
    assert model.conversation[1:] == [
        {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": arguments},
        {"type": "function_call_output", "call_id": "call_1", "output": output},
    ]


def test_five_hundred_messages_arrive_in_order(client: openai.OpenAI, model: ScriptedModel) -> None:
    roles = ("user", "assistant")
    model.text("ok")
    chat(client, *({"role": roles[n % 2], "content": f"message {n}"} for n in range(500)))
    assert [item["content"][0]["text"] for item in model.conversation] == [f"message {n}" for n in range(500)]


def test_a_conversation_beyond_the_window_is_refused(client: openai.OpenAI, model: ScriptedModel) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, "word " * 400_000)
    assert refused.value.code == "context_length_exceeded"
    assert refused.value.param == "messages"
    assert "272000 tokens" in refused.value.message
    assert model.requests == []


def test_functions_count_too(client: openai.OpenAI, model: ScriptedModel) -> None:
    # A schema may have a mebibyte.
    at = {"type": "string", "description": "a b c " * 100_000}
    parameters = {"type": "object", "properties": {"at": at}}
    tool = {"type": "function", "function": {"name": "look", "parameters": parameters}}
    for choice in ("auto", "required"):
        with pytest.raises(openai.BadRequestError) as refused:
            ask(client, tools=[tool], tool_choice=choice)
        assert refused.value.code == "context_length_exceeded"
        assert "in the functions" in refused.value.message
    assert model.requests == []


def test_what_the_provider_finds_too_long_is_refused_too(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default(
        {"steps": [], "end": {"failed": {"code": "context_length_exceeded", "message": "too long"}}}
    )
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, "word " * 250_000)
    assert refused.value.code == "context_length_exceeded"
    # Codex made no attempt to summarise it.
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([{"role": "tool", "tool_call_id": "c", "content": "x"}], "messages[0]"),
        ([{"role": "assistant", "tool_calls": [call("c")]}], "messages[0]"),
        (
            [{"role": "assistant", "tool_calls": [call("c")]}, {"role": "user", "content": "x"}],
            "messages[1]",
        ),
        ([{"role": "assistant", "tool_calls": [call("c"), call("c")]}], "messages[0].tool_calls[1].id"),
        ([{"role": "robot", "content": "x"}], "messages[0].role"),
        ([{"role": "user", "content": "x", "name": "bob"}], "messages[0].name"),
    ],
)
def test_what_codex_would_drop_is_refused_where_it_stands(
    client: openai.OpenAI, model: ScriptedModel, messages: list[Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        chat(client, *messages)
    assert refused.value.param == param
    assert model.requests == []


def test_an_alias_is_understood_and_the_answer_keeps_the_callers_name(
    start_gateway: Callable[..., Gateway], model: ScriptedModel
) -> None:
    gateway = start_gateway(model_aliases={"gpt-4o": "gpt-5.5", "*": "gpt-6-luna"})
    with gateway.client() as client:
        for asked, used in {"gpt-4o": "gpt-5.5", "o3": "gpt-6-luna", "gpt-6-sol": "gpt-6-sol"}.items():
            assert ask(client, model=asked).model == asked
            assert model.requests[-1]["body"]["model"] == used
            assert client.models.retrieve(asked).id == asked


def test_an_alias_for_nothing_is_an_unknown_model(start_gateway: Callable[..., Gateway]) -> None:
    gateway = start_gateway(model_aliases={"gpt-4o": "nothing"})
    with gateway.client() as client, pytest.raises(openai.NotFoundError) as unknown:
        ask(client, model="gpt-4o")
    assert unknown.value.code == "model_not_found"


def test_sampling_parameters_are_left_out_where_the_person_says_so_and_the_caller_is_told(
    start_gateway: Callable[..., Gateway], model: ScriptedModel
) -> None:
    gateway = start_gateway(unsupported_parameters="ignore")
    message = {"role": "user", "name": "bob", "content": "hi"}
    with gateway.client() as client:
        answer = client.chat.completions.with_raw_response.create(
            model=MODEL, messages=[message], temperature=0, seed=7, extra_body={"top_k": 40}
        )
        ignored = answer.headers["x-codex-gateway-ignored"].split(", ")
        assert sorted(ignored) == ["messages[0].name", "seed", "temperature", "top_k"]
        assert "x-codex-gateway-ignored" not in client.models.with_raw_response.list().headers
        with pytest.raises(openai.BadRequestError) as refused:
            ask(client, temperature=0, web_search_options={})
    assert refused.value.param == "web_search_options"
    assert "top_k" not in json.dumps(model.requests[-1]["body"])


def test_a_refused_sampling_parameter_says_how_to_have_it_left_out(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="unsupported_parameters") as refused:
        ask(client, temperature=0)
    assert (refused.value.code, refused.value.param) == ("unsupported_feature", "temperature")
