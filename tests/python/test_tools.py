"""Function tools: offered to the model natively, called with its own words, answered in the next request."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import openai
import pytest

from stack import MODEL, Gateway, ScriptedModel, streamed_text

QUESTION = {"role": "user", "content": "What is the weather?"}

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "at": {"type": "string"}},
            "required": ["city", "at"],
            "additionalProperties": False,
        },
    },
}

TIME = {
    "type": "function",
    "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}},
}


def chat(client: openai.OpenAI, *messages: Any, **options: Any) -> Any:
    return client.chat.completions.create(
        **{"model": MODEL, "messages": list(messages) or [QUESTION], "tools": [WEATHER]} | options
    )


def calls(*arguments: str, name: str = "get_weather", text: str | None = None) -> dict[str, Any]:
    """A script that calls a function once for each of the arguments, and never runs dry."""
    steps: list[Any] = [{"text": text}] if text else []
    for number, argument in enumerate(arguments):
        steps.append({"function_call": {"name": name, "arguments": argument, "call_id": f"call_{number}"}})
    return {"steps": steps}


def offered(model: ScriptedModel) -> list[dict[str, Any]]:
    """The functions that the model was last offered, in either of the forms that Codex has for them."""
    body = model.requests[-1]["body"]
    tools = list(body.get("tools") or [])
    for item in body["input"]:
        for namespace in item.get("tools", []) if item["type"] == "additional_tools" else []:
            tools += namespace["tools"]
    return tools


def streamed_calls(chunks: list[Any]) -> list[Any]:
    """The pieces of calls in the chunks of a stream."""
    return [call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or []]


@pytest.mark.parametrize("name", ["gpt-5.5", "gpt-6.1-sol"])
def test_a_function_is_offered_as_the_caller_describes_it(
    client: openai.OpenAI, model: ScriptedModel, name: str
) -> None:
    model.text("no need")
    completion = chat(client, model=name)
    assert completion.choices[0].finish_reason == "stop"
    [tool] = offered(model)
    assert tool == {"type": "function", "strict": False, **WEATHER["function"]}


@pytest.mark.parametrize("name", ["gpt-5.5", "gpt-6.1-sol"])
def test_a_call_has_the_models_own_argument_string(
    client: openai.OpenAI, model: ScriptedModel, name: str
) -> None:
    arguments = '{ "city": "Oslo",\n"at":"noon" }'
    model.default(calls(arguments) | {"usage": {"input_tokens": 50, "output_tokens": 9}})
    completion = chat(client, model=name)
    [choice] = completion.choices
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    [call] = choice.message.tool_calls
    assert (call.id, call.type) == ("call_0", "function")
    assert (call.function.name, call.function.arguments) == ("get_weather", arguments)
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (50, 9)
    # The model was asked once: Codex did not answer the call by itself.
    assert len(model.wait_for(1, "ended")) == 1


def test_parallel_calls_come_together_in_order_after_the_text(
    client: openai.OpenAI, model: ScriptedModel
) -> None:
    arguments = [f'{{"city": "{city}", "at": "now"}}' for city in ("Oslo", "Rome", "Lima")]
    model.default(calls(*arguments, text="Let me look."))
    message = chat(client).choices[0].message
    assert message.content == "Let me look."
    assert [call.function.arguments for call in message.tool_calls] == arguments
    assert [call.id for call in message.tool_calls] == ["call_0", "call_1", "call_2"]


def test_calls_are_streamed_under_their_index(client: openai.OpenAI, model: ScriptedModel) -> None:
    arguments = ['{"city": "Oslo", "at": "1"}', '{"city": "Rome", "at": "2"}']
    model.default(calls(*arguments, text="Let me look."))
    chunks = list(chat(client, stream=True, stream_options={"include_usage": True}))
    assert streamed_text(chunks) == "Let me look."
    deltas = streamed_calls(chunks)
    assert [(call.index, call.id, call.function.arguments) for call in deltas] == [
        (0, "call_0", arguments[0]),
        (1, "call_1", arguments[1]),
    ]
    finishes = [choice.finish_reason for chunk in chunks for choice in chunk.choices]
    assert [finish for finish in finishes if finish] == ["tool_calls"]
    assert chunks[-1].usage.completion_tokens > 0


def test_results_come_back_and_the_model_goes_on(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.push(calls('{"city": "Oslo", "at": "now"}'))
    first = chat(client).choices[0].message
    model.push({"steps": [{"text": "It is sunny."}]})
    result = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "sunny"}
    second = chat(client, QUESTION, first, result)
    assert second.choices[0].message.content == "It is sunny."
    assert [item["type"] for item in model.conversation] == [
        "message",
        "function_call",
        "function_call_output",
    ]
    assert model.conversation[-1]["output"] == "sunny"


@pytest.mark.parametrize("name", ["exec_command", "shell_command", "mcp", "apply_patch", "view_image"])
def test_a_name_that_codex_keeps_for_itself_works(
    client: openai.OpenAI, model: ScriptedModel, name: str
) -> None:
    tool = {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    model.text("ok")
    chat(client, tools=[tool])
    [there] = offered(model)
    model.default(calls("{}", name=there["name"]))
    [call] = chat(client, tools=[tool]).choices[0].message.tool_calls
    assert call.function.name == name


def test_one_call_where_the_caller_wants_no_more(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default(calls('{"city": "Oslo", "at": "1"}', '{"city": "Rome", "at": "2"}'))
    message = chat(client, parallel_tool_calls=False).choices[0].message
    assert [call.id for call in message.tool_calls] == ["call_0"]


def test_strict_arguments_that_do_not_fit_are_never_passed_on(
    client: openai.OpenAI, model: ScriptedModel
) -> None:
    strict = {"type": "function", "function": WEATHER["function"] | {"strict": True}}
    model.default(calls('{"city": 7}'))
    assert chat(client).choices[0].message.tool_calls
    with pytest.raises(openai.InternalServerError) as raised:
        chat(client, tools=[strict])
    assert raised.value.code == "invalid_output"


def test_the_older_functions_are_tools(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text("ok")
    client.chat.completions.create(
        model=MODEL, messages=[QUESTION], functions=[WEATHER["function"]], function_call="auto"
    )
    assert [tool["name"] for tool in offered(model)] == ["get_weather"]


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [WEATHER, WEATHER]}, "tools[1].function"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": 7}}]},
            "tools[0].function.parameters",
        ),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, "tool_choice.function.name"),
        ({"tool_choice": "always"}, "tool_choice"),
        ({"tools": [], "tool_choice": "required"}, "tool_choice"),
        ({"parallel_tool_calls": "no"}, "parallel_tool_calls"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    client: openai.OpenAI, model: ScriptedModel, options: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        chat(client, **options)
    assert refused.value.param == param
    assert model.requests == []


def test_codex_dying_between_a_call_and_its_result_changes_nothing(
    start_gateway: Callable[..., Gateway], model: ScriptedModel
) -> None:
    gateway = start_gateway()
    with gateway.client() as client:
        model.push(calls('{"city": "Oslo", "at": "now"}'))
        first = chat(client).choices[0].message
        os.kill(gateway.codex_pid, signal.SIGKILL)
        model.push({"steps": [{"text": "It is sunny."}]})
        result = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "sunny"}
        assert chat(client, QUESTION, first, result).choices[0].message.content == "It is sunny."
