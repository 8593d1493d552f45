"""What goes wrong behind the gateway, as the SDK sees it: the exception, its fields, whether to try again.

The same failure is a proper HTTP error before the first word, and an error within the stream after it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import openai
import pytest

from stack import REQUEST, Gateway, Script, ScriptedModel, ask, streamed_text


@dataclass
class Expected:
    exception: type[openai.APIStatusError]
    status: int
    kind: str
    code: str
    param: str | None = None
    retry_after: str | None = None
    should_retry: str | None = None
    says: str = ""


RATE_LIMIT = Expected(
    openai.RateLimitError, 429, "rate_limit_error", "rate_limit_exceeded", retry_after="10", says="Wait"
)
QUOTA = Expected(openai.RateLimitError, 429, "insufficient_quota", "insufficient_quota", should_retry="false")
TOO_LONG = Expected(
    openai.BadRequestError,
    400,
    "invalid_request_error",
    "context_length_exceeded",
    param="messages",
    says="Shorten the conversation",
)
SIGNED_OUT = Expected(
    openai.InternalServerError,
    503,
    "server_error",
    "codex_signed_out",
    should_retry="false",
    says="codex login",
)
CONTENT_POLICY = Expected(
    openai.BadRequestError, 400, "invalid_request_error", "content_policy_violation", says="provider's words"
)
INVALID_PROMPT = Expected(
    openai.BadRequestError, 400, "invalid_request_error", "invalid_prompt", says="provider's words"
)
NO_SUCH_MODEL = Expected(
    openai.NotFoundError, 404, "invalid_request_error", "model_not_found", param="model", says="/v1/models"
)
OVERLOADED = Expected(openai.InternalServerError, 503, "server_error", "server_overloaded", retry_after="10")
DISCONNECTED = Expected(
    openai.InternalServerError, 502, "server_error", "stream_disconnected", says="Send the request again"
)


def provider(says: str = "", should_retry: str | None = None) -> Expected:
    """An error of the provider's own, which may pass unless it says otherwise."""
    return Expected(
        openai.InternalServerError, 502, "server_error", "codex_error", should_retry=should_retry, says=says
    )


def error(status: int, **fields: Any) -> Script:
    return {"status": status, "body": {"error": {"message": "The provider's words.", **fields}}}


HTTP_ERRORS = {
    "400": (
        error(400, param="input[0]", code="invalid_value"),
        Expected(
            openai.BadRequestError,
            400,
            "invalid_request_error",
            "invalid_value",
            param="input[0]",
            says="The provider's words.",
        ),
    ),
    "400, without a code": (
        {"status": 400, "body": {"detail": "The provider's words."}},
        Expected(openai.BadRequestError, 400, "invalid_request_error", "invalid_request", says="words"),
    ),
    "400, too long": (error(400, code="context_length_exceeded"), TOO_LONG),
    "400, a prompt that is not answered": (error(400, code="invalid_prompt"), INVALID_PROMPT),
    "400, a policy": (error(400, code="cyber_policy"), CONTENT_POLICY),
    "401": (error(401), SIGNED_OUT),
    "403": (error(403), provider("403", should_retry="false")),
    "404": (error(404), provider("404", should_retry="false")),
    "404, a model": (error(404, code="model_not_found"), NO_SUCH_MODEL),
    "429": (error(429, type="rate_limit_error"), RATE_LIMIT),
    "429, used up": (
        error(429, type="usage_limit_reached", plan_type="plus", resets_at=4_000_000_000),
        QUOTA,
    ),
    "429, nothing left": (error(429, type="insufficient_quota", code="insufficient_quota"), QUOTA),
    "429, not in the plan": (error(429, type="usage_not_included"), QUOTA),
    "500": (error(500), provider()),
    "503, overloaded": (error(503, code="server_is_overloaded"), OVERLOADED),
    "503, slow down": (error(503, code="slow_down"), RATE_LIMIT),
    "503": (error(503), provider("503")),
}


def failed(code: str, message: str = "The provider's words.") -> dict[str, Any]:
    return {"failed": {"code": code, "message": message}}


