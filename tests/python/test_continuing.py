"""Conversations that go on in their thread: cache and reasoning survive, and nothing else changes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import openai
import pytest

from stack import MODEL, Gateway, ScriptedModel
from test_tools import TIME, WEATHER, calls

StartGateway = Callable[..., Gateway]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def thought(text: str, *steps: Any) -> dict[str, Any]:
    """A script that reasons before what it says or does."""
    return {"steps": [{"reasoning": {"encrypted_content": f"sealed-{text}"}}, *(steps or [{"text": text}])]}


def call(name: str, call_id: str, arguments: str = "{}") -> dict[str, Any]:
    return {"function_call": {"name": name, "arguments": arguments, "call_id": call_id}}


class Conversation:
    """A caller who sends the whole conversation each time, as all do."""

    def __init__(self, client: openai.OpenAI, model: ScriptedModel, **options: Any) -> None:
        self.client, self.model, self.options = client, model, options
        self.messages: list[Any] = []

    def say(self, *messages: Any, **options: Any) -> Any:
        self.messages += messages
        completion = self.client.chat.completions.create(
            **{"model": MODEL, "messages": self.messages} | self.options | options
        )
        answer = completion.choices[0].message
        self.messages.append(answer.model_dump(exclude_none=True))
        return answer


def keys(model: ScriptedModel) -> list[str]:
    return [request["body"]["prompt_cache_key"] for request in model.requests]


def prompts(model: ScriptedModel) -> list[list[Any]]:
    return [request["body"]["input"] for request in model.requests]


def plain(items: list[Any]) -> list[Any]:
    """What a caller could have sent: no reasoning, and nothing that Codex makes up for itself."""
    made_up = {"id", "status", "annotations"}
    items = [item for item in items if item["type"] != "reasoning"]

    def stripped(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: stripped(part) for key, part in value.items() if key not in made_up}
        return [stripped(part) for part in value] if isinstance(value, list) else value

    return stripped(items)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_ten_turns_with_tools_are_one_thread_that_only_grows(
    client: openai.OpenAI, model: ScriptedModel, stream: bool
) -> None:
    model.push(thought("hello"))
    model.push(thought("calls", {"text": "Let me see."}, call("get_weather", "call_a", '{"city": "Oslo"}')))
    model.push(thought("sunny"))
    for number in range(4):
        model.push(thought(f"answer {number}"))
    model.push(thought("both", call("get_time", "call_b"), call("get_weather", "call_c")))
    model.push(thought("noon"))
    model.push(thought("bye"))

    messages: list[Any] = []

    def say(*more: Any) -> Any:
        messages.extend(more)
        create = client.chat.completions.create
        options: Any = {"model": MODEL, "messages": messages, "tools": [WEATHER, TIME]}
        if stream:
            with client.chat.completions.stream(**options) as events:
                answer = events.get_final_completion().choices[0].message
        else:
            answer = create(**options).choices[0].message
        messages.append(answer.model_dump(exclude_none=True, include={"role", "content", "tool_calls"}))
        return answer

    assert say({"role": "system", "content": "Be brief."}, user("Hi")).content == "hello"
    answer = say(user("Weather?"))
    assert (answer.content, answer.tool_calls[0].function.arguments) == ("Let me see.", '{"city": "Oslo"}')
    assert say({"role": "tool", "tool_call_id": "call_a", "content": "sunny é\n"}).content == "sunny"
    for number in range(4):
        assert say(user(f"Question {number}")).content == f"answer {number}"
    assert [made.id for made in say(user("Both?")).tool_calls] == ["call_b", "call_c"]
    outputs = [
        {"role": "tool", "tool_call_id": call_id, "content": call_id} for call_id in ["call_b", "call_c"]
    ]
    assert say(*outputs).content == "noon"
    assert say(user("Bye")).content == "bye"

    assert len(set(keys(model))) == 1
    asked = prompts(model)
    assert len(asked) == 10
    for before, after in pairwise(asked):
        assert after[: len(before)] == before
    sealed = [item["encrypted_content"] for item in asked[-1] if item["type"] == "reasoning"]
    assert len(sealed) == 9, "the model keeps its reasoning of every turn"

    # A stranger who sends the same conversation starts anew, and the model is given the same.
    with_threads = plain(asked[-1])
    model.push(thought("bye"))
    client.chat.completions.create(model=MODEL, messages=messages[:-1], tools=[WEATHER, TIME])
    assert keys(model)[-1] not in keys(model)[:-1]
    assert plain(prompts(model)[-1]) == with_threads


def test_the_usage_of_a_turn_is_its_own(client: openai.OpenAI, model: ScriptedModel) -> None:
    conversation = Conversation(client, model, tools=[TIME])
    usage = {"input_tokens": 10, "cached_tokens": 4, "output_tokens": 3, "reasoning_tokens": 1}
    model.push(calls("{}", name="get_time") | {"usage": usage})
    model.push({"steps": [{"text": "noon"}], "usage": usage | {"input_tokens": 20}})
    model.push({"steps": [{"text": "bye"}], "usage": usage | {"input_tokens": 30}})
    messages: list[Any] = [user("Time?")]
    counted = []
    for more in [[{"role": "tool", "tool_call_id": "call_0", "content": "12:00"}], [user("Bye")], []]:
        completion = client.chat.completions.create(model=MODEL, messages=messages, tools=[TIME])
        counted.append((completion.usage.prompt_tokens, completion.usage.completion_tokens))
        messages += [completion.choices[0].message, *more]
    assert counted == [(10, 3), (20, 3), (30, 3)]
    assert len(set(keys(model))) == 1
    assert conversation.messages == []


@pytest.mark.parametrize(
    "change",
    [
        lambda messages, options: messages.__setitem__(0, user("Hello!")),
        lambda messages, options: messages.__setitem__(1, {"role": "assistant", "content": "Edited."}),
        lambda messages, options: messages.insert(0, {"role": "system", "content": "Be rude."}),
        lambda messages, options: options.update(model="gpt-6-sol"),
        lambda messages, options: options.update(verbosity="low"),
        lambda messages, options: options.update(tools=[WEATHER]),
    ],
    ids=["question edited", "answer edited", "system message added", "model", "verbosity", "tools"],
)
def test_what_changed_is_sent_whole_on_another_thread(
    client: openai.OpenAI, model: ScriptedModel, change: Callable[[list[Any], dict[str, Any]], None]
) -> None:
    model.push(thought("First."))
    messages: list[Any] = [user("Hello")]
    client.chat.completions.create(model=MODEL, messages=messages)
    messages += [{"role": "assistant", "content": "First."}, user("Again")]
    options: dict[str, Any] = {"model": MODEL}
    change(messages, options)
    client.chat.completions.create(messages=messages, **options)
    assert len(set(keys(model))) == 2
    sent = [item["content"][0]["text"] for item in prompts(model)[-1] if item["type"] == "message"]
    assert sent == [message["content"] for message in messages]
    assert not any(item["type"] == "reasoning" for item in prompts(model)[-1])


def test_effort_format_and_limits_may_change_on_the_way(client: openai.OpenAI, model: ScriptedModel) -> None:
    conversation = Conversation(client, model)
    conversation.say(user("One"))
    conversation.say(user("Two"), reasoning_effort="high")
    model.push({"steps": [{"text": '{"a": 1}'}]})
    conversation.say(user("Three"), response_format={"type": "json_object"})
    assert conversation.say(user("Four"), stop=["Four"]).content == "You said: "
    assert len(set(keys(model))) == 1
    assert model.requests[1]["body"]["reasoning"]["effort"] == "high"
    # The answer was cut, and its turn interrupted: the thread holds something else than the caller knows.
    conversation.say(user("Five"))
    assert len(set(keys(model))) == 2


@pytest.mark.parametrize(
    "results",
    [
        [("call_1", "b"), ("call_0", "a")],
        [("call_0", "a"), ("call_1", "b"), "Hurry up!"],
    ],
    ids=["other order", "something added"],
)
def test_results_that_do_not_simply_answer_the_calls_are_given_anew(
    client: openai.OpenAI, model: ScriptedModel, results: list[Any]
) -> None:
    conversation = Conversation(client, model, tools=[TIME])
    model.push(calls("{}", "{}", name="get_time"))
    conversation.say(user("Time?"))
    more = [
        user(result)
        if isinstance(result, str)
        else {"role": "tool", "tool_call_id": result[0], "content": result[1]}
        for result in results
    ]
    assert conversation.say(*more).content
    assert len(set(keys(model))) == 2
    given = [item.get("output") or item["content"][0]["text"] for item in prompts(model)[-1][3:]]
    assert given == [result if isinstance(result, str) else result[1] for result in results]


def test_a_conversation_that_forks_goes_on_both_ways(client: openai.OpenAI, model: ScriptedModel) -> None:
    model.push(thought("Hello."))
    start = [user("Hi")]
    client.chat.completions.create(model=MODEL, messages=start)
    start += [{"role": "assistant", "content": "Hello."}]
    for question in ["Left?", "Right?"]:
        completion = client.chat.completions.create(model=MODEL, messages=[*start, user(question)])
        assert completion.choices[0].message.content == f"You said: {question}"
    first, left, right = keys(model)
    assert (first == left, first == right) == (True, False)
    assert plain(prompts(model)[2])[:-1] == plain(prompts(model)[1])[:-1]


def test_long_and_empty_results_arrive_whole(client: openai.OpenAI, model: ScriptedModel) -> None:
    conversation = Conversation(client, model, tools=[TIME])
    model.push(calls("{}", "{}", name="get_time"))
    conversation.say(user("Time?"))
    long = "line é\n" * 60_000
    outputs = [("call_0", long), ("call_1", "")]
    conversation.say(
        *({"role": "tool", "tool_call_id": call_id, "content": text} for call_id, text in outputs)
    )
    assert len(set(keys(model))) == 1
    given = [item["output"] for item in prompts(model)[-1] if item["type"] == "function_call_output"]
    assert given == [long, ""]


def test_codex_may_die_between_a_call_and_its_result(
    start_gateway: StartGateway, model: ScriptedModel
) -> None:
    gateway = start_gateway()
    with gateway.client(max_retries=2) as client:
        conversation = Conversation(client, model, tools=[TIME])
        model.push(calls("{}", name="get_time"))
        conversation.say(user("Time?"))
        os.kill(gateway.codex_pid, signal.SIGKILL)
        answer = conversation.say({"role": "tool", "tool_call_id": "call_0", "content": "noon"})
        assert answer.content == "You said: Time?"
    assert len(set(keys(model))) == 2
    assert [item["type"] for item in prompts(model)[-1]] == [
        "message",
        "function_call",
        "function_call_output",
    ]


@pytest.mark.parametrize("settings", [{"kept_conversations": 0}, {"conversation_timeout_seconds": 1}])
def test_conversations_are_not_kept_longer_than_the_settings_say(
    start_gateway: StartGateway, model: ScriptedModel, settings: dict[str, int]
) -> None:
    with start_gateway(**settings).client() as client:
        conversation = Conversation(client, model)
        conversation.say(user("One"))
        time.sleep(2.5)
        conversation.say(user("Two"))
    assert len(set(keys(model))) == 2


def test_only_so_many_are_kept(start_gateway: StartGateway, model: ScriptedModel) -> None:
    with start_gateway(kept_conversations=2).client() as client:
        conversations = [Conversation(client, model) for _ in range(3)]
        for number, conversation in enumerate(conversations):
            conversation.say(user(f"{number}"))
        for conversation in reversed(conversations):
            conversation.say(user("Again"))
    zero, one, two, two_again, one_again, zero_again = keys(model)
    assert (two == two_again, one == one_again, zero == zero_again) == (True, True, False)
