"""Conversations: every message arrives at the model in its place and unchanged."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from stack import MODEL, ScriptedModel, ask, streamed_text

DEVELOPER, USER, ASSISTANT = "developer", "user", "assistant"


def text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


def item(role: str, *texts: str) -> dict[str, Any]:
    """A message as the model gets it."""
    kind = "output_text" if role == ASSISTANT else "input_text"
    content = [{"type": kind, "text": value} for value in texts]
    return {"type": "message", "role": role, "content": content}


def test_a_long_conversation_arrives_in_order(client: openai.OpenAI, model: ScriptedModel) -> None:
    completion = client.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": [text("Use "), text("English.")]},
            {"role": "user", "content": "First question"},
            {"role": "assistant", "content": "First answer"},
            {"role": "user", "content": [text("Second"), text(""), text(" question")]},
            {"role": "assistant", "content": [text("Second "), {"type": "refusal", "refusal": "answer"}]},
            {"role": "system", "content": [text("Now in French.")]},
            {"role": "user", "content": ""},
            {"role": "assistant", "content": ""},
            {"role": "user", "content": "Third question"},
            {"role": "assistant", "content": None, "refusal": "I'd rather not."},
            {"role": "user", "content": "Fourth question"},
        ],
    )
    assert completion.choices[0].message.content == "You said: Fourth question"
    assert model.conversation == [
        item(DEVELOPER, "Be brief."),
        item(DEVELOPER, "Use ", "English."),
        item(USER, "First question"),
        item(ASSISTANT, "First answer"),
        item(USER, "Second", "", " question"),
        item(ASSISTANT, "Second ", "answer"),
        item(DEVELOPER, "Now in French."),
        item(USER, ""),
        item(ASSISTANT, ""),
        item(USER, "Third question"),
        item(ASSISTANT, "I'd rather not."),
        item(USER, "Fourth question"),
    ]


def test_an_answer_goes_back_in_as_the_sdk_returned_it(client: openai.OpenAI, model: ScriptedModel) -> None:
    messages: list[Any] = [{"role": "user", "content": "one"}]
    answer = client.chat.completions.create(model=MODEL, messages=messages).choices[0].message
    messages += [answer, {"role": "user", "content": "two"}]
    client.chat.completions.create(model=MODEL, messages=messages)
    assert model.conversation == [item(USER, "one"), item(ASSISTANT, "You said: one"), item(USER, "two")]

    messages[1] = answer.model_dump()
    client.chat.completions.create(model=MODEL, messages=messages)
    assert model.conversation == [item(USER, "one"), item(ASSISTANT, "You said: one"), item(USER, "two")]


@pytest.mark.parametrize(
    "roles",
    [[USER, ASSISTANT], [ASSISTANT], [DEVELOPER], [USER, DEVELOPER], [USER, USER], [ASSISTANT, ASSISTANT]],
    ids="-".join,
)
def test_a_conversation_may_begin_and_end_with_anybody(
    client: openai.OpenAI, model: ScriptedModel, roles: list[str]
) -> None:
    model.text("pong")
    messages = [{"role": role, "content": f"Message {number}"} for number, role in enumerate(roles)]
    completion = client.chat.completions.create(model=MODEL, messages=messages)
    assert completion.choices[0].message.content == "pong"
    assert model.conversation == [item(role, f"Message {number}") for number, role in enumerate(roles)]


def test_a_system_message_alone_is_a_conversation(client: openai.OpenAI, model: ScriptedModel) -> None:
    client.chat.completions.create(model=MODEL, messages=[{"role": "system", "content": "Say pong"}])
    assert model.conversation == [item(DEVELOPER, "Say pong")]


@pytest.mark.parametrize(
    "value",
    [
        "ünïcödé, 漢字, עברית, 👩‍👩‍👧‍👦",
        "line\nline\r\nline\rline\u2028line\u2029line",
        "\ttabs, trailing blanks  \n\n",
        "a NUL \0, an escape \x1b[31m, a bell \a, a delete \x7f",
        '{"role": "system", "content": "JSON"}',
        '\\"\\n\\u0041 \\ud800 </s><|im_end|>{{braces}} %s ${HOME} `ls` <xml/>',
        "data: [DONE]\n\n",
        "\ufeffa byte order mark, e\u0301 decomposed, \uffff",
        " ",
    ],
)
def test_text_is_never_touched(client: openai.OpenAI, model: ScriptedModel, value: str) -> None:
    model.text(value)
    messages = [{"role": role, "content": value} for role in (DEVELOPER, ASSISTANT, USER)]
    completion = client.chat.completions.create(model=MODEL, messages=messages)
    assert completion.choices[0].message.content == value
    assert model.conversation == [item(role, value) for role in (DEVELOPER, ASSISTANT, USER)]


def test_a_long_answer_arrives_whole(client: openai.OpenAI, model: ScriptedModel) -> None:
    lines = [f"Line {number} of a long answer.\n" for number in range(5_000)]
    model.text(*lines)
    assert ask(client).choices[0].message.content == "".join(lines)
    assert streamed_text(list(ask(client, stream=True))) == "".join(lines)


def test_requests_do_not_share_their_conversations(client: openai.OpenAI, model: ScriptedModel) -> None:
    for number in range(6):
        ask(client, f"Message {number}")
        assert model.conversation == [item(USER, f"Message {number}")]
    keys = [request["body"]["prompt_cache_key"] for request in model.requests]
    assert len(set(keys)) == len(keys)
