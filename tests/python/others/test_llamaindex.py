"""LlamaIndex, used as its documentation shows it: its class for OpenAI, and the one for what is like it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from llama_index.core import PromptTemplate
from llama_index.core.agent.workflow import AgentStream, FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import Memory
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel, Field

from stack import MODEL, Gateway, ScriptedModel

# It reads fields that pydantic has given new names.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DOCUMENTED = "gpt-4o"
"""The model of LlamaIndex's own examples. With all but the reasoning models it sends `temperature: 0.1`."""

CALL = {"name": "get_weather", "arguments": '{"city": "Oslo"}', "call_id": "call_1"}

ADA = '{"name": "Ada", "age": 36}'

WHO = PromptTemplate("Who is {person}?")


class Person(BaseModel):
    """A person of whom the user speaks."""

    name: str = Field(description="The first name")
    age: int


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"It is sunny in {city}."


def like_openai(**options: Any) -> OpenAILike:
    """What is like OpenAI has to be described."""
    return OpenAILike(context_window=128_000, is_chat_model=True, is_function_calling_model=True, **options)


in_each_class = pytest.mark.parametrize("kind", [OpenAI, like_openai], ids=["OpenAI", "OpenAILike"])


def reaching(gateway: Gateway, **options: Any) -> dict[str, Any]:
    return {"model": DOCUMENTED, "api_base": gateway.base_url, "api_key": gateway.token} | options


