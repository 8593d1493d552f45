"""The schemas of functions: what Codex would take out of them reaches the model in words."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from stack import ScriptedModel
from test_tools import chat, offered

in_each_form = pytest.mark.parametrize("name", ["gpt-5.5", "gpt-6.1-sol"])
"""Codex offers functions to its newer models in a form of their own."""

DEFINITIONS = {
    "Node": {
        "type": "object",
        "properties": {
            "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
            "kind": {"$ref": "#/$defs/Kind", "description": "of two"},
        },
        "required": ["next"],
        "additionalProperties": False,
    },
    "Kind": {"type": "string", "enum": ["leaf", "branch"]},
}

PASSED_ON: list[Any] = [
    {},
    {"type": "string", "description": "in the usual words"},
    {"type": ["integer", "null"], "enum": [1, 2, None]},
    {"type": "array", "items": {"type": "array", "items": {}}, "minItems": 2},
    {"type": "object", "properties": {}, "additionalProperties": {"type": "integer"}},
    {"type": "object", "properties": {"enum": {"type": "boolean"}}, "required": ["enum"]},
    {"oneOf": [{"type": "string"}, {"type": "number"}]},
    {"allOf": [{"$ref": "#/$defs/Node"}], "description": "of all"},
    {"$ref": "#/$defs/Node"},
]

SAID_IN_ANOTHER_WAY: list[tuple[Any, Any]] = [
    ({"const": 3}, {"type": "integer", "enum": [3]}),
    ({"const": None}, {"type": "null", "enum": [None]}),
    ({"enum": ["a", 1.5]}, {"type": ["number", "string"], "enum": ["a", 1.5]}),
    ({"type": "array"}, {"type": "array", "items": {}}),
    ({"type": "object"}, {"type": "object", "properties": {}}),
    ({"description": "of any type"}, {"description": "of any type", "anyOf": [{}]}),
    (True, {}),
    ({"title": "Name", "type": "string", "default": None}, {"type": "string"}),
]

STRING = {"type": "string"}
NUMBER = {"type": "number"}
ARRAY = {"type": "array", "items": {}}
OBJECT = {"type": "object", "properties": {}}

TOLD_IN_WORDS: list[tuple[Any, Any]] = [
    *[
        (STRING | more, STRING)
        for more in (
            {"pattern": "^a"},
            {"format": "date"},
            {"minLength": 1},
            {"maxLength": 9},
            {"default": "a"},
            {"examples": ["a"]},
            {"not": {"enum": ["b"]}},
        )
    ],
    *[
        (NUMBER | {keyword: 2}, NUMBER)
        for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
    ],
    *[
        (ARRAY | more, ARRAY)
        for more in ({"maxItems": 3}, {"uniqueItems": True}, {"prefixItems": [STRING]}, {"contains": STRING})
    ],
    ({"type": "array", "items": [STRING, NUMBER]}, ARRAY),
    *[
        (OBJECT | more, OBJECT)
        for more in (
            {"patternProperties": {"^a": STRING}},
            {"propertyNames": {"maxLength": 3}},
            {"dependentRequired": {"a": ["b"]}},
            {"minProperties": 1},
        )
    ],
    ({"anyOf": [STRING, NUMBER | {"minimum": 0}]}, {"anyOf": [STRING, NUMBER]}),
    (False, {}),
]


def taking(schema: Any) -> dict[str, Any]:
    """The parameters of a function that takes one argument."""
    return {
        "type": "object",
        "properties": {"argument": schema},
        "required": ["argument"],
        "$defs": DEFINITIONS,
    }


def seen(
    client: openai.OpenAI, model: ScriptedModel, name: str, *schemas: dict[str, Any], description: str = ""
) -> list[tuple[dict[str, Any], str]]:
    """The parameters and the description that the model sees of functions with these parameters."""
    tools = [
        {
            "type": "function",
            "function": {"name": f"f{index}", "description": description, "parameters": schema},
        }
        for index, schema in enumerate(schemas)
    ]
    model.text("no need")
    chat(client, model=name, tools=tools)
    there = {tool["name"]: tool for tool in offered(model)}
    assert set(there) == {f"f{index}" for index in range(len(schemas))}
    return [
        (there[f"f{index}"]["parameters"], there[f"f{index}"]["description"]) for index in range(len(schemas))
    ]


def words(schema: Any) -> str:
    compact = json.dumps(schema, separators=(",", ":"))
    return f"The arguments must be valid by this JSON Schema: {compact}"


@in_each_form
def test_what_codex_passes_on_has_nothing_added(
    client: openai.OpenAI, model: ScriptedModel, name: str
) -> None:
    schemas = [taking(schema) for schema in PASSED_ON]
    for schema, (parameters, description) in zip(
        schemas, seen(client, model, name, *schemas, description="Does it."), strict=True
    ):
        # Definitions that nothing refers to are left out.
        definitions = schema.pop("$defs")
        assert parameters.pop("$defs", definitions) == definitions
        assert (parameters, description) == (schema, "Does it.")


@in_each_form
def test_what_codex_would_get_wrong_is_said_in_another_way(
    client: openai.OpenAI, model: ScriptedModel, name: str
) -> None:
    schemas = [taking(schema) for schema, _ in SAID_IN_ANOTHER_WAY]
    there = seen(client, model, name, *schemas)
    assert [(parameters["properties"]["argument"], description) for parameters, description in there] == [
        (said, "") for _, said in SAID_IN_ANOTHER_WAY
    ]


@in_each_form
def test_what_codex_would_drop_is_told_in_words(
    client: openai.OpenAI, model: ScriptedModel, name: str
) -> None:
    schemas = [taking(schema) for schema, _ in TOLD_IN_WORDS]
    there = seen(client, model, name, *schemas, description="Does it.")
    assert [(parameters["properties"]["argument"], description) for parameters, description in there] == [
        (said, f"Does it.\n\n{words(taking(schema))}") for schema, said in TOLD_IN_WORDS
    ]


@in_each_form
def test_a_schema_that_codex_finds_too_long_is_told_in_words(
    client: openai.OpenAI, model: ScriptedModel, name: str
) -> None:
    def described(length: int) -> dict[str, Any]:
        return {"type": "object", "properties": {"a": {"type": "string", "description": "d" * length}}}

    most = 5000 - len(json.dumps(described(0), separators=(",", ":")))
    [fits, too_long] = seen(client, model, name, described(most), described(most + 1))
    assert fits == (described(most), "")
    assert too_long == ({"type": "object", "properties": {"a": STRING}}, words(described(most + 1)))


def test_a_conversation_goes_on_with_such_a_function(client: openai.OpenAI, model: ScriptedModel) -> None:
    parameters = taking({"type": "integer", "minimum": 0})
    tools = [{"type": "function", "function": {"name": "count", "parameters": parameters}}]
    model.push({"steps": [{"function_call": {"name": "count", "arguments": '{"argument": 1}'}}]})
    first = chat(client, tools=tools).choices[0].message
    model.push({"steps": [{"text": "One."}]})
    result = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "1"}
    question = {"role": "user", "content": "What is the weather?"}
    assert chat(client, question, first, result, tools=tools).choices[0].message.content == "One."
    first, second = (request["body"] for request in model.requests)
    assert first["prompt_cache_key"] == second["prompt_cache_key"]
    assert first["tools"] == second["tools"]
