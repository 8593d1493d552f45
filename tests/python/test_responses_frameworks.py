"""Frameworks that speak the Responses API, used as their documentation shows it."""

from __future__ import annotations

import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

from responses import ADA, CALL, THOUGHT, Person, said
from stack import MODEL, Gateway, ScriptedModel

OSLO = "What is the weather in Oslo?"


@pytest.fixture(autouse=True)
def no_tracing(monkeypatch: pytest.MonkeyPatch) -> None:
    """LangChain would send traces to its makers where the environment of whoever runs the tests says so."""
    monkeypatch.setenv("LANGSMITH_TRACING_V2", "false")


@pytest.fixture
def langchain(gateway: Gateway, model: ScriptedModel) -> ChatOpenAI:
    return ChatOpenAI(
        model=MODEL,
        base_url=gateway.base_url,
        api_key=gateway.token,
        max_retries=0,
        use_responses_api=True,
        output_version="responses/v1",
        include=["reasoning.encrypted_content"],
    )


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"It is sunny in {city}."


def test_langchain_invokes_and_streams(langchain: ChatOpenAI, model: ScriptedModel) -> None:
    model.text("po", "ng")
    answer = langchain.invoke("Say pong")
    assert answer.text == "pong"
    assert answer.response_metadata["id"].startswith("resp_")
    assert answer.usage_metadata["output_tokens"] > 0
    streamed = [chunk.text for chunk in langchain.stream("Say pong") if chunk.text]
    assert streamed == ["po", "ng"]
    assert said(model) == ["Say pong"]


def test_langchain_calls_a_tool_and_sends_its_reasoning_back(
    langchain: ChatOpenAI, model: ScriptedModel
) -> None:
    model.push({"steps": [THOUGHT, {"function_call": CALL}]})
    model.push({"steps": [{"text": "Take sunglasses."}]})
    bound = langchain.bind_tools([get_weather])
    called = bound.invoke(OSLO)
    assert isinstance(called, AIMessage)
    [call] = called.tool_calls
    result: ToolMessage = get_weather.invoke(call)
    assert bound.invoke([HumanMessage(OSLO), called, result]).text == "Take sunglasses."
    assert said(model) == [OSLO, CALL["arguments"], "It is sunny in Oslo."]
    assert model.conversation[1]["encrypted_content"] == "opaque"


def test_langchain_lets_the_server_keep_the_conversation(langchain: ChatOpenAI, model: ScriptedModel) -> None:
    first = langchain.invoke("one")
    langchain.invoke("two", previous_response_id=first.response_metadata["id"])
    assert said(model) == ["one", "You said: one", "two"]


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_langchain_gets_an_object(langchain: ChatOpenAI, model: ScriptedModel, method: str) -> None:
    model.text(ADA)
    structured = langchain.with_structured_output(Person, method=method)
    assert structured.invoke("Who is it? JSON.") == Person(name="Ada", age=36)


def test_pydantic_ai_runs_tools_and_gives_an_object(gateway: Gateway, model: ScriptedModel) -> None:
    provider = OpenAIProvider(base_url=gateway.base_url, api_key=gateway.token)
    agent = Agent(OpenAIResponsesModel(MODEL, provider=provider), output_type=Person, instructions="Look.")

    @agent.tool_plain
    def get_person(name: str) -> str:
        """Looks somebody up."""
        return f"{name} is 36."

    # It forces a call of either function.
    looked_up = {"name": "get_person", "arguments": {"name": "Ada"}}
    final = {"name": "final_result", "arguments": {"name": "Ada", "age": 36}}
    model.push({"steps": [THOUGHT, {"text": json.dumps({"call": looked_up})}]})
    model.push({"steps": [{"text": json.dumps({"call": final})}]})
    assert agent.run_sync("Who is Ada?").output == Person(name="Ada", age=36)
    assert "Ada is 36." in said(model)
