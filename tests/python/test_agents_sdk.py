"""The OpenAI Agents SDK, which speaks the Responses API: tools, handoffs, types, sessions and streams."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from agents import (
    Agent,
    ModelSettings,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
    SQLiteSession,
    function_tool,
    handoff,
)
from openai.types.shared import Reasoning

from responses import ADA, CALL, THOUGHT, Person, said
from stack import MODEL, Gateway, ScriptedModel

QUIET = RunConfig(tracing_disabled=True)
"""No traces are sent to OpenAI."""

OSLO = "What is the weather in Oslo?"


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"It is sunny in {city}."


@pytest.fixture
def agent_model(gateway: Gateway, model: ScriptedModel) -> OpenAIResponsesModel:
    return OpenAIResponsesModel(model=MODEL, openai_client=gateway.async_client())


def run(agent: Agent[Any], given: Any, **options: Any) -> Any:
    return asyncio.run(Runner.run(agent, given, run_config=QUIET, **options))


def test_a_tool_is_run_and_its_result_answered(
    agent_model: OpenAIResponsesModel, model: ScriptedModel
) -> None:
    model.push({"steps": [THOUGHT, {"function_call": CALL}]})
    model.push({"steps": [{"text": "Take sunglasses."}]})
    agent = Agent(name="Weather", instructions="Be brief.", model=agent_model, tools=[get_weather])
    result = run(agent, OSLO)
    assert result.final_output == "Take sunglasses."
    assert said(model) == ["Be brief.", OSLO, CALL["arguments"], "It is sunny in Oslo."]
    # It sends back the id of the reasoning, and the gateway knows what was in it.
    [reasoning] = [item for item in model.conversation if item["type"] == "reasoning"]
    assert reasoning["encrypted_content"] == "opaque"
    assert result.context_wrapper.usage.requests == 2


def test_the_server_keeps_the_conversation(agent_model: OpenAIResponsesModel, model: ScriptedModel) -> None:
    agent = Agent(name="Echo", model=agent_model)

    async def talk() -> Any:
        first = await Runner.run(agent, "one", run_config=QUIET)
        return await Runner.run(agent, "two", run_config=QUIET, previous_response_id=first.last_response_id)

    second = asyncio.run(talk())
    assert second.final_output == "You said: two"
    assert said(model) == ["one", "You said: one", "two"]


def test_another_agent_takes_over(agent_model: OpenAIResponsesModel, model: ScriptedModel) -> None:
    model.push(
        {
            "steps": [
                {"function_call": {"name": "transfer_to_norwegian", "arguments": "{}", "call_id": "call_1"}}
            ]
        }
    )
    model.push({"steps": [{"text": "Ha det."}]})
    norwegian = Agent(name="norwegian", instructions="Speak Norwegian.", model=agent_model)
    front = Agent(name="front", instructions="Hand over.", model=agent_model, handoffs=[handoff(norwegian)])
    result = run(front, "Goodbye in Norwegian?")
    assert (result.final_output, result.last_agent.name) == ("Ha det.", "norwegian")
    assert said(model)[:2] == ["Speak Norwegian.", "Goodbye in Norwegian?"]
    offered = model.requests[0]["body"]["tools"]
    assert [tool["name"] for tool in offered] == ["transfer_to_norwegian"]


def test_the_output_has_a_type(agent_model: OpenAIResponsesModel, model: ScriptedModel) -> None:
    model.text(ADA)
    agent = Agent(name="Who", model=agent_model, output_type=Person)
    assert run(agent, "Who?").final_output == Person(name="Ada", age=36)
    assert set(model.requests[0]["body"]["text"]["format"]["schema"]["properties"]) == {"name", "age"}


def test_a_session_remembers(agent_model: OpenAIResponsesModel, model: ScriptedModel) -> None:
    settings = ModelSettings(
        reasoning=Reasoning(effort="low", summary="auto"), response_include=["reasoning.encrypted_content"]
    )
    agent = Agent(name="Memory", model=agent_model, model_settings=settings)
    session = SQLiteSession("a session")
    model.push({"steps": [THOUGHT, {"text": "pong"}]})

    async def talk() -> None:
        for text in ("one", "two"):
            await Runner.run(agent, text, run_config=QUIET, session=session)

    asyncio.run(talk())
    assert said(model) == ["one", "pong", "two"]
    assert model.conversation[1]["encrypted_content"] == "opaque"
    assert model.requests[0]["body"]["reasoning"] == {"effort": "low", "summary": "auto"}


def test_a_run_is_streamed(agent_model: OpenAIResponsesModel, model: ScriptedModel) -> None:
    model.push({"steps": [{"function_call": CALL}]})
    model.push({"steps": [{"message": {"deltas": ["Take ", "sunglasses."]}}]})
    agent = Agent(name="Weather", model=agent_model, tools=[get_weather])

    async def stream() -> tuple[list[str], list[str], Any]:
        result = Runner.run_streamed(agent, OSLO, run_config=QUIET)
        deltas, items = [], []
        async for event in result.stream_events():
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                deltas.append(event.data.delta)
            if event.type == "run_item_stream_event":
                items.append(event.name)
        return deltas, items, result.final_output

    deltas, items, output = asyncio.run(stream())
    assert deltas == ["Take ", "sunglasses."]
    assert items == ["tool_called", "tool_output", "message_output_created"]
    assert output == "Take sunglasses."
