"""Reasoning: asked for in the request, passed on to the model, and its summary and tokens given back."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from stack import MODEL, ScriptedModel, ask

THOUGHT: dict[str, Any] = {
    "stream": {
        "steps": [
            {
                "reasoning": {
                    "summary": [["Let me ", "think."], ["Pong ", "it is."]],
                    "encrypted_content": "opaque",
                }
            },
            {"reasoning": {"summary": [["Sure."]]}},
            {"text": "pong"},
        ],
    }
}
SUMMARY = "Let me think.\n\nPong it is.\n\nSure."


def reasoning(part: Any) -> str | None:
    """What the official SDK keeps of a field that it does not know."""
    return (part.model_extra or {}).get("reasoning_content")


def test_a_summary_that_is_asked_for_is_given(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.push(THOUGHT["stream"])
    message = ask(client, extra_body={"reasoning": {"effort": "low", "summary": "auto"}}).choices[0].message
    assert (message.content, reasoning(message)) == ("pong", SUMMARY)
    [request] = model.requests
    assert request["body"]["reasoning"] == {"effort": "low", "summary": "auto"}


def test_a_summary_is_streamed_ahead_of_the_answer(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.push(THOUGHT["stream"])
    deltas = [
        chunk.choices[0].delta
        for chunk in ask(client, stream=True, extra_body={"reasoning": {"summary": "detailed"}})
    ]
    told = [(reasoning(delta), delta.content) for delta in deltas if reasoning(delta) or delta.content]
    assert told == [
        ("Let me ", None),
        ("think.", None),
        ("\n\nPong ", None),
        ("it is.", None),
        ("\n\nSure.", None),
        (None, "pong"),
    ]
    assert model.requests[0]["body"]["reasoning"]["summary"] == "detailed"


def test_nothing_is_told_unasked(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.push(THOUGHT["stream"])
    message = ask(client).choices[0].message
    assert (message.content, reasoning(message)) == ("pong", None)
    assert "summary" not in model.requests[0]["body"]["reasoning"]


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"summary": "long"}, "reasoning.summary"),
        ({"effort": 7}, "reasoning.effort"),
        ({"max_tokens": 5}, "reasoning.max_tokens"),
        ("high", "reasoning"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(client: openai.OpenAI, asked: Any, param: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, extra_body={"reasoning": asked})
    assert refused.value.param == param


def test_the_tokens_of_reasoning_are_counted(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.push(
        {
            "steps": [{"text": "pong"}],
            "usage": {"input_tokens": 9, "cached_tokens": 4, "output_tokens": 7, "reasoning_tokens": 5},
        }
    )
    usage = ask(client, reasoning_effort="high", model=MODEL).usage
    assert usage.completion_tokens_details.reasoning_tokens == 5
    assert model.requests[0]["body"]["reasoning"]["effort"] == "high"
