"""Which function is called, where the caller says so: none, one of several, or a certain one."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from stack import ScriptedModel, streamed_text
from test_tools import TIME, WEATHER, calls, chat, offered, streamed_calls


def test_none_offers_nothing(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text("plain")
    assert chat(client, tool_choice="none").choices[0].message.content == "plain"
    assert offered(model) == []


@pytest.mark.parametrize(
    "choice",
    [
        "required",
        {"type": "function", "function": {"name": "get_weather"}},
        {
            "type": "allowed_tools",
            "allowed_tools": {
                "mode": "required",
                "tools": [{"type": "function", "function": {"name": "get_weather"}}],
            },
        },
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_forced_call_is_had_by_its_arguments(
    client: openai.OpenAI, model: ScriptedModel, choice: Any, stream: bool
) -> None:
    arguments = '{"city": "Oslo", "at": "noon"}'
    model.text(arguments[:9], arguments[9:])
    answer = chat(client, tool_choice=choice, stream=stream)
    if stream:
        chunks = list(answer)
        assert streamed_text(chunks) == ""
        assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "tool_calls"
        call, more = streamed_calls(chunks)
        assert (call.function.arguments, more.function.arguments) == (arguments[:9], arguments[9:])
        assert (call.index, call.type) == (0, "function")
        assert (more.index, more.id, more.type, more.function.name) == (0, None, None, None)
    else:
        assert answer.choices[0].finish_reason == "tool_calls"
        assert answer.choices[0].message.content is None
        [call] = answer.choices[0].message.tool_calls
        assert call.function.arguments == arguments
    assert (call.id.startswith("call_"), call.function.name) == (True, "get_weather")
    schema = model.requests[-1]["body"]["text"]["format"]["schema"]
    assert set(schema["properties"]) == {"city", "at"}
    assert schema["description"] == "Arguments of the function `get_weather`: The weather of a city"
    assert offered(model) == []


def test_a_required_call_of_one_of_several(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text(json.dumps({"call": {"name": "get_time", "arguments": {}}}))
    choice = chat(client, tools=[WEATHER, TIME], tool_choice="required").choices[0]
    assert choice.finish_reason == "tool_calls"
    [call] = choice.message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_time", "{}")


def test_definitions_are_found_where_one_of_several_must_be_called(
    client: openai.OpenAI, model: ScriptedModel
) -> None:
    place = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    parameters = {
        "type": "object",
        "properties": {"place": {"$ref": "#/$defs/Place"}},
        "required": ["place"],
        "$defs": {"Place": place},
    }
    go = {"type": "function", "function": {"name": "go", "parameters": parameters}}
    model.text(json.dumps({"call": {"name": "go", "arguments": {"place": {"city": "Oslo"}}}}))
    [call] = chat(client, tools=[go, TIME], tool_choice="required").choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"place": {"city": "Oslo"}}
    model.text(json.dumps({"call": {"name": "go", "arguments": {"place": "Oslo"}}}))
    with pytest.raises(openai.InternalServerError):
        chat(client, tools=[go, TIME], tool_choice="required")


FREE_FORM = {
    "type": "function",
    "function": {
        "name": "count",
        "parameters": {
            "type": "object",
            "properties": {"words": {"type": "object", "additionalProperties": {"type": "integer"}}},
        },
    },
}
"""A function that strict mode has no words for: the model can't be held to its arguments."""


def told(model: ScriptedModel) -> list[str]:
    """What developers told the model in the conversation that it was last given."""
    return [item["content"][0]["text"] for item in model.conversation if item.get("role") == "developer"]


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("required", ["get_weather", "count"]),
        ({"type": "function", "function": {"name": "count"}}, ["count"]),
    ],
)
def test_a_model_that_cannot_be_held_to_a_call_is_told_to_make_it(
    client: openai.OpenAI, model: ScriptedModel, choice: Any, names: list[str]
) -> None:
    model.default(calls('{"words": {"a": 2}}', name="count"))
    answer = chat(client, tools=[WEATHER, FREE_FORM], tool_choice=choice).choices[0]
    assert answer.finish_reason == "tool_calls"
    assert answer.message.tool_calls[0].function.arguments == '{"words": {"a": 2}}'
    assert [tool["name"] for tool in offered(model)] == names
    assert told(model) == ["Call a function that you are given. Do not answer with text."]


