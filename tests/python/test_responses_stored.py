"""Responses that are kept: found again, continued, listed and deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import openai
import pytest

from responses import BEGIN, CALL, FUNCTION_CALL, GET_WEATHER, PIXEL, THOUGHT, ask, message, said
from stack import MODEL, Gateway, ScriptedModel


def test_a_response_is_found_again(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default({"steps": [THOUGHT, {"text": "pong"}]})
    response = ask(client, instructions="Be brief.", reasoning={"summary": "auto"})
    found = client.responses.retrieve(response.id)
    assert found.model_dump() == response.model_dump()
    whole = client.responses.retrieve(response.id, include=["reasoning.encrypted_content"])
    assert whole.output[0].encrypted_content == "opaque"


def test_a_stream_is_stored_before_it_ends(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text("po", "ng")
    for event in ask(client, stream=True):
        if event.type == "response.completed":
            found = client.responses.retrieve(event.response.id)
            assert found.model_dump() == event.response.model_dump()
            break
    else:
        pytest.fail("the response was not completed")


def test_a_response_is_streamed_again(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default({"steps": [THOUGHT, {"text": "I look."}, {"function_call": CALL}]})
    response = ask(client, tools=[GET_WEATHER], reasoning={"summary": "auto"})
    told = list(client.responses.retrieve(response.id, stream=True))
    assert [event.type for event in told[:2]] == BEGIN
    assert [event.type for event in told[-5:-1]] == FUNCTION_CALL
    assert [event.sequence_number for event in told] == list(range(len(told)))
    assert told[-1].type == "response.completed"
    assert told[-1].response.model_dump() == response.model_dump()
    assert told[0].response.status == "in_progress"
    deltas = [event.delta for event in told if event.type == "response.output_text.delta"]
    assert deltas == ["I look."]

    rest = client.responses.retrieve(response.id, stream=True, starting_after=told[3].sequence_number)
    assert [event.type for event in rest] == [event.type for event in told[4:]]

    with client.responses.stream(response_id=response.id) as stream:
        assert stream.get_final_response().output_text == "I look."


def test_a_conversation_goes_on(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.push({"steps": [THOUGHT, {"text": "I look."}, {"function_call": CALL}]})
    model.push({"steps": [{"text": "It is sunny."}]})
    model.push({"steps": [{"text": "You asked for Oslo."}]})
    first = ask(client, "Oslo?", instructions="Be brief.", tools=[GET_WEATHER])
    output = {"type": "function_call_output", "call_id": "call_1", "output": "Sunny"}
    second = ask(client, [output], previous_response_id=first.id, tools=[GET_WEATHER])
    assert second.previous_response_id == first.id
    third = ask(client, "What did I ask?", previous_response_id=second.id, instructions="Be kind.")
    assert third.output_text == "You asked for Oslo."
    assert said(model) == [
        *("Be kind.", "Oslo?", "I look.", CALL["arguments"], "Sunny"),
        *("It is sunny.", "What did I ask?"),
    ]
    reasoning = model.conversation[2]
    assert (reasoning["type"], reasoning["encrypted_content"]) == ("reasoning", "opaque")


def test_a_conversation_can_fork(client: openai.OpenAI, model: ScriptedModel) -> None:
    first = ask(client, "one")
    for content in ("two", "three"):
        ask(client, content, previous_response_id=first.id)
        assert said(model) == ["one", "You said: one", content]


def test_items_are_referred_to(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default({"steps": [THOUGHT, {"text": "pong"}]})
    reasoning, answer = ask(client).output
    again = [
        {"role": "user", "content": "Say pong"},
        # Without what only the provider can read, as clients keep it that rely on the store.
        {"type": "reasoning", "id": reasoning.id, "summary": []},
        {"type": "item_reference", "id": answer.id},
        {"role": "user", "content": "And?"},
    ]
    ask(client, again)
    assert said(model) == ["Say pong", "pong", "And?"]
    assert model.conversation[1]["encrypted_content"] == "opaque"
    with pytest.raises(openai.NotFoundError) as missing:
        ask(client, [{"type": "item_reference", "id": "msg_0"}])
    assert missing.value.param == "input"


def test_the_input_is_listed_page_by_page(client: openai.OpenAI, model: ScriptedModel) -> None:
    texts = [f"message {number}" for number in range(5)]
    response = ask(client, [{"role": "user", "content": text} for text in texts], instructions="Not these.")

    def listed(**options: Any) -> list[str]:
        return [item.content[0].text for item in client.responses.input_items.list(response.id, **options)]

    assert listed() == texts[::-1]
    assert listed(order="asc", limit=2) == texts
    page = client.responses.input_items.list(response.id, order="asc", limit=2)
    assert (page.first_id, page.last_id, page.has_more) == (page.data[0].id, page.data[1].id, True)
    assert listed(order="asc", after=page.last_id) == texts[2:]
    first = page.data[0]
    assert (first.type, first.role, first.status, first.id[:4]) == ("message", "user", "completed", "msg_")
    with pytest.raises(openai.BadRequestError) as refused:
        listed(limit=0)
    assert refused.value.param == "limit"


def test_a_response_is_deleted(client: openai.OpenAI) -> None:
    response = ask(client)
    client.responses.delete(response.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(response.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.delete(response.id)


def test_a_response_that_is_over_cannot_be_cancelled(client: openai.OpenAI) -> None:
    response = ask(client)
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
        client.responses.cancel(response.id)


def test_what_is_not_there_is_not_found(client: openai.OpenAI, model: ScriptedModel) -> None:
    for call in (
        client.responses.retrieve,
        client.responses.delete,
        client.responses.cancel,
        client.responses.input_items.list,
    ):
        with pytest.raises(openai.NotFoundError, match="resp_0"):
            call("resp_0")
    with pytest.raises(openai.BadRequestError) as missing:
        ask(client, previous_response_id="resp_0")
    assert (missing.value.code, missing.value.param) == (
        "previous_response_not_found",
        "previous_response_id",
    )
    assert model.requests == []


def test_what_is_not_to_be_stored_is_not(client: openai.OpenAI) -> None:
    response = ask(client, store=False)
    assert response.store is False
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(response.id)


def test_a_call_without_its_output_does_not_go_on(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.push({"steps": [{"function_call": CALL}]})
    first = ask(client, tools=[GET_WEATHER])
    with pytest.raises(openai.BadRequestError, match="No tool output found for function call call_1"):
        ask(client, "Never mind", previous_response_id=first.id)


def test_a_failed_stream_is_stored_as_failed(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.push({"steps": [{"message": {"deltas": ["po"], "unfinished": True}}], "end": "cut"})
    ids = []
    with pytest.raises(openai.APIError):  # noqa: PT012 - the id comes before the error
        for event in ask(client, stream=True):
            ids += [event.response.id] if event.type == "response.created" else []
    found = client.responses.retrieve(ids[0])
    assert (found.status, found.error.code, found.output_text) == ("failed", "server_error", "po")


def test_a_hang_up_stores_nothing(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default({"steps": [{"message": {"deltas": ["po"], "unfinished": True}}], "end": "hang"})
    with ask(client, stream=True) as stream:
        created = next(iter(stream))
    model.wait_for(1, until="ended")
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(created.response.id)


def test_nothing_is_stored_where_the_person_says_so(start_gateway: Callable[..., Gateway]) -> None:
    gateway = start_gateway(response_history="off")
    with gateway.client() as client:
        response = ask(client, store=True)
        assert response.store is False
        with pytest.raises(openai.NotFoundError, match="response_history"):
            client.responses.retrieve(response.id)
        with pytest.raises(openai.BadRequestError, match="response_history"):
            ask(client, previous_response_id=response.id)


def test_an_image_is_still_there(client: openai.OpenAI, model: ScriptedModel) -> None:
    image = {"type": "input_image", "image_url": PIXEL}
    first = ask(client, [{"role": "user", "content": [image]}])
    ask(client, "What was it?", previous_response_id=first.id)
    assert model.conversation[0]["content"][0]["image_url"] == PIXEL
    assert model.conversation[-1] == message("What was it?")
    assert MODEL in json.dumps(model.requests[-1]["body"])


@pytest.mark.parametrize("follow", ["previous_response_id", "items"])
def test_a_conversation_goes_on_in_its_thread(
    client: openai.OpenAI, model: ScriptedModel, follow: str
) -> None:
    """The provider finds the prompt in its cache, since nothing of it differs, reasoning included."""
    commentary = {"message": {"deltas": ["I look."], "phase": "commentary"}}
    model.push({"steps": [THOUGHT, commentary, {"function_call": CALL}]})
    model.push({"steps": [THOUGHT, {"text": "It is sunny."}]})
    model.push({"steps": [{"text": "Oslo."}]})
    news: list[list[Any]] = [
        [{"role": "user", "content": "Oslo?"}],
        [{"type": "function_call_output", "call_id": "call_1", "output": "Sunny"}],
        [{"role": "user", "content": "What did I ask?"}],
    ]
    conversation: list[Any] = []
    previous = None
    for new in news:
        conversation += new
        known = {"previous_response_id": previous} if follow == "previous_response_id" else {}
        sent = new if follow == "previous_response_id" else conversation
        response = ask(client, sent, tools=[GET_WEATHER], include=["reasoning.encrypted_content"], **known)
        conversation += [item.model_dump(exclude_none=True) for item in response.output]
        previous = response.id
    assert response.output_text == "Oslo."
    assert len({request["body"]["prompt_cache_key"] for request in model.requests}) == 1
    prompts = [request["body"]["input"] for request in model.requests]
    assert prompts[1][: len(prompts[0])] == prompts[0]
    assert prompts[2][: len(prompts[1])] == prompts[1]
    assert [item["type"] for item in prompts[2]].count("reasoning") == 2
