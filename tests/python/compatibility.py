"""Makes the tables of docs/compatibility.md that are not written by hand: `make generate` runs it.

The fields come from the gateway itself. The clients come from what is installed for the tests, and each mark
stands for a test that is named here; `test_docs.py` sees to it that the tests exist and the page is current.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from stack import ROOT, gateway_binary

PAGE = ROOT / "docs" / "compatibility.md"

PYTHON = ROOT / ".venv"
OTHERS = ROOT / ".venv-others"
NODE = ROOT / "tests" / "node" / "node_modules"

FEATURES = ("chat", "streams", "tools", "objects", "Responses")


@dataclass(frozen=True)
class Client:
    """A client that is tested: its package, where that is installed, and a test for each feature."""

    name: str
    package: str
    place: Path
    tests: dict[str, str]

    @property
    def version(self) -> str:
        """As it is installed."""
        if self.place == NODE:
            return json.loads((NODE / self.package / "package.json").read_text())["version"]
        wanted = self.package.replace("-", "_")
        [folder] = self.place.glob(f"lib/python3.*/site-packages/{wanted}-*.dist-info")
        return folder.name.removesuffix(".dist-info").rpartition("-")[2]


# Each of these tests runs with both of its classes.
LLAMA_INDEX = {
    "chat": "tests/python/others/test_llamaindex.py::test_chats",
    "streams": "tests/python/others/test_llamaindex.py::test_streams_an_object_in_parts",
    "tools": "tests/python/others/test_llamaindex.py::test_an_agent_calls_a_function_and_remembers",
    "objects": "tests/python/others/test_llamaindex.py::test_gets_an_object",
}

CLIENTS = (
    Client(
        "OpenAI Python",
        "openai",
        PYTHON,
        {
            "chat": "tests/python/test_chat.py::test_a_completion_has_every_field",
            "streams": "tests/python/test_stream.py::test_a_stream_says_the_same_as_a_whole_answer",
            "tools": "tests/python/test_tools.py::test_results_come_back_and_the_model_goes_on",
            "objects": "tests/python/test_structured.py::test_the_sdk_parses_what_comes",
            "Responses": "tests/python/test_responses.py::test_a_response_is_whole",
        },
    ),
    Client(
        "OpenAI Node",
        "openai",
        NODE,
        {
            "chat": "tests/node/chat.test.js::a completion has every field",
            "streams": "tests/node/stream.test.js::the chunks of an answer belong together",
            "tools": "tests/node/responses.test.js::a conversation with a tool goes on",
            "objects": "tests/node/responses.test.js::a format is kept and parsed",
            "Responses": "tests/node/responses.test.js::a response is created",
        },
    ),
    Client(
        "OpenAI Agents SDK",
        "openai-agents",
        PYTHON,
        {
            "streams": "tests/python/test_agents_sdk.py::test_a_run_is_streamed",
            "tools": "tests/python/test_agents_sdk.py::test_a_tool_is_run_and_its_result_answered",
            "objects": "tests/python/test_agents_sdk.py::test_the_output_has_a_type",
            "Responses": "tests/python/test_agents_sdk.py::test_the_server_keeps_the_conversation",
        },
    ),
    Client(
        "LangChain",
        "langchain-openai",
        PYTHON,
        {
            "chat": "tests/python/test_frameworks.py::test_langchain_invokes",
            "streams": "tests/python/test_frameworks.py::test_langchain_streams",
            "tools": "tests/python/test_frameworks.py::test_langchain_calls_a_tool",
            "objects": "tests/python/test_frameworks.py::test_langchain_gets_an_object",
            "Responses": "tests/python/test_responses_frameworks.py::test_langchain_invokes_and_streams",
        },
    ),
    Client(
        "pydantic-ai",
        "pydantic-ai-slim",
        PYTHON,
        {
            "chat": "tests/python/test_frameworks.py::test_pydantic_ai_runs",
            "streams": "tests/python/test_frameworks.py::test_pydantic_ai_streams",
            "tools": "tests/python/test_frameworks.py::test_pydantic_ai_calls_a_tool",
            "objects": "tests/python/test_frameworks.py::test_pydantic_ai_gets_an_object",
            "Responses": (
                "tests/python/test_responses_frameworks.py::test_pydantic_ai_runs_tools_and_gives_an_object"
            ),
        },
    ),
    Client("LlamaIndex, OpenAI", "llama-index-llms-openai", OTHERS, LLAMA_INDEX),
    Client("LlamaIndex, OpenAILike", "llama-index-llms-openai-like", OTHERS, LLAMA_INDEX),
    Client(
        "instructor",
        "instructor",
        OTHERS,
        {
            "chat": "tests/python/others/test_instructor.py::test_asks_again_with_what_was_wrong",
            "streams": "tests/python/others/test_instructor.py::test_streams_an_object_in_parts",
            "tools": "tests/python/others/test_instructor.py::test_calls_several_tools_at_once",
            "objects": "tests/python/others/test_instructor.py::test_gets_an_object",
        },
    ),
    Client(
        "Vercel AI SDK, openai",
        "@ai-sdk/openai",
        NODE,
        {
            "chat": "tests/node/ai-sdk.test.js::generates text",
            "streams": "tests/node/ai-sdk.test.js::streams text",
            "tools": "tests/node/ai-sdk.test.js::is made to call a tool",
            "objects": "tests/node/ai-sdk.test.js::generates an object",
            "Responses": "tests/node/ai-sdk.test.js::goes on from a response that the gateway keeps",
        },
    ),
    Client(
        "Vercel AI SDK, openai-compatible",
        "@ai-sdk/openai-compatible",
        NODE,
        {
            "chat": "tests/node/ai-sdk.test.js::generates text",
            "streams": "tests/node/ai-sdk.test.js::streams text",
            "tools": "tests/node/ai-sdk.test.js::is made to call a tool",
            "objects": "tests/node/ai-sdk.test.js::generates an object",
        },
    ),
)


def fields() -> str:
    """What becomes of each field, of both APIs."""
    printed = subprocess.run(
        [gateway_binary(), "fields", "--json"], capture_output=True, check=True, text=True
    )
    known = json.loads(printed.stdout)
    chat, responses = known["chat_completions"], known["responses"]
    rows = [
        [f"`{field}`", chat.get(field, ""), responses.get(field, "")] for field in sorted({*chat, *responses})
    ]
    return table(["field", "chat completions", "Responses"], rows)


def clients() -> str:
    """What is tested of each client."""
    rows = [
        [
            client.name,
            f"`{client.package}` {client.version}",
            *("✓" if feature in client.tests else "" for feature in FEATURES),
            ", ".join(sorted({f"`{Path(test.partition('::')[0]).name}`" for test in client.tests.values()})),
        ]
        for client in CLIENTS
    ]
    return table(["client", "version", *FEATURES, "tests"], rows)


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def made(page: str) -> str:
    """The page with its tables made anew."""
    for name, make in (("fields", fields), ("clients", clients)):
        begin, end = (f"<!-- Made by `make generate`: {name}: {edge} -->" for edge in ("begin", "end"))
        before, _, rest = page.partition(begin)
        assert end in rest, f"{PAGE} has no place for the {name}"
        page = before + "\n\n".join([begin, make(), end]) + rest.partition(end)[2]
    return page


if __name__ == "__main__":
    PAGE.write_text(made(PAGE.read_text()))
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
