"""Streamed chat completions: chunk by chunk as OpenAI's own."""

from __future__ import annotations

import json

import openai
import pytest

from stack import MODEL, REQUEST, ScriptedModel, ask, streamed_text

USAGE = {"input_tokens": 11, "cached_tokens": 3, "output_tokens": 7, "reasoning_tokens": 2}


def test_a_stream_says_the_same_as_a_whole_answer(client: openai.OpenAI, model: ScriptedModel) -> None:
    text = 'Two words,\n\n  a "quote", ünïcödé 🦀 and \u2028 a separator.'
    model.text(*text)
    assert streamed_text(list(ask(client, stream=True))) == ask(client).choices[0].message.content == text


def test_deltas_come_one_by_one_while_the_model_speaks(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default({"steps": [{"message": {"deltas": ["po", "ng"], "unfinished": True}}], "end": "hang"})
    stream = ask(client, stream=True)
    deltas = [next(stream).choices[0].delta.content for _ in range(3)]
    assert deltas == ["", "po", "ng"]
    [request] = model.requests
    assert request["ended"] is None
    stream.close()


def test_the_chunks_of_an_answer_belong_together(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text("po", "ng")
    chunks = list(ask(client, stream=True))
    [(chunk_id, kind, _, model_name)] = {
        (chunk.id, chunk.object, chunk.created, chunk.model) for chunk in chunks
    }
    assert chunk_id.startswith("chatcmpl-")
    assert (kind, model_name) == ("chat.completion.chunk", MODEL)

    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert {choice.index for choice in choices} == {0}
    assert [choice.delta.role for choice in choices] == ["assistant", None, None, None]
    assert [choice.finish_reason for choice in choices] == [None, None, None, "stop"]
    assert choices[-1].delta.content is None


@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": False}}])
def test_usage_is_not_mentioned_unless_it_is_asked_for(
    client: openai.OpenAI, options: dict[str, object]
) -> None:
    for chunk in ask(client, stream=True, **options):
        assert len(chunk.choices) == 1
        assert "usage" not in chunk.model_dump(exclude_unset=True)


def test_usage_comes_last_and_is_null_before(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text("po", "ng", usage=USAGE)
    *chunks, last = ask(client, stream=True, stream_options={"include_usage": True})
    assert all(chunk.choices for chunk in chunks)
    assert all(chunk.model_dump(exclude_unset=True)["usage"] is None for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert last.choices == []
    assert last.id == chunks[0].id
    assert (last.usage.prompt_tokens, last.usage.completion_tokens, last.usage.total_tokens) == (11, 7, 18)
    assert last.usage.prompt_tokens_details.cached_tokens == 3
    assert last.usage.completion_tokens_details.reasoning_tokens == 2


def test_on_the_wire_each_chunk_is_one_event_and_done_is_the_last(
    http: openai.DefaultHttpxClient, model: ScriptedModel
) -> None:
    model.text("a\nb", "\r\n", "\u2028")
    answer = http.post("/chat/completions", json={**REQUEST, "stream": True})
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"].startswith("req_")
    assert b"\r" not in answer.content
    *events, end = answer.text.split("\n\n")
    assert end == ""
    assert all(event.startswith("data: ") and "\n" not in event for event in events)
    assert events.pop() == "data: [DONE]"
    deltas = [json.loads(event.removeprefix("data: "))["choices"][0]["delta"] for event in events]
    assert [delta.get("content") for delta in deltas] == ["", "a\nb", "\r\n", "\u2028", None]


def test_an_empty_answer_is_a_proper_stream(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text("")
    chunks = list(ask(client, stream=True))
    assert streamed_text(chunks) == ""
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, "stop"]


def test_the_stream_helper_of_the_sdk_puts_the_answer_together(
    client: openai.OpenAI, model: ScriptedModel
) -> None:
    model.text("po", "ng")
    messages = [{"role": "user", "content": "Say pong"}]
    with client.chat.completions.stream(model=MODEL, messages=messages) as stream:
        events = [event.type for event in stream]
        completion = stream.get_final_completion()
    assert events.count("content.delta") >= 2
    assert completion.choices[0].message.content == "pong"
    assert completion.choices[0].finish_reason == "stop"


def test_a_silent_stream_begins_and_is_kept_alive(
    http: openai.DefaultHttpxClient, model: ScriptedModel
) -> None:
    """Clients give up on an answer that does not begin, and on a stream in which nothing comes."""
    model.default({"steps": [{"pause_ms": 22_000}, {"text": "pong"}]})
    with http.stream("POST", "/chat/completions", json={**REQUEST, "stream": True}) as answer:
        assert answer.status_code == 200
        assert model.requests[0]["ended"] is None
        lines = [line for line in answer.iter_lines() if line]
    assert '"role":"assistant"' in lines[0]
    assert lines[1].startswith(":")
    assert '"content":"pong"' in lines[2]
    assert lines[-1] == "data: [DONE]"
