"""The fields of a request: what Codex cannot honour is refused by name, and never ignored in silence."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from openai.types.chat import completion_create_params

from stack import MODEL, REQUEST, ScriptedModel, invalid_request

UNSUPPORTED = [
    ("audio", {"voice": "alloy", "format": "mp3"}),
    ("frequency_penalty", 0.5),
    ("logit_bias", {"50256": -100}),
    ("logprobs", True),
    ("modalities", ["text", "audio"]),
    ("prediction", {"type": "content", "content": "hi"}),
    ("presence_penalty", -0.5),
    ("seed", 1),
    ("temperature", 0),
    ("temperature", 0.7),
    ("top_logprobs", 5),
    ("top_p", 0.9),
    ("web_search_options", {}),
    ("colour", "red"),
    ("Model", MODEL),
    ("", 1),
    ("temperature", -1e308),
]


@pytest.mark.parametrize(("field", "value"), UNSUPPORTED, ids=lambda value: str(value)[:40])
def test_what_codex_cannot_honour_is_refused_by_name(
    http: openai.DefaultHttpxClient, model: ScriptedModel, field: str, value: Any
) -> None:
    error = invalid_request(http.post("/chat/completions", json=REQUEST | {field: value}))
    assert (error["param"], error["code"]) == (field, "unsupported_feature")
    assert f"`{field}`" in error["message"]
    assert model.requests == []


def test_all_fields_that_cannot_be_honoured_are_named_at_once(http: openai.DefaultHttpxClient) -> None:
    answer = http.post("/chat/completions", json=REQUEST | {"temperature": 0, "seed": 1, "logprobs": True})
    message = invalid_request(answer)["message"]
    assert all(f"`{field}`" in message for field in ("temperature", "seed", "logprobs"))


HARMLESS = {
    "metadata",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "store",
    "user",
}
"""What has no bearing on the answer passes, whatever it is."""

SDK_FIELDS = sorted(completion_create_params.CompletionCreateParamsStreaming.__annotations__)


@pytest.mark.parametrize("field", SDK_FIELDS)
def test_every_field_of_the_sdk_is_known(
    http: openai.DefaultHttpxClient, model: ScriptedModel, field: str
) -> None:
    answer = http.post("/chat/completions", json=REQUEST | {field: {"something": [1]}})
    if field in HARMLESS:
        assert answer.status_code == 200
        assert "something" not in json.dumps(model.requests[0]["body"])
        return
    error = invalid_request(answer)
    assert error["param"].split(".")[0] == field
    assert "not known" not in error["message"]


NEUTRAL = {
    "audio": None,
    "frequency_penalty": 0,
    "functions": [],
    "logit_bias": {},
    "logprobs": False,
    "max_completion_tokens": None,
    "max_tokens": None,
    "metadata": {"a": "b"},
    "modalities": ["text"],
    "n": 1,
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "prompt_cache_key": "k",
    "reasoning_effort": None,
    "response_format": {"type": "text"},
    "safety_identifier": "s",
    "seed": None,
    "service_tier": "auto",
    "stop": None,
    "store": False,
    "stream": False,
    "stream_options": None,
    "temperature": 1,
    "tool_choice": "none",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "user": "u",
    "verbosity": "medium",
}


def test_values_that_ask_for_nothing_pass(http: openai.DefaultHttpxClient, model: ScriptedModel) -> None:
    assert http.post("/chat/completions", json=REQUEST).status_code == 200
    assert http.post("/chat/completions", json=REQUEST | NEUTRAL).status_code == 200
    plain, neutral = (request["body"] for request in model.requests)
    for field in ("model", "tools", "tool_choice", "reasoning", "text", "service_tier"):
        assert plain.get(field) == neutral.get(field), field


def test_any_header_passes(http: openai.DefaultHttpxClient) -> None:
    headers = {"OpenAI-Organization": "o", "OpenAI-Beta": "b", "X-Stainless-Lang": "x", "X-Colour": "red"}
    assert http.post("/chat/completions", json=REQUEST, headers=headers).status_code == 200
