"""instructor, used as its documentation shows it, in each of its modes: objects, retries, parts and lists."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import instructor
import openai
import pytest
from instructor import Mode
from pydantic import BaseModel, Field, field_validator

from stack import MODEL, Gateway, ScriptedModel

ASKED = "Extract: Ada is 36 years old"

QUESTION: dict[str, Any] = {"messages": [{"role": "user", "content": ASKED}]}

ADA = '{"name": "Ada", "age": 36}'


class Person(BaseModel):
    """A person of whom the user speaks."""

    name: str = Field(description="The first name")
    age: int


class LoudPerson(Person):
    """Held to a rule that no JSON schema can say."""

    @field_validator("name")
    @classmethod
    def in_capitals(cls, name: str) -> str:
        if name != name.upper():
            raise ValueError("The name must be in capitals.")
        return name


class Weather(BaseModel):
    """The weather of a city."""

    city: str


class Search(BaseModel):
    """A search of the web."""

    query: str


@pytest.fixture(params=["from_openai", "from_provider"])
def extractor(request: pytest.FixtureRequest, client: openai.OpenAI, gateway: Gateway) -> Callable[..., Any]:
    """The two documented ways to a client of instructor; to be called with a mode."""
    if request.param == "from_openai":
        return lambda mode: instructor.from_openai(client, model=MODEL, mode=mode)
    return lambda mode: provider(gateway, mode=mode, max_retries=0)


def provider(gateway: Gateway, **options: Any) -> Any:
    return instructor.from_provider(
        f"openai/{MODEL}", base_url=gateway.base_url, api_key=gateway.token, **options
    )


in_each_mode = pytest.mark.parametrize(
    "mode",
    [
        Mode.TOOLS,
        pytest.param(Mode.TOOLS_STRICT, marks=pytest.mark.filterwarnings("ignore:Mode.TOOLS_STRICT")),
        Mode.JSON,
        Mode.JSON_SCHEMA,
        Mode.MD_JSON,
    ],
    ids=lambda mode: mode.name,
)


def schema(model: ScriptedModel) -> dict[str, Any] | None:
    """What the model was last held to."""
    return model.requests[-1]["body"].get("text", {}).get("format", {}).get("schema")


def said(model: ScriptedModel) -> list[tuple[str, str]]:
    """Who said, called or returned what in the conversation that the model was last given."""
    return [
        (item["role"], item["content"][0]["text"])
        if item["type"] == "message"
        else (item["type"], item.get("arguments") or item["output"])
        for item in model.conversation
    ]


@in_each_mode
def test_gets_an_object(extractor: Callable[..., Any], model: ScriptedModel, mode: Mode) -> None:
    model.text(ADA[:9], ADA[9:], usage={"input_tokens": 11, "output_tokens": 7})
    person, completion = extractor(mode).create_with_completion(response_model=Person, **QUESTION)
    assert (person.name, person.age) == ("Ada", 36)
    assert (completion.usage.prompt_tokens, completion.usage.completion_tokens) == (11, 7)
    [*instructions, (role, text)] = said(model)
    assert (role, text.startswith(ASKED)) == ("user", True)
    if mode in (Mode.JSON, Mode.MD_JSON):
        [(role, text)] = instructions
        assert (role, '"description": "The first name"' in text) == ("developer", True)
        assert schema(model) is None
    else:
        assert instructions == []
        assert schema(model)["properties"]["name"]["description"] == "The first name"
        assert set(schema(model)["required"]) == {"name", "age"}


@in_each_mode
def test_asks_again_with_what_was_wrong(
    extractor: Callable[..., Any], model: ScriptedModel, mode: Mode
) -> None:
    model.push({"steps": [{"text": ADA}]})
    model.push({"steps": [{"text": ADA.replace("Ada", "ADA")}]})
    person = extractor(mode).create(response_model=LoudPerson, max_retries=2, **QUESTION)
    assert (person.name, person.age) == ("ADA", 36)
    assert len(model.requests) == 2
    first, second = said(model)[-2:]
    called = mode in (Mode.TOOLS, Mode.TOOLS_STRICT)
    assert first == ("function_call" if called else "assistant", ADA)
    assert second[0] == ("function_call_output" if called else "user")
    assert "The name must be in capitals." in second[1]


@in_each_mode
def test_streams_an_object_in_parts(extractor: Callable[..., Any], model: ScriptedModel, mode: Mode) -> None:
    model.text('{"name": "Ada"', ', "age": ', "36}")
    parts = [
        (part.name, part.age) for part in extractor(mode).create_partial(response_model=Person, **QUESTION)
    ]
    # A JSON object of no schema comes as a whole, once it is known to be valid.
    assert ("Ada", None) in parts or mode is Mode.JSON
    assert parts[-1] == ("Ada", 36)
    assert said(model)[-1][1].startswith(ASKED)


@in_each_mode
def test_streams_a_list(extractor: Callable[..., Any], model: ScriptedModel, mode: Mode) -> None:
    model.text('{"tasks": [', ADA, ', {"name": "Alan",', ' "age": 41}]}')
    people = extractor(mode).create_iterable(response_model=Person, **QUESTION)
    assert list(people) == [Person(name="Ada", age=36), Person(name="Alan", age=41)]
    assert said(model)[-1][1].startswith(ASKED)


def test_calls_several_tools_at_once(extractor: Callable[..., Any], model: ScriptedModel) -> None:
    calls = [
        {"name": "Weather", "arguments": '{"city": "Oslo"}'},
        {"name": "Search", "arguments": '{"query": "Oslo"}'},
    ]
    model.default({"steps": [{"function_call": call} for call in calls]})
    wanted = Iterable[Weather | Search]
    results = extractor(Mode.PARALLEL_TOOLS).create(response_model=wanted, **QUESTION)
    assert list(results) == [Weather(city="Oslo"), Search(query="Oslo")]
    offered = model.requests[-1]["body"]["tools"]
    assert [(tool["name"], tool["description"]) for tool in offered] == [
        ("Weather", "The weather of a city."),
        ("Search", "A search of the web."),
    ]


def test_an_answer_that_does_not_fit_is_asked_for_again(gateway: Gateway, model: ScriptedModel) -> None:
    """The gateway passes no such answer on: it is the OpenAI SDK beneath that repeats the request."""
    model.push({"steps": [{"text": '{"name": "Ada", "age": "old"}'}]})
    model.push({"steps": [{"text": ADA}]})
    person = provider(gateway).create(response_model=Person, **QUESTION)
    assert (person.name, person.age) == ("Ada", 36)
    assert len(model.requests) == 2
    assert said(model) == [("user", ASKED)]


def test_works_asynchronously(gateway: Gateway, model: ScriptedModel) -> None:
    model.text(ADA)

    async def several() -> list[Person]:
        extractor = provider(gateway, async_client=True)
        return await asyncio.gather(*(extractor.create(response_model=Person, **QUESTION) for _ in range(3)))

    assert [(person.name, person.age) for person in asyncio.run(several())] == [("Ada", 36)] * 3
    assert len(model.requests) == 3