ENDINGS = {
    "too long": (failed("context_length_exceeded"), TOO_LONG),
    "rate limit": (failed("rate_limit_exceeded"), RATE_LIMIT),
    "rate limit with a time": (
        failed("rate_limit_exceeded", "Limit reached. Please try again in 11.054s."),
        replace(RATE_LIMIT, retry_after="12"),
    ),
    "rate limit for long": (
        failed("rate_limit_exceeded", "Limit reached. Please try again in 1m30s."),
        replace(RATE_LIMIT, retry_after="90", should_retry="false"),
    ),
    "quota": (failed("insufficient_quota"), QUOTA),
    "invalid prompt": (failed("invalid_prompt"), INVALID_PROMPT),
    "policy": (failed("cyber_policy"), CONTENT_POLICY),
    "another policy": (failed("misalignment_policy_violation"), CONTENT_POLICY),
    "no such model": (failed("model_not_found"), NO_SUCH_MODEL),
    "overloaded": (failed("server_is_overloaded"), OVERLOADED),
    "server error": (failed("server_error"), DISCONNECTED),
    "cut": ("cut", DISCONNECTED),
    "no last event": ("eof", DISCONNECTED),
    "unknown reason": ({"incomplete": {"reason": "tired"}}, provider("tired")),
}


def check(raised: openai.APIStatusError, expected: Expected) -> None:
    assert type(raised) is expected.exception
    assert raised.status_code == expected.status
    assert (raised.type, raised.code, raised.param) == (expected.kind, expected.code, expected.param)
    assert raised.response.headers.get("retry-after") == expected.retry_after
    assert raised.response.headers.get("x-should-retry") == expected.should_retry
    assert expected.says in raised.message
    assert raised.request_id.startswith("req_")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("script", "expected"), HTTP_ERRORS.values(), ids=HTTP_ERRORS)
def test_an_error_of_the_provider(
    client: openai.OpenAI, model: ScriptedModel, script: Script, expected: Expected, stream: bool
) -> None:
    model.default(script)
    with pytest.raises(openai.APIStatusError) as raised:
        ask(client, stream=stream)
    check(raised.value, expected)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("end", "expected"), ENDINGS.values(), ids=ENDINGS)
def test_a_failure_before_the_first_word(
    client: openai.OpenAI, model: ScriptedModel, end: Any, expected: Expected, stream: bool
) -> None:
    model.default({"steps": [], "end": end})
    with pytest.raises(openai.APIStatusError) as raised:
        ask(client, stream=stream)
    check(raised.value, expected)


@pytest.mark.parametrize(("end", "expected"), ENDINGS.values(), ids=ENDINGS)
def test_a_failure_after_some_words(
    client: openai.OpenAI, model: ScriptedModel, end: Any, expected: Expected
) -> None:
    model.default({"steps": [{"message": {"deltas": ["po", "ng"], "unfinished": True}}], "end": end})
    with pytest.raises(openai.APIStatusError) as whole:
        ask(client)
    check(whole.value, expected)

    chunks = []
    with pytest.raises(openai.APIError) as streamed:
        chunks.extend(ask(client, stream=True))
    # Extending a list by a generator that raises keeps what came before.
    assert streamed_text(chunks) == "pong"
    assert all(choice.finish_reason is None for chunk in chunks for choice in chunk.choices)
    assert not isinstance(streamed.value, openai.APIStatusError)
    raised = streamed.value
    assert (raised.type, raised.code, raised.param) == (expected.kind, expected.code, expected.param)
    assert expected.says in raised.message


def test_on_the_wire_a_failed_stream_ends_with_the_error_and_done(
    http: openai.DefaultHttpxClient, model: ScriptedModel
) -> None:
    model.default({"steps": [{"message": {"deltas": ["po"], "unfinished": True}}], "end": "cut"})
    answer = http.post("/chat/completions", json={**REQUEST, "stream": True})
    assert answer.status_code == 200
    *_, error_event, done, end = answer.text.split("\n\n")
    assert error_event.startswith('data: {"error":{')
    assert (done, end) == ("data: [DONE]", "")


