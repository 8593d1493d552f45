"""Answers of another form than text, and what the model says beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from stack import MODEL, Gateway, ScriptedModel, ask, streamed_text
from test_tools import TIME, WEATHER, calls, chat, streamed_calls

COMMENTARY = {"message": {"deltas": ["I ", "look."], "phase": "commentary"}}

ANSWER = '{"city": "Oslo", "at": "noon"}'

SCHEMA = {"name": "place", "schema": WEATHER["function"]["parameters"]}

FORMS: dict[str, dict[str, Any]] = {
    "json_object": {"response_format": {"type": "json_object"}},
    "json_schema": {"response_format": {"type": "json_schema", "json_schema": SCHEMA}},
    "forced call": {"tools": [WEATHER], "tool_choice": "required"},
}


def final(text: str = ANSWER) -> dict[str, Any]:
    return {"message": {"deltas": [text[:9], text[9:]], "phase": "final_answer"}}


def content_or_arguments(message: Any) -> str:
    return message.tool_calls[0].function.arguments if message.tool_calls else message.content


@pytest.mark.parametrize("form", FORMS)
def test_commentary_is_no_part_of_an_answer_that_has_a_form(
    client: openai.OpenAI, model: ScriptedModel, form: str
) -> None:
    model.push({"steps": [COMMENTARY, COMMENTARY, final()]})
    message = ask(client, **FORMS[form]).choices[0].message
    assert content_or_arguments(message) == ANSWER
    assert message.reasoning_content == "I look.\n\nI look."

    model.push({"steps": [COMMENTARY, final()]})
    chunks = list(ask(client, **FORMS[form], stream=True))
    arguments = "".join(call.function.arguments for call in streamed_calls(chunks))
    assert streamed_text(chunks) + arguments == ANSWER
    deltas = [choice.delta.model_dump() for chunk in chunks for choice in chunk.choices]
    assert "".join(delta.get("reasoning_content") or "" for delta in deltas) == "I look."


def test_commentary_is_an_item_of_its_own_in_a_response(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.push({"steps": [COMMENTARY, final()]})
    text = {"format": {"type": "json_schema"} | SCHEMA}
    output = client.responses.create(model=MODEL, input="hi", text=text).output
    assert [(item.phase, item.content[0].text) for item in output] == [
        ("commentary", "I look."),
        ("final_answer", ANSWER),
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_text_before_a_call_comes_before_it(
    client: openai.OpenAI, model: ScriptedModel, stream: bool
) -> None:
    options = {"tools": [WEATHER], "response_format": {"type": "json_object"}, "stream": stream}
    model.push(calls(ANSWER, text="I look."))
    answer = chat(client, **options)
    if stream:
        chunks = list(answer)
        kinds = [
            "call" if choice.delta.tool_calls else "text"
            for chunk in chunks
            for choice in chunk.choices
            if choice.delta.tool_calls or choice.delta.content
        ]
        assert (kinds, streamed_text(chunks)) == (["text", "call"], "I look.")
    else:
        message = answer.choices[0].message
        assert (message.content, len(message.tool_calls)) == ("I look.", 1)


def test_the_model_is_given_text_and_call_in_their_order(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.push(calls(ANSWER, text="I look."))
    tool = {"type": "function"} | WEATHER["function"]
    first = client.responses.create(
        model=MODEL, input="hi", tools=[tool], text={"format": {"type": "json_object"}}
    )
    assert [item.type for item in first.output] == ["message", "function_call"]
    model.text("{}")
    output = {"type": "function_call_output", "call_id": first.output[1].call_id, "output": "sunny"}
    client.responses.create(model=MODEL, input=[output], previous_response_id=first.id, tools=[tool])
    kinds = [item["type"] for item in model.requests[-1]["body"]["input"]]
    assert kinds[-3:] == ["message", "function_call", "function_call_output"]


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_an_attempt_of_which_nothing_was_sent_can_start_over(
    model: ScriptedModel, tmp_path: Path, api: str
) -> None:
    config = model.codex_config().replace("stream_max_retries = 0", "stream_max_retries = 2")
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex" / "config.toml").write_text(config)
    gateway = Gateway(model, tmp_path)
    broken = {"steps": [{"message": {"deltas": ['{"a": 1'], "unfinished": True}}], "end": "cut"}
    model.push(broken)
    model.text('{"b": 2}')
    client = gateway.client()
    if api == "chat":
        chunks = ask(client, response_format={"type": "json_object"}, stream=True)
        assert streamed_text(chunks) == '{"b": 2}'
    else:
        text: Any = {"format": {"type": "json_object"}}
        events = list(client.responses.create(model=MODEL, input="hi", text=text, stream=True))
        assert events[-1].type == "response.completed"
        assert events[-1].response.output_text == '{"b": 2}'
    gateway.stop()


def test_an_answer_that_is_cut_has_nothing_that_was_not_asked_for(
    client: openai.OpenAI, model: ScriptedModel
) -> None:
    schema = {"name": "numbers", "schema": {"type": "array", "items": {"type": "integer"}}}
    model.push({"steps": [{"message": {"deltas": list('{"value": [1, 2, 3, 4, 5, 6]}')}}]})
    form: Any = {"type": "json_schema", "json_schema": schema}
    choice = ask(client, response_format=form, max_tokens=7).choices[0]
    assert choice.finish_reason == "length"
    assert choice.message.content.startswith("[1,")


def test_the_arguments_of_a_chosen_function_stay_as_the_model_wrote_them(
    client: openai.OpenAI, model: ScriptedModel
) -> None:
    number = {"type": "object", "properties": {"n": {"type": "number"}}, "required": ["n"]}
    function = {"type": "function", "function": {"name": "f", "parameters": number}}
    arguments = '{"n":123456789012345678901234567890.10}'
    model.text('{"call": {"name": "f", "arguments": ' + arguments + "}}")
    answer = chat(client, tools=[function, TIME], tool_choice="required")
    assert answer.choices[0].message.tool_calls[0].function.arguments == arguments


def test_a_description_of_the_format_reaches_the_model(client: openai.OpenAI, model: ScriptedModel) -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    described = {"name": "haiku", "description": "About frogs.", "schema": schema}
    model.text('{"text": "plop"}')
    ask(client, response_format={"type": "json_schema", "json_schema": described})
    assert model.requests[-1]["body"]["text"]["format"]["schema"]["description"] == "About frogs."
    described["schema"] = schema | {"description": "Three lines."}
    model.text('{"text": "plop"}')
    ask(client, response_format={"type": "json_schema", "json_schema": described})
    upstream = model.requests[-1]["body"]["text"]["format"]["schema"]
    assert upstream["description"] == "About frogs.\nThree lines."


def test_rules_that_are_too_long_for_a_description_are_told_in_words(
    client: openai.OpenAI, model: ScriptedModel
) -> None:
    pattern = "^(?!" + "x" * 1000 + ").*$"
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": pattern}},
        "required": ["a"],
    }
    model.text('{"a": ""}')
    ask(client, response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": schema}})
    told = model.requests[-1]["body"]["input"][-1]
    _, source = told["content"][0]["text"].split("\n", 1)
    assert (told["role"], json.loads(source)) == ("developer", schema)


class City(BaseModel):
    """A city, as the SDK makes a function of it."""

    name: str


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_what_the_sdk_parsed_can_be_sent_back(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.push(calls('{"name": "Oslo"}', name="City"))
    question = {"role": "user", "content": "Where?"}
    tools: Any = [openai.pydantic_function_tool(City)]
    messages: list[Any] = [question]
    message = client.chat.completions.parse(model=MODEL, messages=messages, tools=tools).choices[0].message
    [call] = message.tool_calls
    assert call.function.parsed_arguments == City(name="Oslo")
    model.text('{"name": "Oslo"}')
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    answer = client.chat.completions.parse(model=MODEL, messages=messages, response_format=City)
    model.text("done")
    messages += [answer.choices[0].message, question]
    assert chat(client, *messages, tools=[]).choices[0].message.content == "done"
