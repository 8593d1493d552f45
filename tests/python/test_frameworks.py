"""Popular frameworks, used as their documentation shows it: each needs nothing but the URL and the token."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from stack import MODEL, Gateway, ScriptedModel

CALL = {"name": "get_weather", "arguments": '{"city": "Oslo"}', "call_id": "call_1"}

ADA = '{"name": "Ada", "age": 36}'


class Person(BaseModel):
    """A person of whom the user speaks."""

    name: str = Field(description="The first name")
    age: int = Field(ge=0)


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"It is sunny in {city}."


@pytest.fixture(autouse=True)
def no_tracing(monkeypatch: pytest.MonkeyPatch) -> None:
    """LangChain would send traces to its makers where the environment of whoever runs the tests says so."""
    monkeypatch.setenv("LANGSMITH_TRACING_V2", "false")


@pytest.fixture
def langchain(gateway: Gateway, model: ScriptedModel) -> ChatOpenAI:
    return ChatOpenAI(model=MODEL, base_url=gateway.base_url, api_key=gateway.token, max_retries=0)


@pytest.fixture
def pydantic_ai(gateway: Gateway, model: ScriptedModel) -> OpenAIChatModel:
    return OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=gateway.base_url, api_key=gateway.token))


def texts(model: ScriptedModel) -> list[Any]:
    """What was said, called and returned in the conversation that the model was last given."""
    return [
        item["content"][0]["text"] if item["type"] == "message" else item.get("arguments") or item["output"]
        for item in model.conversation
    ]


def test_langchain_invokes(langchain: ChatOpenAI, model: ScriptedModel) -> None:
    model.text("J'adore ", "Codex.", usage={"input_tokens": 11, "output_tokens": 7})
    answer = langchain.invoke([("system", "Translate to French."), ("human", "I love Codex.")])
    assert answer.content == "J'adore Codex."
    assert answer.response_metadata["finish_reason"] == "stop"
    assert (answer.usage_metadata["input_tokens"], answer.usage_metadata["output_tokens"]) == (11, 7)
    assert texts(model) == ["Translate to French.", "I love Codex."]


def test_langchain_streams(langchain: ChatOpenAI, model: ScriptedModel) -> None:
    model.text("po", "ng")
    chunks = list(langchain.stream("Say pong"))
    assert [chunk.content for chunk in chunks if chunk.content] == ["po", "ng"]
    assert texts(model) == ["Say pong"]


@pytest.mark.parametrize("stream", [False, True])
def test_langchain_calls_a_tool(langchain: ChatOpenAI, model: ScriptedModel, stream: bool) -> None:
    model.push({"steps": [{"function_call": CALL}]})
    model.push({"steps": [{"text": "Take sunglasses."}]})
    weather = tool(get_weather)
    with_tools = langchain.bind_tools([weather])
    messages: list[Any] = [HumanMessage("What is the weather in Oslo?")]

    if stream:
        first, *others = with_tools.stream(messages)
        answer = sum(others, first)
    else:
        answer = with_tools.invoke(messages)
    [call] = answer.tool_calls
    assert (call["name"], call["args"], call["id"]) == ("get_weather", {"city": "Oslo"}, "call_1")
    [offered] = model.requests[-1]["body"]["tools"]
    assert (offered["name"], offered["description"]) == ("get_weather", "The weather of a city.")

    result = weather.invoke(call)
    assert isinstance(result, ToolMessage)
    assert with_tools.invoke([*messages, answer, result]).content == "Take sunglasses."
    question, arguments, output = texts(model)
    assert (question, json.loads(arguments)) == ("What is the weather in Oslo?", {"city": "Oslo"})
    assert output == "It is sunny in Oslo."


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_langchain_gets_an_object(
    langchain: ChatOpenAI,
    model: ScriptedModel,
    method: Literal["json_schema", "function_calling", "json_mode"],
) -> None:
    model.text(ADA[:9], ADA[9:])
    structured = langchain.with_structured_output(Person, method=method)
    assert structured.invoke("Who is it? Answer in JSON.") == Person(name="Ada", age=36)
    if method != "json_mode":
        schema = model.requests[-1]["body"]["text"]["format"]["schema"]
        assert schema["properties"]["name"]["description"] == "The first name"


def test_pydantic_ai_runs(pydantic_ai: OpenAIChatModel, model: ScriptedModel) -> None:
    model.text("pong", usage={"input_tokens": 11, "output_tokens": 7})
    agent = Agent(pydantic_ai, instructions="Be concise.")
    result = agent.run_sync("Say pong")
    assert result.output == "pong"
    assert (result.usage.input_tokens, result.usage.output_tokens) == (11, 7)
    assert texts(model) == ["Be concise.", "Say pong"]

    agent.run_sync("Again", message_history=result.all_messages())
    assert texts(model) == ["Be concise.", "Say pong", "pong", "Again"]


def test_pydantic_ai_streams(pydantic_ai: OpenAIChatModel, model: ScriptedModel) -> None:
    model.text("po", "ng")
    result = Agent(pydantic_ai).run_stream_sync("Say pong")
    assert list(result.stream_text(delta=True, debounce_by=None)) == ["po", "ng"]
    assert texts(model) == ["Say pong"]


def test_pydantic_ai_calls_a_tool(pydantic_ai: OpenAIChatModel, model: ScriptedModel) -> None:
    model.push({"steps": [{"function_call": CALL}]})
    model.push({"steps": [{"text": "Take sunglasses."}]})
    result = Agent(pydantic_ai, tools=[get_weather]).run_sync("What is the weather in Oslo?")
    assert result.output == "Take sunglasses."
    [offered] = model.requests[-1]["body"]["tools"]
    assert (offered["name"], offered["description"]) == ("get_weather", "The weather of a city.")
    assert texts(model) == ["What is the weather in Oslo?", CALL["arguments"], "It is sunny in Oslo."]


@pytest.mark.parametrize("output", [Person, NativeOutput(Person)], ids=["by a call", "native"])
def test_pydantic_ai_gets_an_object(pydantic_ai: OpenAIChatModel, model: ScriptedModel, output: Any) -> None:
    model.text(ADA)
    result = Agent(pydantic_ai, output_type=output).run_sync("Who is it?")
    assert result.output == Person(name="Ada", age=36)
    schema = model.requests[-1]["body"]["text"]["format"]["schema"]
    assert schema["properties"]["name"]["description"] == "The first name"


def test_pydantic_ai_calls_a_tool_before_the_object(
    pydantic_ai: OpenAIChatModel, model: ScriptedModel
) -> None:
    for name, arguments in [("get_weather", {"city": "Oslo"}), ("final_result", json.loads(ADA))]:
        model.push({"steps": [{"text": json.dumps({"call": {"name": name, "arguments": arguments}})}]})
    result = Agent(pydantic_ai, tools=[get_weather], output_type=Person).run_sync("Who is in Oslo?")
    assert result.output == Person(name="Ada", age=36)
    assert texts(model)[-1] == "It is sunny in Oslo."
