"""Many requests at once: each gets its own answer, and none waits for another."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from stack import Gateway, ScriptedModel, ask, streamed_text


async def answer(client: Any, text: str, stream: bool) -> str:
    if not stream:
        return (await ask(client, text)).choices[0].message.content
    return streamed_text([chunk async for chunk in await ask(client, text, stream=True)])


def answers(gateway: Gateway, texts: list[str]) -> list[str]:
    """The answers to all the texts, asked at once, every other one as a stream."""

    async def gather() -> list[str]:
        async with gateway.async_client() as client:
            asked = (answer(client, text, stream=number % 2 == 1) for number, text in enumerate(texts))
            return await asyncio.gather(*asked)

    return asyncio.run(gather())


def test_two_dozen_answers_at_once_are_not_mixed_up(gateway: Gateway, model: ScriptedModel) -> None:
    model.default({"steps": [{"echo": {"pause_ms": 5}}]})
    texts = [f"{number}: " + f"{chr(97 + number)} " * 40 for number in range(24)]
    assert answers(gateway, texts) == [f"You said: {text}" for text in texts]
    asked = [request["body"]["input"] for request in model.requests]
    assert sorted(item["content"][0]["text"] for [item] in asked) == sorted(texts)


def test_sixteen_slow_answers_take_about_as_long_as_one(gateway: Gateway, model: ScriptedModel) -> None:
    model.default({"steps": [{"pause_ms": 1_000}, {"echo": {}}]})
    started = time.monotonic()
    texts = [str(number) for number in range(16)]
    assert answers(gateway, texts) == [f"You said: {text}" for text in texts]
    assert 1 <= time.monotonic() - started < 8


def test_more_than_may_run_at_once_wait_for_their_turn(gateway: Gateway, model: ScriptedModel) -> None:
    model.default({"steps": [{"pause_ms": 200}, {"echo": {}}]})
    texts = [str(number) for number in range(60)]
    assert answers(gateway, texts) == [f"You said: {text}" for text in texts]


def test_failures_among_many_answers_stay_with_their_own(gateway: Gateway, model: ScriptedModel) -> None:
    for number in range(12):
        model.push({"status": 503} if number % 3 == 0 else {"steps": [{"echo": {}}]})

    async def gather() -> list[str | BaseException]:
        async with gateway.async_client() as client:
            asked = (answer(client, str(number), stream=False) for number in range(12))
            return await asyncio.gather(*asked, return_exceptions=True)

    results = asyncio.run(gather())
    failed = [result for result in results if isinstance(result, BaseException)]
    assert [error.code for error in failed] == ["codex_error"] * 4
    for number, result in enumerate(results):
        assert result in failed or result == f"You said: {number}"