@pytest.mark.parametrize("choice", ["auto", {"type": "function", "function": {"name": "get_weather"}}])
def test_a_model_that_may_choose_or_is_held_to_a_call_is_told_nothing(
    client: openai.OpenAI, model: ScriptedModel, choice: Any
) -> None:
    model.text('{"city": "Oslo", "at": "noon"}')
    chat(client, tools=[WEATHER, FREE_FORM], tool_choice=choice)
    assert told(model) == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_that_must_come_fits_though_the_model_cannot_be_held_to_it(
    client: openai.OpenAI, model: ScriptedModel, stream: bool
) -> None:
    def call(choice: Any, arguments: str, name: str = "count") -> Any:
        model.default(calls(arguments, name=name))
        answer = chat(client, tools=[WEATHER, FREE_FORM], tool_choice=choice, stream=stream)
        if stream:
            return streamed_calls(list(answer))[0].function.arguments
        return answer.choices[0].message.tool_calls[0].function.arguments

    assert call("required", '{"words": {"a": 2}}') == '{"words": {"a": 2}}'
    for choice in ("required", {"type": "function", "function": {"name": "count"}}):
        for arguments in ('{"words": {"a": "two"}}', '{"words": 7}', "no JSON"):
            with pytest.raises(openai.APIError) as raised:
                call(choice, arguments)
            assert raised.value.code == "invalid_output"
            assert "`count`" in raised.value.message
    # The other functions are held to theirs as well.
    with pytest.raises(openai.APIError):
        call("required", '{"city": "Oslo"}', name="get_weather")
    # What the model did of its own accord stays as it wrote it.
    assert call("auto", '{"words": 7}') == '{"words": 7}'


def test_an_answer_without_the_call_that_must_come_is_an_error(
    client: openai.OpenAI, model: ScriptedModel
) -> None:
    model.text("No.")
    with pytest.raises(openai.InternalServerError) as raised:
        chat(client, tools=[FREE_FORM], tool_choice="required")
    assert (raised.value.status_code, raised.value.code) == (502, "invalid_output")


def test_a_forced_call_with_other_arguments_is_an_error(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text('{"city": ', "7}")
    with pytest.raises(openai.InternalServerError) as raised:
        chat(client, tool_choice="required")
    assert (raised.value.status_code, raised.value.code) == (502, "invalid_output")
    with pytest.raises(openai.APIError) as raised:
        list(chat(client, tool_choice="required", stream=True))
    assert raised.value.code == "invalid_output"


def test_each_of_several_answers_streams_its_own_forced_call(
    client: openai.OpenAI, model: ScriptedModel
) -> None:
    arguments = '{"city": "Oslo", "at": "noon"}'
    model.text(arguments[:9], arguments[9:12], arguments[12:])
    chunks = list(chat(client, tool_choice="required", stream=True, n=2))
    calls = {0: [], 1: []}
    for chunk in chunks:
        for choice in chunk.choices:
            calls[choice.index] += choice.delta.tool_calls or []
    for pieces in calls.values():
        assert "".join(piece.function.arguments for piece in pieces) == arguments
        assert [piece.index for piece in pieces] == [0, 0, 0]
    assert calls[0][0].id != calls[1][0].id


@pytest.mark.parametrize("stream", [False, True])
def test_a_forced_call_that_is_cut_off_goes_as_far_as_it_came(
    client: openai.OpenAI, model: ScriptedModel, stream: bool
) -> None:
    model.text('{"city": ', '"Oslo", "at": "noon"}')
    answer = chat(client, tool_choice="required", stream=stream, max_completion_tokens=4)
    if stream:
        chunks = list(answer)
        arguments = "".join(piece.function.arguments for piece in streamed_calls(chunks))
        finish = [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1]
    else:
        [choice] = answer.choices
        [call] = choice.message.tool_calls
        arguments, finish = call.function.arguments, choice.finish_reason
    assert arguments.startswith('{"city')
    assert (len(arguments) < 20, finish) == (True, "length")


@pytest.mark.parametrize(
    ("tools", "text"),
    [
        ([WEATHER, TIME], '{"call": {"name": "get_weather", "arguments": {"city": "Oslo", "at": "noon"}}}'),
        ([], '{"city": "Oslo", "at": null}'),
    ],
)
def test_a_call_whose_text_is_not_its_arguments_is_streamed_whole(
    client: openai.OpenAI, model: ScriptedModel, tools: list[Any], text: str
) -> None:
    optional = {"type": "object", "properties": WEATHER["function"]["parameters"]["properties"]}
    tools = tools or [{"type": "function", "function": WEATHER["function"] | {"parameters": optional}}]
    model.text(text[:12], text[12:])
    [call] = streamed_calls(list(chat(client, tools=tools, tool_choice="required", stream=True)))
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments)["city"] == "Oslo"
