"""Chat completions in one piece: what the SDK gets, and what reaches the model."""

from __future__ import annotations

import asyncio
import time

import openai
import pytest

from stack import MODEL, Gateway, ScriptedModel, ask

USAGE = {"input_tokens": 11, "cached_tokens": 3, "output_tokens": 7, "reasoning_tokens": 2}


def test_a_completion_has_every_field(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text("po", "ng", usage=USAGE)
    before = int(time.time())
    completion = ask(client)
    assert completion.id.startswith("chatcmpl-")
    assert completion.object == "chat.completion"
    assert before <= completion.created <= time.time()
    assert completion.model == MODEL
    [choice] = completion.choices
    assert (choice.index, choice.finish_reason, choice.logprobs) == (0, "stop", None)
    assert (choice.message.role, choice.message.content) == ("assistant", "pong")
    assert choice.message.refusal is None
    assert not choice.message.tool_calls


def test_usage_is_what_the_provider_counted(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text("pong", usage=USAGE)
    usage = ask(client).usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (11, 7, 18)
    assert usage.prompt_tokens_details.cached_tokens == 3
    assert usage.completion_tokens_details.reasoning_tokens == 2


def test_each_completion_has_an_id_of_its_own(client: openai.OpenAI) -> None:
    assert len({ask(client).id for _ in range(3)}) == 3


def test_the_asynchronous_client_gets_the_same(gateway: Gateway, model: ScriptedModel) -> None:
    async def converse() -> tuple[str, str]:
        async with gateway.async_client() as client:
            completion = await ask(client, "Say pong")
            stream = await ask(client, "Say pong", stream=True)
            chunks = [chunk async for chunk in stream]
        streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        return completion.choices[0].message.content, streamed

    assert asyncio.run(converse()) == ("You said: Say pong",) * 2
    assert len(model.requests) == 2


def test_every_answer_has_a_request_id(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response
    answers = [raw.create(model=MODEL, messages=[{"role": "user", "content": "hi"}]) for _ in range(2)]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 2
    assert all(request_id.startswith("req_") for request_id in ids)
    assert {answer.parse().choices[0].message.content for answer in answers} == {"You said: hi"}

    with pytest.raises(openai.BadRequestError) as raised:
        ask(client, temperature=0)
    assert raised.value.request_id.startswith("req_")


def test_the_request_id_is_on_the_parsed_answer_too(client: openai.OpenAI) -> None:
    assert ask(client)._request_id.startswith("req_")


def test_several_messages_of_one_answer_are_set_apart(client: openai.OpenAI, model: ScriptedModel) -> None:
    aside = {"message": {"deltas": ["Let me ", "think."], "phase": "commentary"}}
    answer = {"message": {"deltas": ["po", "ng"], "phase": "final_answer"}}
    model.default({"steps": [{"reasoning": {"summary": [["Hm."]]}}, aside, answer]})
    assert ask(client).choices[0].message.content == "Let me think.\n\npong"


def test_the_reasoning_effort_reaches_the_model(client: openai.OpenAI, model: ScriptedModel) -> None:
    for effort in ("low", "high"):
        ask(client, reasoning_effort=effort)
        assert model.requests[-1]["body"]["reasoning"]["effort"] == effort


@pytest.mark.parametrize("effort", ["enormous", "", "LOW"])
def test_an_effort_that_the_model_lacks_is_refused_by_name(
    client: openai.OpenAI, model: ScriptedModel, effort: str
) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        ask(client, reasoning_effort=effort)
    error = raised.value
    assert (error.param, error.code) == ("reasoning_effort", "unsupported_value")
    assert f"`{effort}`" in error.message
    assert "`low`" in error.message
    assert model.requests == []


def test_the_model_gets_the_question_and_nothing_else(client: openai.OpenAI, model: ScriptedModel) -> None:
    """For every model that there is: Codex gives each its own tools and instructions."""
    for name in [entry.id for entry in client.models.list()]:
        completion = ask(client, "Say pong", model=name)
        assert completion.model == name
        request = model.requests[-1]
        assert request["body"]["model"] == name
        assert request["body"].get("tools", []) == [], name
        assert request["body"].get("instructions", "") == "", name
        assert "text" not in request["body"], name
        assert model.conversation == [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Say pong"}]}
        ], name
        assert request["body_bytes"] <= 1800, name


def test_one_completion_is_one_request_to_the_model(client: openai.OpenAI, model: ScriptedModel) -> None:
    ask(client)
    [request] = model.requests
    assert request["ended"]["how"] == "completed"


def test_the_model_never_sees_the_local_token(
    client: openai.OpenAI, model: ScriptedModel, gateway: Gateway
) -> None:
    ask(client)
    assert gateway.token not in str(model.requests)


@pytest.mark.parametrize("verbosity", ["low", "high"])
def test_a_verbosity_reaches_the_model(client: openai.OpenAI, model: ScriptedModel, verbosity: str) -> None:
    ask(client, verbosity=verbosity)
    assert model.requests[-1]["body"]["text"] == {"verbosity": verbosity}


def test_a_service_tier_reaches_the_model_only_where_it_is_asked_for(
    client: openai.OpenAI, model: ScriptedModel
) -> None:
    ask(client, service_tier="auto")
    assert "service_tier" not in model.requests[-1]["body"]
    ask(client, service_tier="priority")
    assert model.requests[-1]["body"]["service_tier"] == "priority"


@pytest.mark.parametrize(("field", "value"), [("verbosity", "endless"), ("service_tier", "flex")])
def test_what_the_model_does_not_have_is_refused(
    client: openai.OpenAI, model: ScriptedModel, field: str, value: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, **{field: value})
    assert refused.value.param == field
    assert model.requests == []
