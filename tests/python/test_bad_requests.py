"""Requests that no SDK would send: each is refused, and the answer says why.

Whatever comes in, the answer is OpenAI's error object, nothing reaches the model, and the gateway goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

from stack import MODEL, REQUEST, Gateway, ScriptedModel, ask, invalid_request

Refused = Callable[[dict[str, Any]], tuple[str, str]]

[USER] = REQUEST["messages"]


@pytest.fixture(autouse=True)
def _the_gateway_goes_on(client: openai.OpenAI, model: ScriptedModel) -> Iterator[None]:
    yield
    model.reset()
    assert ask(client, "Still there?").choices[0].message.content == "You said: Still there?"


@pytest.fixture
def refused(http: openai.DefaultHttpxClient, model: ScriptedModel) -> Refused:
    """Sends a good request with some fields changed, and returns `param` and `code` of the refusal."""

    def send(fields: dict[str, Any]) -> tuple[str, str]:
        error = invalid_request(http.post("/chat/completions", json=REQUEST | fields))
        assert f"`{error['param']}`" in error["message"]
        assert model.requests == []
        return error["param"], error["code"]

    return send


TEXT = json.dumps(REQUEST)
NOT_JSON = {
    "empty": b"",
    "blank": b"  \n",
    "cut off": TEXT[:-1],
    "followed by more": TEXT + TEXT,
    "not UTF-8": TEXT.replace("hi", "h\xef").encode("latin-1"),
    "UTF-16": TEXT.encode("utf-16"),
    "single quotes": TEXT.replace('"', "'"),
    "trailing comma": TEXT[:-1] + ",}",
    "comment": TEXT + "// hi",
    "NaN": TEXT[:-1] + ', "temperature": NaN}',
    "a NUL": TEXT.replace("hi", "h\0i"),
    "a raw line break in a string": TEXT.replace("hi", "h\ni"),
    "a lone surrogate": TEXT.replace("hi", r"\ud83d"),
    "a lone low surrogate": TEXT.replace("hi", r"\udc00"),
    "a number beyond all bounds": TEXT[:-1] + ', "temperature": 1e999}',
    "a number of many digits": TEXT[:-1] + ', "n": ' + "1" * 5_000 + "}",
    "many brackets": "[" * 10_000,
    "deep lists": '{"messages": ' + "[" * 10_000 + "]" * 10_000 + "}",
    "deep objects": '{"messages": ' + '{"a": ' * 10_000 + "1" + "}" * 10_001,
    "form data": b"model=gpt-5.5&messages=hi",
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_a_body_that_is_not_json(
    http: openai.DefaultHttpxClient, model: ScriptedModel, body: str | bytes
) -> None:
    answer = http.post("/chat/completions", content=body, headers={"Content-Type": "application/json"})
    assert invalid_request(answer)["code"] == "invalid_json"
    assert model.requests == []


@pytest.mark.parametrize("body", [None, [], [REQUEST], "hi", 7, True], ids=repr)
def test_a_body_that_is_not_an_object(http: openai.DefaultHttpxClient, body: Any) -> None:
    headers = {"Content-Type": "application/json"}
    answer = http.post("/chat/completions", content=json.dumps(body), headers=headers)
    assert invalid_request(answer)["code"] == "invalid_json"


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"],
)
def test_a_body_that_is_not_declared_as_json(
    http: openai.DefaultHttpxClient, model: ScriptedModel, content_type: str | None
) -> None:
    """A web page can send those without asking; JSON it cannot."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = http.post("/chat/completions", content=TEXT, headers=headers)
    assert invalid_request(answer, 415)["code"] == "unsupported_media_type"
    assert model.requests == []


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_be_declared_in_any_way(http: openai.DefaultHttpxClient, content_type: str) -> None:
    answer = http.post("/chat/completions", content=TEXT, headers={"Content-Type": content_type})
    assert answer.status_code == 200


