"""Callers that hang up: the model is stopped, since nobody waits for the answer that would be paid for."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest

from stack import Gateway, ScriptedModel, ask

HANG = {"steps": [{"message": {"deltas": ["po", "ng"], "unfinished": True}}], "end": "hang"}
SILENCE = {"steps": [], "end": "hang"}


def assert_the_model_was_stopped(model: ScriptedModel, client: openai.OpenAI) -> None:
    [request] = model.wait_for(1, until="ended", seconds=5)
    assert request["ended"]["how"] == "closed by client"
    model.reset()
    assert ask(client).choices[0].message.content == "You said: Say pong"


def test_a_stream_that_is_closed_in_the_middle(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default(HANG)
    stream = ask(client, stream=True)
    assert [next(stream).choices[0].delta.content for _ in range(3)] == ["", "po", "ng"]
    stream.close()
    assert_the_model_was_stopped(model, client)


def test_a_stream_that_is_closed_while_the_model_speaks(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default({"steps": [{"message": {"deltas": ["po"] * 10_000, "pause_ms": 5}}]})
    with ask(client, stream=True) as stream:
        for _ in range(20):
            next(stream)
    assert_the_model_was_stopped(model, client)


@pytest.mark.parametrize("script", [HANG, SILENCE], ids=["after some words", "before the first word"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_request_that_is_cancelled(
    client: openai.OpenAI, gateway: Gateway, model: ScriptedModel, script: Any, stream: bool
) -> None:
    model.default(script)

    async def cancel() -> None:
        async with gateway.async_client() as caller:
            request = asyncio.create_task(ask(caller, stream=stream))
            await asyncio.to_thread(model.wait_for, 1)
            request.cancel()
            await asyncio.gather(request, return_exceptions=True)

    asyncio.run(cancel())
    assert_the_model_was_stopped(model, client)


def test_a_client_that_runs_out_of_time(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default(SILENCE)
    with pytest.raises(openai.APITimeoutError):
        ask(client.with_options(timeout=2))
    assert_the_model_was_stopped(model, client)


def test_a_hang_up_is_logged_with_a_status_of_its_own(
    client: openai.OpenAI, gateway: Gateway, model: ScriptedModel
) -> None:
    model.default(HANG)
    with ask(client, stream=True) as stream:
        next(stream)
    assert_the_model_was_stopped(model, client)
    assert "status=499" in gateway.log


def test_many_that_hang_up_at_once(client: openai.OpenAI, gateway: Gateway, model: ScriptedModel) -> None:
    """They give their places back: there are 16, and all of them are taken twice."""
    model.default(SILENCE)

    async def cancel(count: int) -> None:
        async with gateway.async_client() as caller:
            requests = [asyncio.create_task(ask(caller)) for _ in range(count)]
            await asyncio.to_thread(model.wait_for, count)
            for request in requests:
                request.cancel()
            await asyncio.gather(*requests, return_exceptions=True)

    for _ in range(2):
        asyncio.run(cancel(16))
        ended = model.wait_for(16, until="ended", seconds=10)
        assert {request["ended"]["how"] for request in ended} == {"closed by client"}
        model.reset()
        model.default(SILENCE)
    model.reset()
    assert ask(client).choices[0].message.content == "You said: Say pong"