@pytest.mark.parametrize(
    ("reason", "finish_reason"), [("max_output_tokens", "length"), ("content_filter", "content_filter")]
)
@pytest.mark.parametrize("words", [[], ["po", "ng"]], ids=["no words", "some words"])
def test_an_answer_that_was_cut_off_says_so(
    client: openai.OpenAI, model: ScriptedModel, reason: str, finish_reason: str, words: list[str]
) -> None:
    step = {"message": {"deltas": words, "unfinished": True}}
    model.default({"steps": [step] if words else [], "end": {"incomplete": {"reason": reason}}})
    [choice] = ask(client).choices
    assert (choice.message.content, choice.finish_reason) == ("".join(words), finish_reason)

    chunks = list(ask(client, stream=True))
    assert streamed_text(chunks) == "".join(words)
    reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices]
    assert reasons == [None] * (len(words) + 1) + [finish_reason]


def test_a_refusal_is_not_an_empty_answer(client: openai.OpenAI, model: ScriptedModel) -> None:
    """Codex keeps the words of a refusal to itself: that there were some is all that can be told."""
    begun = {"type": "message", "id": "msg_1", "role": "assistant", "status": "in_progress", "content": []}
    done = {**begun, "status": "completed", "content": [{"type": "refusal", "refusal": "I can't help."}]}
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    events = [
        {"type": "response.output_item.added", "output_index": 0, "item": begun},
        {"type": "response.refusal.delta", **at, "delta": "I can't help."},
        {"type": "response.refusal.done", **at, "refusal": "I can't help."},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
    ]
    model.default({"steps": [{"event": event} for event in events]})
    [choice] = ask(client).choices
    assert (choice.message.content, choice.finish_reason) == ("", "content_filter")

    chunks = list(ask(client, stream=True))
    assert streamed_text(chunks) == ""
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "content_filter"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_provider_that_sends_nonsense_is_an_error(
    client: openai.OpenAI, model: ScriptedModel, stream: bool
) -> None:
    model.default({"steps": [{"garbage": "event: nonsense\ndata: {{{\n\n\x00"}], "end": "eof"})
    with pytest.raises(openai.InternalServerError):
        ask(client, stream=stream)


SECRETS = [
    "sk-proj-AbCdEf0123456789",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "Bearer c2VjcmV0LWNyZWRlbnRpYWw=",
    "https://user:hunter2@proxy.example/",
    '"access_token": "s3cr3t-value"',
]
GIVEAWAYS = ["AbCdEf", "c2lnbmF0dXJl", "c2VjcmV0LWNyZWRlbnRpYWw", "hunter2", "s3cr3t"]


@pytest.mark.parametrize("status", [400, 401, 403, 503])
def test_secrets_in_the_words_of_a_provider_are_redacted(
    client: openai.OpenAI, model: ScriptedModel, status: int
) -> None:
    model.error(status, {"error": {"message": f"It broke: {' and '.join(SECRETS)}"}})
    with pytest.raises(openai.APIStatusError) as raised:
        ask(client)
    assert "It broke" in raised.value.message
    assert "[redacted]" in raised.value.message
    assert not any(giveaway in raised.value.response.text for giveaway in GIVEAWAYS)


def test_the_sdk_tries_again_where_that_helps(gateway: Gateway, model: ScriptedModel) -> None:
    model.push({"status": 500, "body": {"error": {"message": "once"}}})
    with gateway.client(max_retries=2) as client:
        assert ask(client).choices[0].message.content == "You said: Say pong"
    assert len(model.requests) == 2


def test_the_sdk_does_not_try_again_where_that_is_no_use(gateway: Gateway, model: ScriptedModel) -> None:
    model.default(HTTP_ERRORS["429, used up"][0])
    started = time.monotonic()
    with gateway.client(max_retries=5) as client, pytest.raises(openai.RateLimitError):
        ask(client)
    assert len(model.requests) == 1
    assert time.monotonic() - started < 10


def test_after_every_error_the_gateway_goes_on(client: openai.OpenAI, model: ScriptedModel) -> None:
    for script, expected in HTTP_ERRORS.values():
        model.push(script)
        with pytest.raises(expected.exception):
            ask(client)
        assert ask(client).choices[0].message.content == "You said: Say pong"
