"""The limits in the config file: how much may be sent, how many turns may run, and how long."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import openai
import pytest

from stack import REQUEST, Gateway, ScriptedModel, ask, invalid_request

JSON = {"Content-Type": "application/json"}
HANG = {"steps": [{"message": {"deltas": ["po"], "unfinished": True}}], "end": "hang"}

StartGateway = Callable[..., Gateway]


@pytest.fixture(scope="module")
def small(model_process: ScriptedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Takes bodies of 50,000 bytes, runs one turn at a time, and lets none wait."""
    settings = {"max_body_bytes": 50_000, "max_active_turns": 1, "max_queued_turns": 0}
    small = Gateway(model_process, tmp_path_factory.mktemp("small"), **settings)
    yield small
    small.stop()


def test_a_body_may_be_as_long_as_the_limit(small: Gateway, model: ScriptedModel) -> None:
    body = json.dumps(REQUEST).encode()
    body += b" " * (50_000 - len(body))
    with small.http() as http:
        assert http.post("/chat/completions", content=body, headers=JSON).status_code == 200
        answer = http.post("/chat/completions", content=body + b" ", headers=JSON)
    error = invalid_request(answer, 413)
    assert error["code"] == "request_too_large"
    assert "max_body_bytes" in error["message"]
    assert len(model.requests) == 1


@pytest.mark.parametrize("length", [100_000, 50_000_000])
def test_a_message_that_is_too_large_is_an_error_of_the_sdk(
    small: Gateway, model: ScriptedModel, length: int
) -> None:
    with small.client() as client, pytest.raises(openai.APIStatusError) as raised:
        ask(client, "x" * length)
    assert (raised.value.status_code, raised.value.code) == (413, "request_too_large")
    assert model.requests == []


def test_a_body_of_unknown_length_is_limited_too(small: Gateway, model: ScriptedModel) -> None:
    def body() -> Iterator[bytes]:
        yield b'{"model": "'
        for _ in range(100):
            yield b"x" * 1_000

    with small.http() as http:
        answer = http.post("/chat/completions", content=body(), headers=JSON)
    assert invalid_request(answer, 413)["code"] == "request_too_large"
    assert model.requests == []


def test_a_turn_beyond_the_queue_is_refused_until_there_is_a_place(
    small: Gateway, model: ScriptedModel
) -> None:
    model.push(HANG)
    with small.client() as client:
        with ask(client, stream=True) as running:
            next(running)
            for stream in (False, True):
                with pytest.raises(openai.RateLimitError) as raised:
                    ask(client, stream=stream)
                error = raised.value
                assert (error.type, error.code) == ("rate_limit_error", "too_many_requests")
                assert error.response.headers["retry-after"] == "1"
                assert "max_active_turns" in error.message
        assert len(model.requests) == 1
        # The place is free once the first caller has hung up; until then the SDK tries again.
        completion = ask(client.with_options(max_retries=5))
    assert completion.choices[0].message.content == "You said: Say pong"


def test_a_turn_that_waits_too_long_is_given_up(start_gateway: StartGateway, model: ScriptedModel) -> None:
    gateway = start_gateway(max_active_turns=1, max_queued_turns=1, queue_timeout_seconds=1)
    model.push(HANG)
    with gateway.client() as client, ask(client, stream=True) as running:
        next(running)
        with pytest.raises(openai.InternalServerError) as raised:
            ask(client)
    error = raised.value
    assert (error.status_code, error.type, error.code) == (504, "timeout_error", "queue_timeout")
    assert error.response.headers["x-should-retry"] == "false"
    assert "queue_timeout_seconds" in error.message
    assert len(model.requests) == 1


def test_a_turn_that_runs_too_long_is_ended(start_gateway: StartGateway, model: ScriptedModel) -> None:
    gateway = start_gateway(turn_timeout_seconds=1)
    model.default(HANG)
    with gateway.client() as client:
        with pytest.raises(openai.InternalServerError) as raised:
            ask(client)
        whole = raised.value
        assert (whole.status_code, whole.type, whole.code) == (504, "timeout_error", "turn_timeout")
        assert "turn_timeout_seconds" in whole.message

        stream = ask(client, stream=True)
        with pytest.raises(openai.APIError) as streamed:
            list(stream)
        assert streamed.value.code == "turn_timeout"
    assert [request["ended"]["how"] for request in model.wait_for(2, "ended")] == ["closed by client"] * 2
