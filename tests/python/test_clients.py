"""What well-known clients send, recorded as it is: each request works, or is refused by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from stack import MODEL, ROOT, Gateway, ScriptedModel

RECORDINGS = ROOT / "tests" / "fixtures" / "clients"

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGMQaPgAAAIkAYFvkeRkAAAAAElFTkSuQmCC"
"""Takes the place of the recorded images, which are only the first eight bytes of a PNG."""


def recorded(path: str) -> list[Any]:
    """The bodies that were sent to a path, and who sent them."""
    return [
        pytest.param(request["body"], request["user_agent"], id=f"{file.stem} {number}")
        for file in sorted(RECORDINGS.glob("*.json"))
        for number, request in enumerate(json.loads(file.read_text().replace("iVBORw0KGgo=", PIXEL)))
        if request["path"] == path
    ]


CHATS = recorded("/v1/chat/completions")

RESPONSES = recorded("/v1/responses")

SAMPLING = {"seed": None, "temperature": 1, "top_p": 1}
"""The fields that Codex cannot honour, and the value of each that asks for nothing."""


def impossible(body: dict[str, Any]) -> set[str]:
    """The fields of a request that ask for what Codex cannot do."""
    return {field for field, neutral in SAMPLING.items() if body.get(field, neutral) != neutral}


def wanted_schema(body: dict[str, Any]) -> dict[str, Any] | None:
    """The schema that the text must fit: the arguments of a forced call, or the format of the answer."""
    choice = body.get("tool_choice")
    if choice == "required" or isinstance(choice, dict):
        functions = [tool.get("function", tool) for tool in body["tools"]]
        named = choice.get("function", choice)["name"] if isinstance(choice, dict) else functions[0]["name"]
        return next(function["parameters"] for function in functions if function["name"] == named)
    if "text" in body:
        return body["text"]["format"].get("schema")
    return body.get("response_format", {}).get("json_schema", {}).get("schema")


def wants_any_json(body: dict[str, Any]) -> bool:
    formats = (body.get("response_format"), (body.get("text") or {}).get("format"))
    return {"type": "json_object"} in formats


def refused_by_name(answer: Any, fields: set[str]) -> None:
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "unsupported_feature"
    assert error["param"] in fields
    assert all(f"`{field}`" in error["message"] for field in fields)


def instance(schema: dict[str, Any], root: dict[str, Any] | None = None) -> Any:
    """Something that fits a schema, as far as the recordings have any."""
    root = root or schema
    if "$ref" in schema:
        return instance(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root)
    if "anyOf" in schema:
        return instance(schema["anyOf"][0], root)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: instance(inner, root) for name, inner in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [instance(schema["items"], root)]
    return {"string": "x", "integer": 1, "number": 1, "boolean": True, "null": None}[schema["type"]]


@pytest.fixture(scope="module")
def lenient(
    model_process: ScriptedModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[openai.DefaultHttpxClient]:
    """Plain HTTP to a gateway that leaves out what tunes the sampling."""
    home = tmp_path_factory.mktemp("lenient")
    gateway = Gateway(model_process, home, unsupported_parameters="ignore")
    with gateway.http() as client:
        yield client
    gateway.stop()


def test_there_are_recordings_of_every_kind() -> None:
    bodies = [chat.values[0] for chat in CHATS]
    assert len(bodies) > 50
    assert sum(bool(impossible(body)) for body in bodies) > 10
    assert sum(wanted_schema(body) is not None for body in bodies) > 10
    assert sum("tools" in body for body in bodies) > 10


def answered(
    path: str,
    http: openai.DefaultHttpxClient,
    lenient: openai.DefaultHttpxClient,
    model: ScriptedModel,
    body: dict[str, Any],
    user_agent: str,
) -> tuple[str, Any]:
    """What the model said to a recorded request, and the answer of the gateway that leaves things out.

    The strict gateway has refused it before, where there is something impossible in it.
    """
    headers = {"User-Agent": user_agent}
    if fields := impossible(body):
        refused_by_name(http.post(path, json=body | {"model": MODEL}, headers=headers), fields)
        assert model.requests == []

    schema = wanted_schema(body)
    text = "pong" if schema is None else json.dumps(instance(schema))
    if wants_any_json(body) and schema is None:
        text = "{}"
    model.text(text)
    answer = lenient.post(path, json=body | {"model": MODEL}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert set(answer.headers.get("x-codex-gateway-ignored", "").split(", ")) - {""} == impossible(body)
    return text, answer


@pytest.mark.parametrize(("body", "user_agent"), CHATS)
def test_a_recorded_request_works_or_is_refused_by_name(
    http: openai.DefaultHttpxClient,
    lenient: openai.DefaultHttpxClient,
    model: ScriptedModel,
    body: dict[str, Any],
    user_agent: str,
) -> None:
    text, answer = answered("/chat/completions", http, lenient, model, body, user_agent)
    if body.get("stream"):
        assert answer.text.endswith("data: [DONE]\n\n")
        chunks = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
        deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
        told = "".join(delta.get("content") or "" for delta in deltas)
        calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    else:
        message = answer.json()["choices"][0]["message"]
        told, calls = message["content"] or "", message.get("tool_calls", [])
    if calls:
        assert json.loads(calls[0]["function"]["arguments"]) == json.loads(text)
        assert told == ""
    else:
        # A stop sequence that a client sends may cut it.
        assert text.startswith(told)
        assert told


@pytest.mark.parametrize(("body", "user_agent"), RESPONSES)
def test_a_recorded_request_for_a_response_works_or_is_refused_by_name(
    http: openai.DefaultHttpxClient,
    lenient: openai.DefaultHttpxClient,
    model: ScriptedModel,
    body: dict[str, Any],
    user_agent: str,
) -> None:
    text, answer = answered("/responses", http, lenient, model, body, user_agent)
    if body.get("stream"):
        events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
        assert events[-1]["type"] == "response.completed"
        response = events[-1]["response"]
    else:
        response = answer.json()
    [item] = response["output"]
    if item["type"] == "function_call":
        assert json.loads(item["arguments"]) == json.loads(text)
    else:
        assert item["content"][0]["text"] == text
    assert len(model.requests) == 1
