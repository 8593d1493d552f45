"""What well-known clients send, recorded as it is: each request works, or is refused by name."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from stack import MODEL, ROOT, ScriptedModel

RECORDINGS = ROOT / "tests" / "fixtures" / "clients"

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGMQaPgAAAIkAYFvkeRkAAAAAElFTkSuQmCC"
"""Takes the place of the recorded images, which are only the first eight bytes of a PNG."""

CHATS = [
    pytest.param(recorded["body"], recorded["user_agent"], id=f"{file.stem} {number}")
    for file in sorted(RECORDINGS.glob("*.json"))
    for number, recorded in enumerate(json.loads(file.read_text().replace("iVBORw0KGgo=", PIXEL)))
    if recorded["path"] == "/v1/chat/completions"
]

NEUTRAL = {
    "response_format": ({"type": "text"},),
    "seed": (),
    "temperature": (1,),
    "tool_choice": ("auto", "none"),
    "tools": ([],),
    "top_p": (1,),
}
"""The fields that Codex cannot honour, and the values of each that ask for nothing."""


def impossible(body: dict[str, Any]) -> set[str]:
    """The fields of a request that ask for what Codex cannot do."""
    return {field for field, neutral in NEUTRAL.items() if field in body and body[field] not in neutral}


def test_there_are_recordings_of_both_kinds() -> None:
    asked = [bool(impossible(chat.values[0])) for chat in CHATS]
    assert len(asked) > 50
    assert asked.count(True) > 30
    assert asked.count(False) > 10


@pytest.mark.parametrize(("body", "user_agent"), CHATS)
def test_a_recorded_request_works_or_is_refused_by_name(
    http: openai.DefaultHttpxClient, model: ScriptedModel, body: dict[str, Any], user_agent: str
) -> None:
    model.text("pong")
    headers = {"User-Agent": user_agent}
    answer = http.post("/chat/completions", json=body | {"model": MODEL}, headers=headers)
    if fields := impossible(body):
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["code"] == "unsupported_feature"
        assert error["param"] in fields
        assert all(f"`{field}`" in error["message"] for field in fields)
        assert model.requests == []
        return
    assert answer.status_code == 200, answer.text
    assert len(model.conversation) == len(body["messages"])
    if body.get("stream"):
        assert answer.text.endswith("data: [DONE]\n\n")
        assert '"content":"pong"' in answer.text
    else:
        assert answer.json()["choices"][0]["message"]["content"] == "pong"
