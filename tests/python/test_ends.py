"""Where an answer ends: stop sequences and token limits, kept by the gateway; and several answers at once."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from stack import ScriptedModel, ask, streamed_text

WORDS = [" word"] * 50


def finished(chunks: list[Any]) -> list[str]:
    return [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]


@pytest.mark.parametrize("stop", ["\nObservation:", ["nothing", "\nObservation:"]])
def test_a_stop_sequence_ends_the_answer_and_the_turn(
    client: openai.OpenAI, model: ScriptedModel, stop: Any
) -> None:
    deltas = ["Thought: look", "\nObs", "ervation: none", " and", " more"]
    model.default({"steps": [{"message": {"deltas": deltas, "pause_ms": 50}}], "end": "hang"})
    choice = ask(client, stop=stop).choices[0]
    assert (choice.message.content, choice.finish_reason) == ("Thought: look", "stop")
    # The model is not left talking.
    assert model.wait_for(1, "ended")[0]["ended"]["how"] == "closed by client"


def test_a_stop_sequence_across_deltas_is_not_streamed(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text("one, ", "tw", "o, thr", "ee")
    chunks = list(ask(client, stop=["two", "three"], stream=True))
    assert streamed_text(chunks) == "one, "
    assert finished(chunks) == ["stop"]


def test_what_only_began_like_a_stop_sequence_is_there(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text("the ", "EN", "emy at the E")
    assert ask(client, stop="END").choices[0].message.content == "the ENemy at the E"


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_token_limit_is_kept_to_the_token(
    client: openai.OpenAI, model: ScriptedModel, field: str, stream: bool
) -> None:
    model.text(*WORDS)
    answer = ask(client, **{field: 7}, stream=stream)
    if stream:
        chunks = list(answer)
        text, reasons = streamed_text(chunks), finished(chunks)
    else:
        text, reasons = answer.choices[0].message.content, [answer.choices[0].finish_reason]
        assert answer.usage.completion_tokens >= 7
        assert answer.usage.prompt_tokens > 0
    assert (text, reasons) == (" word" * 7, ["length"])


def test_an_answer_within_the_limit_is_whole(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text(*WORDS, usage={"input_tokens": 11, "output_tokens": 50})
    completion = ask(client, max_tokens=50, stop="zzz")
    assert completion.choices[0].message.content == "".join(WORDS)
    assert completion.choices[0].finish_reason == "stop"
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (11, 50)


def test_several_answers_have_their_indices_and_one_usage(
    client: openai.OpenAI, model: ScriptedModel
) -> None:
    for word in ("one", "two", "three"):
        model.push({"steps": [{"text": word}], "usage": {"input_tokens": 10, "output_tokens": 2}})
    completion = ask(client, n=3)
    assert [choice.index for choice in completion.choices] == [0, 1, 2]
    assert {choice.message.content for choice in completion.choices} == {"one", "two", "three"}
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (30, 6)


def test_several_answers_are_streamed_side_by_side(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default({"steps": [{"message": {"deltas": ["a", "b", "c"], "pause_ms": 20}}]})
    chunks = list(ask(client, n=4, stream=True, stream_options={"include_usage": True}))
    texts = dict.fromkeys(range(4), "")
    for chunk in chunks:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == dict.fromkeys(range(4), "abc")
    assert finished(chunks) == ["stop"] * 4
    assert chunks[-1].usage.completion_tokens > 0
    assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": ""}, "stop"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "max_completion_tokens"),
        ({"n": 0}, "n"),
        ({"n": 9}, "n"),
        ({"n": 10**300}, "n"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    client: openai.OpenAI, model: ScriptedModel, options: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, **options)
    assert refused.value.param == param
    assert model.requests == []