def test_of_two_fields_of_one_name_the_last_counts(
    http: openai.DefaultHttpxClient, model: ScriptedModel
) -> None:
    body = '{"model": "gpt-0", "messages": 7, ' + TEXT[1:]
    answer = http.post("/chat/completions", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert model.conversation[0]["content"] == [{"type": "input_text", "text": "hi"}]


WRONG_FIELDS = [
    ("model", None, "missing_required_parameter"),
    ("model", 7, "invalid_type"),
    ("model", [MODEL], "invalid_type"),
    ("model", "", "invalid_value"),
    ("messages", None, "missing_required_parameter"),
    ("messages", "hi", "invalid_type"),
    ("messages", USER, "invalid_type"),
    ("messages", [], "invalid_value"),
    ("reasoning_effort", 1, "invalid_type"),
    ("stream", "true", "invalid_type"),
    ("stream", 1, "invalid_type"),
    ("stream_options", {"include_usage": True}, "invalid_value"),
]


@pytest.mark.parametrize(("field", "value", "code"), WRONG_FIELDS)
def test_a_field_with_an_unusable_value(refused: Refused, field: str, value: Any, code: str) -> None:
    assert refused({field: value}) == (field, code)


def test_stream_options_are_checked(refused: Refused) -> None:
    for options, param, code in [
        ("all", "stream_options", "invalid_type"),
        ({"include_usage": "yes"}, "stream_options.include_usage", "invalid_type"),
        ({"include_jokes": True}, "stream_options.include_jokes", "unsupported_feature"),
    ]:
        assert refused({"stream": True, "stream_options": options}) == (param, code)


def test_an_unknown_model(http: openai.DefaultHttpxClient, model: ScriptedModel) -> None:
    for name in ("gpt-0", "\0", "../gpt-5.5", "x" * 300):
        error = invalid_request(http.post("/chat/completions", json=REQUEST | {"model": name}), 404)
        assert (error["param"], error["code"]) == ("model", "model_not_found")
        assert MODEL in error["message"]
    assert model.requests == []


def part(**fields: Any) -> dict[str, Any]:
    return {"role": "user", "content": [fields]}


WRONG_MESSAGES = [
    ("hi", "", "invalid_type"),
    (None, "", "invalid_type"),
    ({}, ".role", "missing_required_parameter"),
    ({"role": 7, "content": "hi"}, ".role", "invalid_type"),
    ({"role": "robot", "content": "hi"}, ".role", "invalid_value"),
    ({"role": "User", "content": "hi"}, ".role", "invalid_value"),
    ({"role": "user"}, ".content", "missing_required_parameter"),
    ({"role": "user", "content": None}, ".content", "missing_required_parameter"),
    ({"role": "user", "content": 7}, ".content", "invalid_type"),
    ({"role": "user", "content": {"type": "text", "text": "hi"}}, ".content", "invalid_type"),
    ({"role": "user", "content": []}, ".content", "invalid_value"),
    ({"role": "user", "content": ["hi"]}, ".content[0]", "invalid_type"),
    ({"role": "user", "content": "hi", "colour": "red"}, ".colour", "unsupported_feature"),
    ({"role": "system", "content": None}, ".content", "missing_required_parameter"),
    ({"role": "system", "content": [{"type": "image_url"}]}, ".content[0]", "unsupported_feature"),
    ({"role": "assistant", "content": None}, ".content", "missing_required_parameter"),
    ({"role": "assistant", "content": "hi", "tool_calls": "all"}, ".tool_calls", "invalid_type"),
    (
        {"role": "assistant", "content": "hi", "function_call": {}},
        ".function_call.name",
        "missing_required_parameter",
    ),
    ({"role": "function", "content": "hi"}, ".name", "missing_required_parameter"),
    ({"role": "function", "content": "hi", "name": "f"}, "", "invalid_value"),
    ({"role": "tool", "content": "hi"}, ".tool_call_id", "missing_required_parameter"),
    ({"role": "user", "content": "hi", "name": "bob"}, ".name", "unsupported_feature"),
    (part(), ".content[0].type", "missing_required_parameter"),
    (part(type=7), ".content[0].type", "invalid_type"),
    (part(type="text"), ".content[0].text", "missing_required_parameter"),
    (part(type="text", text=7), ".content[0].text", "invalid_type"),
    (part(type="text", text="hi", colour="red"), ".content[0].colour", "unsupported_feature"),
    (part(type="input_text", text="hi"), ".content[0]", "unsupported_feature"),
    (part(type="input_audio", input_audio={}), ".content[0]", "unsupported_feature"),
    (part(type="file", file={"file_id": "f"}), ".content[0]", "unsupported_feature"),
    (part(type="image_url"), ".content[0].image_url", "missing_required_parameter"),
    (part(type="image_url", image_url="data:"), ".content[0].image_url", "invalid_type"),
    (part(type="image_url", image_url={}), ".content[0].image_url.url", "missing_required_parameter"),
    (part(type="image_url", image_url={"url": 7}), ".content[0].image_url.url", "invalid_type"),
    (
        part(type="image_url", image_url={"url": "data:", "detail": "tiny"}),
        ".content[0].image_url.detail",
        "invalid_value",
    ),
]


@pytest.mark.parametrize(("message", "place", "code"), WRONG_MESSAGES, ids=lambda value: str(value)[:60])
def test_a_message_that_makes_no_sense(refused: Refused, message: Any, place: str, code: str) -> None:
    assert refused({"messages": [USER, message]}) == (f"messages[1]{place}", code)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nonsense", 404, "unknown_url"),
        ("GET", "/", 404, "unknown_url"),
        ("POST", "/embeddings", 404, "unknown_url"),
        ("POST", "/chat/completions/", 404, "unknown_url"),
        ("POST", "/Chat/Completions", 404, "unknown_url"),
        ("GET", "/../../etc/passwd", 404, "unknown_url"),
        ("GET", "/models/%ff", 404, "not_found"),
        ("GET", "/responses/%ff", 404, "not_found"),
        ("DELETE", "/responses/%ff", 404, "not_found"),
        ("GET", "/responses/%ff/input_items", 404, "not_found"),
        ("GET", "/models/%00", 404, "model_not_found"),
        ("GET", "/chat/completions", 405, "method_not_allowed"),
        ("POST", "/models", 405, "method_not_allowed"),
        ("DELETE", f"/models/{MODEL}", 405, "method_not_allowed"),
        ("PATCH", "/chat/completions", 405, "method_not_allowed"),
    ],
)
def test_a_url_or_method_that_is_not_offered(
    http: openai.DefaultHttpxClient, method: str, path: str, status: int, code: str
) -> None:
    answer = http.request(method, path)
    assert invalid_request(answer, status)["code"] == code
    if status == 405:
        assert "allow" in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/chat/completions", {"Authorization": "Bearer wrong"}, 401),
        ("POST", "/nonsense", {}, 404),
        ("POST", "/models", {}, 405),
        ("POST", "/chat/completions", {"Content-Type": "text/plain"}, 415),
    ],
)
def test_an_answer_that_comes_before_the_body_does_not_break_the_connection(
    gateway: Gateway, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Else the next request of a client that keeps its connections is lost."""
    url = urlsplit(gateway.base_url)
    with closing(HTTPConnection(url.netloc, timeout=10)) as connection:
        connection.putrequest(method, url.path + path)
        for name, value in ({"Authorization": f"Bearer {gateway.token}"} | headers).items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(TEXT)))
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status == status
        answer.read()
        if answer.will_close:
            return
        connection.send(TEXT.encode())
        connection.request("GET", f"{url.path}/models")
        assert connection.getresponse().status == 401


def test_a_base_url_without_v1_is_explained(gateway: Gateway) -> None:
    base_url = gateway.base_url.removesuffix("/v1")
    with gateway.client(base_url=base_url) as client, pytest.raises(openai.NotFoundError) as raised:
        ask(client)
    assert "/v1" in raised.value.message
