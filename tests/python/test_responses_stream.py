"""The events of a streamed response: each in its order and shape, and the end exactly once."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from responses import BEGIN, CALL, FUNCTION_CALL, GET_WEATHER, REASONING, TEXT, THOUGHT, USAGE, Person
from stack import MODEL, ScriptedModel


def events(
    http: openai.DefaultHttpxClient, content: Any = "Say pong", **options: Any
) -> list[dict[str, Any]]:
    """The events as they come over the wire, which the SDK has not touched."""
    body = {"model": MODEL, "input": content, "stream": True, **options}
    answer = http.post("/responses", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    *frames, end = answer.text.split("\n\n")
    assert end == ""
    parsed = []
    for frame in frames:
        name, data = frame.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        parsed.append(event)
    assert [event["sequence_number"] for event in parsed] == list(range(len(parsed)))
    return parsed


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


def shape(event: dict[str, Any]) -> dict[str, Any]:
    """An event less what is made up anew each time."""
    hidden = {"sequence_number", "item_id", "type"}
    return {name: value for name, value in event.items() if name not in hidden}


def test_text(http: openai.DefaultHttpxClient, model: ScriptedModel) -> None:
    model.text("po", "ng", usage=USAGE)
    told = events(http)
    assert kinds(told) == [*BEGIN, *TEXT, "response.completed"]
    created, in_progress, added, part, first, second, text, part_done, done, completed = told
    assert created["response"] == in_progress["response"]
    assert (created["response"]["status"], created["response"]["output"]) == ("in_progress", [])
    assert created["response"].keys() == completed["response"].keys()

    item = added["item"]
    assert {event["item_id"] for event in (part, first, second, text, part_done)} == {item["id"]}
    assert added["output_index"] == 0
    assert item == {
        "id": item["id"],
        "type": "message",
        "status": "in_progress",
        "role": "assistant",
        "content": [],
    }
    empty = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    at = {"output_index": 0, "content_index": 0}
    assert shape(part) == {**at, "part": empty}
    assert shape(first) == {**at, "delta": "po", "logprobs": []}
    assert shape(second) == {**at, "delta": "ng", "logprobs": []}
    assert shape(text) == {**at, "text": "pong", "logprobs": []}
    assert shape(part_done) == {**at, "part": {**empty, "text": "pong"}}
    whole = {**item, "status": "completed", "content": [{**empty, "text": "pong"}]}
    assert shape(done) == {"output_index": 0, "item": whole}
    response = completed["response"]
    assert (response["status"], response["output"]) == ("completed", [whole])
    assert response["usage"]["output_tokens_details"] == {"reasoning_tokens": 2}


def test_reasoning(http: openai.DefaultHttpxClient, model: ScriptedModel) -> None:
    model.default({"steps": [THOUGHT, {"message": {"deltas": ["po", "ng"]}}]})
    told = events(http, reasoning={"summary": "auto"}, include=["reasoning.encrypted_content"])
    assert kinds(told) == [*BEGIN, *REASONING, *TEXT, "response.completed"]
    parts = [shape(event) for event in told[3:12]]
    part = {"type": "summary_text", "text": ""}
    assert parts == [
        {"output_index": 0, "summary_index": 0, "part": part},
        {"output_index": 0, "summary_index": 0, "delta": "Let me "},
        {"output_index": 0, "summary_index": 0, "delta": "think."},
        {"output_index": 0, "summary_index": 0, "text": "Let me think."},
        {"output_index": 0, "summary_index": 0, "part": {**part, "text": "Let me think."}},
        {"output_index": 0, "summary_index": 1, "part": part},
        {"output_index": 0, "summary_index": 1, "delta": "Pong."},
        {"output_index": 0, "summary_index": 1, "text": "Pong."},
        {"output_index": 0, "summary_index": 1, "part": {**part, "text": "Pong."}},
    ]
    assert told[2]["item"] == {
        "id": told[2]["item"]["id"],
        "type": "reasoning",
        "summary": [],
        "encrypted_content": None,
    }
    item = told[12]["item"]
    assert [part["text"] for part in item["summary"]] == ["Let me think.", "Pong."]
    assert item["encrypted_content"] == "opaque"
    assert told[-1]["response"]["output"][0] == item


def test_a_tool_call(http: openai.DefaultHttpxClient, model: ScriptedModel) -> None:
    model.default({"steps": [{"function_call": CALL}]})
    told = events(http, tools=[GET_WEATHER])
    assert kinds(told) == [*BEGIN, *FUNCTION_CALL, "response.completed"]
    _, _, added, delta, arguments, done, completed = told
    item = {
        "id": added["item"]["id"],
        "type": "function_call",
        "status": "in_progress",
        **CALL,
        "arguments": "",
    }
    assert shape(added) == {"output_index": 0, "item": item}
    assert shape(delta) == {"output_index": 0, "delta": CALL["arguments"]}
    assert shape(arguments) == {"output_index": 0, "name": CALL["name"], "arguments": CALL["arguments"]}
    whole = {**item, "status": "completed", "arguments": CALL["arguments"]}
    assert shape(done) == {"output_index": 0, "item": whole}
    assert completed["response"]["output"] == [whole]


def test_two_parallel_tool_calls_after_text(http: openai.DefaultHttpxClient, model: ScriptedModel) -> None:
    calls = [{"function_call": {**CALL, "call_id": f"call_{number}"}} for number in (1, 2)]
    model.default({"steps": [{"message": {"deltas": ["I ", "look."]}}, *calls]})
    told = events(http, tools=[GET_WEATHER])
    assert kinds(told) == [*BEGIN, *TEXT, *FUNCTION_CALL, *FUNCTION_CALL, "response.completed"]
    added = [event for event in told if event["type"] == "response.output_item.added"]
    assert [event["output_index"] for event in added] == [0, 1, 2]
    assert [event["item"].get("call_id") for event in added] == [None, "call_1", "call_2"]


ADDED, DELTA, *CALL_ENDED = FUNCTION_CALL


def test_the_arguments_of_a_forced_call_come_as_the_model_writes_them(
    http: openai.DefaultHttpxClient, model: ScriptedModel
) -> None:
    model.text('{"city": ', '"Os', 'lo"}')
    told = events(http, tools=[GET_WEATHER], tool_choice="required")
    assert kinds(told) == [*BEGIN, ADDED, *[DELTA] * 3, *CALL_ENDED, "response.completed"]
    _, _, added, *deltas, arguments, done, completed = told
    assert [event["delta"] for event in deltas] == ['{"city": ', '"Os', 'lo"}']
    item = added["item"]
    assert (item["name"], item["arguments"], item["status"]) == ("get_weather", "", "in_progress")
    assert {event["item_id"] for event in [*deltas, arguments]} == {item["id"]}
    assert arguments["arguments"] == CALL["arguments"]
    assert done["item"] == item | {"arguments": CALL["arguments"], "status": "completed"}
    assert completed["response"]["output"] == [done["item"]]


def test_a_forced_call_that_does_not_come_about(
    http: openai.DefaultHttpxClient, model: ScriptedModel
) -> None:
    forced = {"tools": [GET_WEATHER], "tool_choice": "required"}
    model.text('{"city": ', "7}")
    told = events(http, **forced)
    assert kinds(told) == [*BEGIN, ADDED, DELTA, DELTA, "error", "response.failed"]
    assert told[-2]["code"] == "invalid_output"
    assert told[-1]["response"]["output"][0]["status"] == "incomplete"

    model.text('{"city": ', '"Oslo"}')
    told = events(http, max_output_tokens=3, **forced)
    assert kinds(told)[-3:] == [*CALL_ENDED, "response.incomplete"]
    [call] = told[-1]["response"]["output"]
    assert (call["status"], CALL["arguments"].startswith(call["arguments"])) == ("incomplete", True)


def test_structured_output(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.text('{"name": "Ada",', ' "age": 36}')
    with client.responses.stream(model=MODEL, input="Who?", text_format=Person) as stream:
        told = [event.type for event in stream]
        final = stream.get_final_response()
    assert told == [*BEGIN, *TEXT, "response.completed"]
    assert final.output_parsed == Person(name="Ada", age=36)
    assert "schema" in model.requests[0]["body"]["text"]["format"]


def test_the_helper_of_the_sdk_puts_calls_together(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default({"steps": [THOUGHT, {"function_call": CALL}]})
    with client.responses.stream(model=MODEL, input="Oslo?", tools=[GET_WEATHER]) as stream:
        deltas = [event for event in stream if event.type == "response.function_call_arguments.delta"]
        final = stream.get_final_response()
    assert deltas[-1].snapshot == CALL["arguments"]
    assert [item.type for item in final.output] == ["reasoning", "function_call"]


def test_incomplete(http: openai.DefaultHttpxClient, model: ScriptedModel) -> None:
    model.text(" one", " two", " three", " four")
    told = events(http, max_output_tokens=2)
    assert kinds(told) == [*BEGIN, *TEXT, "response.incomplete"]
    response = told[-1]["response"]
    assert (response["status"], response["incomplete_details"]) == (
        "incomplete",
        {"reason": "max_output_tokens"},
    )
    assert response["output"][0]["status"] == "incomplete"
    assert response["output"][0]["content"][0]["text"] == " one two"


def test_an_error_in_mid_stream(http: openai.DefaultHttpxClient, model: ScriptedModel) -> None:
    failure = {"failed": {"code": "server_error", "message": "Out of order."}}
    model.default({"steps": [{"message": {"deltas": ["po", "ng"], "unfinished": True}}], "end": failure})
    told = events(http)
    assert kinds(told) == [*BEGIN, *TEXT[:4], "error", "response.failed"]
    error, failed = told[-2:]
    assert set(error["error"]) == {"type", "code", "message", "param"}
    assert (error["message"], error["code"]) == (error["error"]["message"], error["error"]["code"])
    response = failed["response"]
    assert (response["status"], response["error"]["code"]) == ("failed", "server_error")
    assert (response["output"][0]["status"], response["usage"]) == ("incomplete", None)
    assert response["output"][0]["content"][0]["text"] == "pong"


def test_an_error_in_mid_stream_is_raised_by_the_sdk(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.default({"steps": [{"message": {"deltas": ["po"], "unfinished": True}}], "end": "cut"})
    told = []
    with pytest.raises(openai.APIError) as raised:  # noqa: PT012 - the events before it count, too
        for event in client.responses.create(model=MODEL, input="hi", stream=True):
            told.append(event.type)
    assert told == [*BEGIN, *TEXT[:3]]
    assert raised.value.code == "stream_disconnected"


def test_what_fails_at_once_is_an_http_error(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.error(400, {"error": {"message": "Bad.", "type": "invalid_request_error", "code": "bad"}})
    with pytest.raises(openai.BadRequestError):
        client.responses.create(model=MODEL, input="hi", stream=True)


def test_deltas_come_while_the_model_speaks_and_a_hang_up_ends_the_turn(
    client: openai.OpenAI, model: ScriptedModel
) -> None:
    model.default({"steps": [{"message": {"deltas": ["po", "ng"], "unfinished": True}}], "end": "hang"})
    stream = client.responses.create(model=MODEL, input="hi", stream=True)
    deltas = []
    for event in stream:
        if event.type == "response.output_text.delta":
            deltas.append(event.delta)
        if len(deltas) == 2:
            break
    assert deltas == ["po", "ng"]
    assert model.requests[0]["ended"] is None
    stream.close()
    model.wait_for(1, until="ended")


def test_an_empty_answer_is_a_proper_stream(http: openai.DefaultHttpxClient, model: ScriptedModel) -> None:
    model.text("")
    told = events(http)
    assert kinds(told) == [
        *BEGIN,
        *(kind for kind in TEXT if not kind.endswith("delta")),
        "response.completed",
    ]
    assert told[-1]["response"]["output"][0]["content"][0]["text"] == ""