@pytest.fixture(scope="module")
def lenient(model_process: ScriptedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that leaves out what tunes the sampling, and knows the model of the examples."""
    settings = {"unsupported_parameters": "ignore", "model_aliases": {DOCUMENTED: MODEL}}
    gateway = Gateway(model_process, tmp_path_factory.mktemp("lenient"), **settings)
    yield gateway
    gateway.stop()


@pytest.fixture(params=[OpenAI, like_openai], ids=["OpenAI", "OpenAILike"])
def llm(request: pytest.FixtureRequest, lenient: Gateway, model: ScriptedModel) -> OpenAI:
    return request.param(**reaching(lenient))


def said(model: ScriptedModel) -> list[tuple[str, str]]:
    """Who said, called or returned what in the conversation that the model was last given."""
    return [
        (item["role"], item["content"][0]["text"])
        if item["type"] == "message"
        else (item["type"], item.get("arguments") or item["output"])
        for item in model.conversation
    ]


def offered(model: ScriptedModel) -> list[str]:
    """The functions that the model was last offered."""
    return [tool["name"] for tool in model.requests[-1]["body"]["tools"]]


def schema(model: ScriptedModel) -> dict[str, Any]:
    """What the model was last held to."""
    return model.requests[-1]["body"]["text"]["format"]["schema"]


@in_each_class
def test_its_temperature_is_refused_with_the_setting_that_ignores_it(
    gateway: Gateway, model: ScriptedModel, kind: Callable[..., OpenAI]
) -> None:
    llm = kind(
        **reaching(
            gateway,
        )
    )
    with pytest.raises(openai.BadRequestError) as refused:
        llm.complete("Say pong")
    assert (refused.value.code, refused.value.param) == ("unsupported_feature", "temperature")
    assert "set `unsupported_parameters` to `ignore`" in refused.value.message
    assert model.requests == []


@in_each_class
def test_a_reasoning_model_that_it_knows_needs_no_setting(
    gateway: Gateway, model: ScriptedModel, kind: Callable[..., OpenAI]
) -> None:
    model.text("pong")
    assert str(kind(**reaching(gateway, model=MODEL)).complete("Say pong")) == "pong"
    assert said(model) == [("user", "Say pong")]


def test_what_is_like_openai_must_be_a_chat_model(lenient: Gateway, model: ScriptedModel) -> None:
    """By default it uses the old completions, which the gateway does not have."""
    with pytest.raises(openai.NotFoundError, match="/v1/completions"):
        OpenAILike(**reaching(lenient)).complete("Say pong")
    assert model.requests == []


def test_completes(llm: OpenAI, model: ScriptedModel) -> None:
    model.text("po", "ng", usage={"input_tokens": 11, "output_tokens": 7})
    answer = llm.complete("Say pong")
    assert answer.text == "pong"
    assert (answer.raw.usage.prompt_tokens, answer.raw.usage.completion_tokens) == (11, 7)
    assert said(model) == [("user", "Say pong")]
    assert model.requests[-1]["body"]["model"] == MODEL

    assert [part.delta for part in llm.stream_complete("Say pong") if part.delta] == ["po", "ng"]
    assert said(model) == [("user", "Say pong")]


def test_chats(llm: OpenAI, model: ScriptedModel) -> None:
    model.text("po", "ng")
    messages = [
        ChatMessage(role="system", content="Be concise."),
        ChatMessage(role="user", content="Say pong"),
    ]
    answer = llm.chat(messages)
    assert (answer.message.role, answer.message.content) == ("assistant", "pong")
    assert said(model) == [("developer", "Be concise."), ("user", "Say pong")]

    more = [*messages, answer.message, ChatMessage(role="user", content="Again")]
    parts = list(llm.stream_chat(more))
    assert [part.delta for part in parts if part.delta] == ["po", "ng"]
    assert parts[-1].message.content == "pong"
    assert said(model)[-2:] == [("assistant", "pong"), ("user", "Again")]


def test_works_asynchronously(llm: OpenAI, model: ScriptedModel) -> None:
    model.text("po", "ng")
    messages = [ChatMessage(role="user", content="Say pong")]

    async def both() -> tuple[str, list[str]]:
        whole = await llm.achat(messages)
        parts = [part.delta async for part in await llm.astream_chat(messages)]
        return str(whole.message.content), [part for part in parts if part]

    assert asyncio.run(both()) == ("pong", ["po", "ng"])
    assert len(model.requests) == 2


def test_an_agent_calls_a_function_and_remembers(llm: OpenAI, model: ScriptedModel) -> None:
    model.push({"steps": [{"function_call": CALL}]})
    model.push({"steps": [{"message": {"deltas": ["Take ", "sunglasses."]}}]})
    model.push({"steps": [{"text": "You are welcome."}]})
    agent = FunctionAgent(tools=[get_weather], llm=llm, system_prompt="Be concise.")

    async def converse() -> tuple[list[str], list[str]]:
        memory = Memory.from_defaults(session_id="weather", token_limit=40_000)
        first = agent.run(user_msg="What is the weather in Oslo?", memory=memory)
        deltas = [event.delta async for event in first.stream_events() if isinstance(event, AgentStream)]
        answers = [str(await first), str(await agent.run(user_msg="Thanks", memory=memory))]
        return [delta for delta in deltas if delta], answers

    assert asyncio.run(converse()) == (
        ["Take ", "sunglasses."],
        ["Take sunglasses.", "You are welcome."],
    )
    assert offered(model) == ["get_weather"]
    assert said(model) == [
        ("developer", "Be concise."),
        ("user", "What is the weather in Oslo?"),
        ("function_call", CALL["arguments"]),
        ("function_call_output", "It is sunny in Oslo."),
        ("assistant", "Take sunglasses."),
        ("user", "Thanks"),
    ]


def test_calls_the_function_that_the_model_chose(llm: OpenAI, model: ScriptedModel) -> None:
    model.default({"steps": [{"function_call": CALL}]})
    tool = FunctionTool.from_defaults(get_weather)
    assert str(llm.predict_and_call([tool], "What is the weather in Oslo?")) == "It is sunny in Oslo."
    assert offered(model) == ["get_weather"]
    assert said(model) == [("user", "What is the weather in Oslo?")]


def test_a_call_can_be_required(llm: OpenAI, model: ScriptedModel) -> None:
    model.text(CALL["arguments"])
    tool = FunctionTool.from_defaults(get_weather)
    answer = llm.chat_with_tools([tool], user_msg="Oslo?", tool_required=True)
    [call] = llm.get_tool_calls_from_response(answer)
    assert (call.tool_name, call.tool_kwargs) == ("get_weather", {"city": "Oslo"})
    assert list(schema(model)["properties"]) == ["city"]


def test_gets_an_object(llm: OpenAI, model: ScriptedModel) -> None:
    model.text(ADA[:15], ADA[15:])
    assert llm.structured_predict(Person, WHO, person="it") == Person(name="Ada", age=36)
    assert said(model) == [("user", "Who is it?")]
    assert schema(model)["properties"]["name"]["description"] == "The first name"

    assert llm.as_structured_llm(Person).complete("Who?").raw == Person(name="Ada", age=36)
    assert said(model) == [("user", "Who?")]
    assert schema(model)["properties"]["name"]["description"] == "The first name"


def test_streams_an_object_in_parts(llm: OpenAI, model: ScriptedModel) -> None:
    """The class for what is like OpenAI offers a function here, and does not force the model to call it."""
    if isinstance(llm, OpenAILike):
        model.default({"steps": [{"function_call": {"name": "Person", "arguments": ADA}}]})
    else:
        model.text('{"name": "Ada"', ', "age": ', "36}")
    *parts, last = llm.stream_structured_predict(Person, WHO, person="it")
    assert last == Person(name="Ada", age=36)
    if isinstance(llm, OpenAILike):
        assert offered(model) == ["Person"]
    else:
        assert ("Ada", None) in [(part.name, part.age) for part in parts]
        assert schema(model)["properties"]["name"]["description"] == "The first name"
