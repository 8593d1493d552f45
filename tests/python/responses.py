"""What the tests of the Responses API share: requests, scripts of the model, and what it was given."""

from __future__ import annotations

from typing import Any

import openai
from pydantic import BaseModel

from stack import MODEL, ScriptedModel

USAGE = {"input_tokens": 11, "cached_tokens": 3, "output_tokens": 7, "reasoning_tokens": 2}

THOUGHT = {"reasoning": {"summary": [["Let me ", "think."], ["Pong."]], "encrypted_content": "opaque"}}

CALL = {"name": "get_weather", "arguments": '{"city": "Oslo"}', "call_id": "call_1"}

GET_WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}

ADA = '{"name": "Ada", "age": 36}'

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1Pe"
    "AAAADElEQVR4nGMQaPgAAAIkAYFvkeRkAAAAAElFTkSuQmCC"
)


class Person(BaseModel):
    name: str
    age: int


def ask(client: openai.OpenAI, content: Any = "Say pong", **options: Any) -> Any:
    return client.responses.create(**{"model": MODEL, "input": content} | options)


def message(text: str, role: str = "user") -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def said(model: ScriptedModel) -> list[Any]:
    """What was said, called and returned in the conversation that the model was last given."""
    return [
        item["content"][0]["text"]
        if item["type"] == "message"
        else item.get("arguments") or item.get("output")
        for item in model.conversation
        if item["type"] != "reasoning"
    ]


BEGIN = ["response.created", "response.in_progress"]

TEXT = [
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
]

REASONING = [
    "response.output_item.added",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    "response.reasoning_summary_part.done",
    "response.reasoning_summary_part.added",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    "response.reasoning_summary_part.done",
    "response.output_item.done",
]

FUNCTION_CALL = [
    "response.output_item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_item.done",
]
