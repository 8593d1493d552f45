"""Structured output: what comes is valid by the caller's schema, or an error says that it is not."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from stack import MODEL, ScriptedModel, ask, streamed_text


class Person(BaseModel):
    name: str
    age: int


PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}

ADA = '{"name": "Ada", "age": 36}'


def schema(schema: Any, strict: bool | None = None) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": strict}}


def upstream(model: ScriptedModel) -> dict[str, Any]:
    """The schema that the provider was told to keep the model to."""
    text_format = model.requests[-1]["body"]["text"]["format"]
    assert (text_format["type"], text_format["strict"]) == ("json_schema", True)
    return text_format["schema"]


def test_the_sdk_parses_what_comes(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text(ADA)
    completion = client.chat.completions.parse(
        model=MODEL, messages=[{"role": "user", "content": "Who?"}], response_format=Person
    )
    assert completion.choices[0].message.parsed == Person(name="Ada", age=36)
    assert set(upstream(model)["properties"]) == {"name", "age"}


@pytest.mark.parametrize("stream", [False, True])
def test_a_strict_schema_is_streamed_as_it_comes(
    client: openai.OpenAI, model: ScriptedModel, stream: bool
) -> None:
    model.text(ADA[:10], ADA[10:])
    answer = ask(client, response_format=schema(PERSON, strict=True), stream=stream)
    text = streamed_text(answer) if stream else answer.choices[0].message.content
    assert text == ADA
    assert upstream(model) == PERSON


def test_optional_properties_are_left_out_and_not_null(client: openai.OpenAI, model: ScriptedModel) -> None:
    loose = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"name": {"type": "string"}, "nick": {"type": "string"}},
        "required": ["name"],
    }
    model.text('{"name": "Ada", "nick": null}')
    assert json.loads(ask(client, response_format=schema(loose)).choices[0].message.content) == {
        "name": "Ada"
    }
    strict = upstream(model)
    assert strict["additionalProperties"] is False
    assert sorted(strict["required"]) == ["name", "nick"]


@pytest.mark.parametrize(
    ("root", "value"),
    [
        ({"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ({"anyOf": [PERSON, {"type": "null"}]}, {"name": "Ada", "age": 36}),
        ({"type": "string", "enum": ["yes", "no"]}, "yes"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_root_that_the_provider_refuses_is_wrapped_and_unwrapped(
    client: openai.OpenAI, model: ScriptedModel, root: Any, value: Any, stream: bool
) -> None:
    model.text(json.dumps({"value": value}))
    answer = ask(client, response_format=schema(root), stream=stream)
    text = streamed_text(answer) if stream else answer.choices[0].message.content
    assert json.loads(text) == value
    assert upstream(model)["type"] == "object"


def test_a_map_is_told_to_the_model_in_words(client: openai.OpenAI, model: ScriptedModel) -> None:
    scores = {"type": "object", "additionalProperties": {"type": "integer"}}
    model.text('```json\n{"Ada": 3}\n```')
    assert json.loads(ask(client, response_format=schema(scores)).choices[0].message.content) == {"Ada": 3}
    assert "format" not in model.requests[-1]["body"].get("text", {})
    assert json.dumps(scores, separators=(",", ":")) in model.conversation[-1]["content"][0]["text"]


@pytest.mark.parametrize("text", ['{"name": "Ada"}', '{"name": "Ada", "age": "36"}', "I can't.", "", "[]"])
@pytest.mark.parametrize("stream", [False, True])
def test_what_does_not_fit_is_an_error(
    client: openai.OpenAI, model: ScriptedModel, text: str, stream: bool
) -> None:
    model.text(text)
    with pytest.raises(openai.APIError) as raised:
        # The answer of a stream that is not read yet is no answer.
        list(ask(client, response_format=schema(PERSON), stream=stream))
    assert raised.value.code == "invalid_output"


def test_what_is_cut_off_is_given_as_far_as_it_goes(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text(ADA)
    choice = ask(client, response_format=schema(PERSON), max_tokens=4).choices[0]
    assert choice.finish_reason == "length"
    assert ADA.startswith(choice.message.content)


@pytest.mark.parametrize("stream", [False, True])
def test_a_json_object_is_one(client: openai.OpenAI, model: ScriptedModel, stream: bool) -> None:
    model.text("```json\n", '{"a": 1}', "\n```")
    answer = ask(client, response_format={"type": "json_object"}, stream=stream)
    text = streamed_text(answer) if stream else answer.choices[0].message.content
    assert text == '{"a": 1}'


def test_what_is_no_json_object_is_an_error(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text("[1]")
    with pytest.raises(openai.InternalServerError) as raised:
        ask(client, response_format={"type": "json_object"})
    assert raised.value.code == "invalid_output"


@pytest.mark.parametrize(
    ("response_format", "param"),
    [
        ({"type": "xml"}, "response_format.type"),
        ({"type": "json_schema"}, "response_format.json_schema"),
        ({"type": "json_schema", "json_schema": {"name": "a"}}, "response_format.json_schema.schema"),
        (schema({"type": "nonsense"}), "response_format.json_schema.schema"),
        (schema({"$ref": "https://example.org/schema"}), "response_format.json_schema.schema"),
    ],
)
def test_a_format_that_makes_no_sense_is_refused_by_name(
    client: openai.OpenAI, model: ScriptedModel, response_format: Any, param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, response_format=response_format)
    assert refused.value.param == param
    assert model.requests == []


CHOICES = [None, "auto", "none", "required", {"type": "function", "function": {"name": "look_up"}}]
FORMATS = [None, schema(PERSON, strict=True), {"type": "json_object"}]
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": PERSON}}


@pytest.mark.parametrize("response_format", FORMATS, ids=["text", "json_schema", "json_object"])
@pytest.mark.parametrize("choice", CHOICES, ids=["no tools", "auto", "none", "required", "named"])
@pytest.mark.parametrize("stream", [False, True])
def test_every_combination_behaves_as_the_reference_says(
    client: openai.OpenAI, model: ScriptedModel, stream: bool, choice: Any, response_format: Any
) -> None:
    model.text(ADA)
    options: dict[str, Any] = {"stream": stream}
    if choice:
        options |= {"tools": [TOOL], "tool_choice": choice}
    if response_format:
        options["response_format"] = response_format
    answer = ask(client, **options)
    if stream:
        choices = [choice for chunk in answer for choice in chunk.choices]
        text = "".join(choice.delta.content or "" for choice in choices)
        calls = [call for choice in choices for call in choice.delta.tool_calls or []]
        [reason] = [choice.finish_reason for choice in choices if choice.finish_reason]
    else:
        [choice_] = answer.choices
        text, calls, reason = (
            choice_.message.content or "",
            choice_.message.tool_calls or [],
            choice_.finish_reason,
        )
    if choice in (None, "auto", "none"):
        assert (text, calls, reason) == (ADA, [], "stop")
    else:
        assert (text, reason) == ("", "tool_calls")
        assert [(call.function.name, call.function.arguments) for call in calls] == [("look_up", ADA)]
