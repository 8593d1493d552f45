"""What the SDKs learn of the account's limits."""

from __future__ import annotations

import time
from collections.abc import Callable

import openai
import pytest

from stack import MODEL, Gateway, ScriptedModel, ask


def limits(used_percent: int) -> dict[str, str]:
    """Headers of the provider: so much of two windows is used, and the longer one has more left."""
    now = int(time.time())
    return {
        "x-codex-primary-used-percent": str(used_percent),
        "x-codex-primary-window-minutes": "300",
        "x-codex-primary-reset-at": str(now + 7_830),
        "x-codex-secondary-used-percent": "5",
        "x-codex-secondary-window-minutes": "10080",
        "x-codex-secondary-reset-at": str(now + 400_000),
    }


def test_every_answer_tells_what_is_left_once_that_is_known(
    start_gateway: Callable[..., Gateway], model: ScriptedModel
) -> None:
    model.text("pong", headers=limits(42))
    messages = [{"role": "user", "content": "Say pong"}]
    with start_gateway().client() as client:
        ask(client)
        for stream in (False, True):
            raw = client.chat.completions.with_raw_response.create(
                model=MODEL, messages=messages, stream=stream
            )
            assert raw.headers["x-ratelimit-limit-requests"] == "100"
            assert raw.headers["x-ratelimit-remaining-requests"] == "58"
            assert raw.headers["x-ratelimit-reset-requests"].startswith("2h")

        used_up = {"error": {"message": "Used up.", "type": "usage_limit_reached", "plan_type": "plus"}}
        model.error(429, used_up, headers=limits(100))
        started = time.monotonic()
        with pytest.raises(openai.RateLimitError) as raised:
            ask(client.with_options(max_retries=5))
    error = raised.value
    assert (error.type, error.code) == ("insufficient_quota", "insufficient_quota")
    assert "The limit resets in 2 h " in error.message
    assert 7_000 < int(error.response.headers["retry-after"]) <= 7_830
    assert error.response.headers["x-ratelimit-remaining-requests"] == "0"
    # The SDK heeds that a retry is no use.
    assert len(model.requests) == 4
    assert time.monotonic() - started < 10
