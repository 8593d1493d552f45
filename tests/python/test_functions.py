"""Functions in the older form: `functions`, `function_call` and the role `function`."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from stack import ScriptedModel
from test_tools import QUESTION, WEATHER, calls, chat

OSLO = '{"city": "Oslo", "at": "noon"}'

BERGEN = '{"city": "Bergen", "at": "noon"}'


@pytest.mark.parametrize("stream", [False, True])
def test_functions_in_the_older_form_are_called_in_it(
    client: openai.OpenAI, model: ScriptedModel, stream: bool
) -> None:
    options: dict[str, Any] = {"functions": [WEATHER["function"]], "tools": openai.omit, "stream": stream}
    model.push(calls(OSLO, BERGEN))
    answer = chat(client, **options)
    if stream:
        choices = [choice for chunk in answer for choice in chunk.choices]
        [call] = [choice.delta.function_call for choice in choices if choice.delta.function_call]
        reason = choices[-1].finish_reason
    else:
        assert answer.choices[0].message.content is None
        assert answer.choices[0].message.tool_calls is None
        call, reason = answer.choices[0].message.function_call, answer.choices[0].finish_reason
    assert (call.name, call.arguments, reason) == ("get_weather", OSLO, "function_call")

    model.text("It is sunny.")
    called = {"role": "assistant", "content": None, "function_call": call.model_dump()}
    output = {"role": "function", "name": "get_weather", "content": "sunny"}
    chat(client, QUESTION, called, output, **options)
    items = [item for item in model.requests[-1]["body"]["input"] if item["type"] != "additional_tools"]
    assert [item["type"] for item in items] == ["message", "function_call", "function_call_output"]
    assert (items[1]["arguments"], items[2]["output"]) == (OSLO, "sunny")
    assert items[1]["call_id"] == items[2]["call_id"]


def test_functions_and_tools_are_not_mixed(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        chat(client, functions=[WEATHER["function"]])
    assert refused.value.param == "functions"
