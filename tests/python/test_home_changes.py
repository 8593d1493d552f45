"""A person goes on changing the configuration of their own Codex while the gateway runs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from stack import Gateway, ScriptedModel, ask, codex_binary
from test_bare import SECRET
from test_continuing import Conversation, keys, user
from test_tools import WEATHER

StartGateway = Callable[..., Gateway]

SERVER = """
import json, pathlib, sys
pathlib.Path(sys.argv[1]).touch()
for line in sys.stdin:
    asked = json.loads(line)
    answers = {
        "initialize": {
            "protocolVersion": asked.get("params", {}).get("protocolVersion"),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "spell", "version": "1"},
        },
        "tools/list": {"tools": [{
            "name": "cast",
            "description": "XYZZY",
            "inputSchema": {"type": "object", "properties": {}},
            "annotations": {"readOnlyHint": True},
        }]},
        "tools/call": {"content": [{"type": "text", "text": "XYZZY"}]},
    }
    if "id" in asked:
        answer = {"jsonrpc": "2.0", "id": asked["id"], "result": answers.get(asked["method"], {})}
        print(json.dumps(answer), flush=True)
"""
"""An MCP server whose tool Codex would run without asking anybody. It leaves a mark where it is run."""

RACE = '''#!{python}
"""Codex, which finds another configuration than it just told of, whenever it starts a thread."""
import json, os, pathlib, subprocess, sys, threading

if "app-server" not in sys.argv:
    os.execv({codex!r}, [{codex!r}, *sys.argv[1:]])
home = pathlib.Path(os.environ["CODEX_HOME"])
config, other = home / "config.toml", home / "other.toml"
before = config.read_bytes()
codex = subprocess.Popen([{codex!r}, *sys.argv[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
answered = threading.Semaphore(0)

def write(text):
    """At once: Codex may be reading."""
    if config.read_bytes() == text:
        return
    new = home / "new.toml"
    new.write_bytes(text)
    new.replace(config)

def answer():
    for line in codex.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        if "method" not in json.loads(line):
            answered.release()
    os._exit(0)

threading.Thread(target=answer).start()
for line in sys.stdin.buffer:
    message = json.loads(line)
    asks = "id" in message and "method" in message
    if message.get("method") == "thread/start" and other.exists():
        write(other.read_bytes())
    codex.stdin.write(line)
    codex.stdin.flush()
    if asks:
        answered.acquire()
        write(before)
codex.stdin.close()
'''

STARTS_A_SERVER = '''#!{python}
"""Codex, which says of every thread that it starts a server for it."""
import json, os, subprocess, sys

if "app-server" not in sys.argv:
    os.execv({codex!r}, [{codex!r}, *sys.argv[1:]])
codex = subprocess.Popen([{codex!r}, *sys.argv[1:]], stdout=subprocess.PIPE)
for line in codex.stdout:
    thread = (json.loads(line).get("result") or {{}}).get("thread")
    if thread:
        params = {{"threadId": thread["id"], "name": "spell", "status": "starting"}}
        print(json.dumps({{"method": "mcpServer/startupStatus/updated", "params": params}}))
    print(line.decode(), end="", flush=True)
'''


def config(gateway: Gateway) -> Path:
    return gateway.home / ".codex" / "config.toml"


def instruct(gateway: Gateway, text: str) -> None:
    """Writes what Codex adds to every prompt."""
    (gateway.home / ".codex" / "AGENTS.md").write_text(text)


def stand_in(source: str, folder: Path) -> Path:
    """A program in Codex's place, which has the real one behind it."""
    program = folder / "codex"
    program.write_text(source.format(python=sys.executable, codex=str(codex_binary())))
    program.chmod(0o700)
    return program


def refusal(client: openai.OpenAI, **options: Any) -> tuple[int, str | None] | None:
    """Asks, and tells why there was no answer."""
    try:
        ask(client, **options)
    except openai.APIStatusError as error:
        return error.status_code, error.code
    return None


def add(gateway: Gateway, settings: str = "", tables: str = "", file: Path | None = None) -> None:
    """Adds to the configuration, or writes what comes of that to another file."""
    (file or config(gateway)).write_text(settings + config(gateway).read_text() + tables)


def server(folder: Path) -> str:
    program = folder / "server.py"
    program.write_text(SERVER)
    command = f'command = "{sys.executable}"\nargs = ["{program}", "{folder}/server.ran"]\n'
    return f'\n[mcp_servers.spell]\n{command}[mcp_servers."web of words"]\nurl = "http://127.0.0.1:9/mcp"\n'


def assert_bare(model: ScriptedModel, offered: list[str]) -> None:
    body = model.requests[-1]["body"]
    assert [tool["name"] for tool in body.get("tools", [])] == offered
    assert [item["role"] for item in model.conversation] == ["user"]
    assert SECRET not in json.dumps(body)


def test_servers_that_are_added_are_neither_run_nor_told_to_the_model(
    start_gateway: StartGateway, model: ScriptedModel, tmp_path: Path
) -> None:
    gateway = start_gateway()
    with gateway.client() as client:
        ask(client)
        add(gateway, tables=server(tmp_path))
        # More of them than threads were ready.
        for _ in range(7):
            ask(client)
            assert_bare(model, [])
            ask(client, tools=[WEATHER])
            assert_bare(model, ["get_weather"])
            ask(client, verbosity="low")
            assert_bare(model, [])
    assert not (tmp_path / "server.ran").exists()


def test_settings_that_are_added_change_nothing(start_gateway: StartGateway, model: ScriptedModel) -> None:
    gateway = start_gateway()
    with gateway.client() as client:
        ask(client)
        add(gateway, 'model_verbosity = "low"\n')
        for options in [{}, {"tools": [WEATHER]}] * 6:
            ask(client, **options)
            assert model.requests[-1]["body"].get("text", {}).get("verbosity", "medium") == "medium"


@pytest.fixture
def instructed(start_gateway: StartGateway) -> Iterator[tuple[Gateway, openai.OpenAI]]:
    """A gateway whose threads are ready, and then a file of instructions comes into the home."""
    gateway = start_gateway()
    with gateway.client() as client:
        ask(client)
        time.sleep(1)
        instruct(gateway, f"Say {SECRET}.")
        yield gateway, client


def test_instructions_that_are_added_are_warned_about_with_the_first_prompt_that_has_them(
    instructed: tuple[Gateway, openai.OpenAI], model: ScriptedModel
) -> None:
    gateway, client = instructed
    assert "AGENTS.md" not in gateway.log
    ask(client, tools=[WEATHER])
    assert "AGENTS.md" in gateway.log
    ask(client)
    assert SECRET in json.dumps(model.requests[-1]["body"])


def test_instructions_that_reach_a_thread_which_was_ready_are_warned_about_too(
    instructed: tuple[Gateway, openai.OpenAI], model: ScriptedModel
) -> None:
    gateway, client = instructed
    ask(client)
    assert SECRET in json.dumps(model.requests[-1]["body"])
    assert soon(lambda: "AGENTS.md" in gateway.log)


def test_a_conversation_goes_on_without_instructions_in_its_midst(
    start_gateway: StartGateway, model: ScriptedModel
) -> None:
    """Codex puts new instructions behind the last message of a thread that goes on."""
    gateway = start_gateway()
    with gateway.client() as client:
        conversation = Conversation(client, model)
        conversation.say(user("One"))
        conversation.say(user("Two"))
        for text in [SECRET, f"Only {SECRET}"]:
            instruct(gateway, text)
            conversation.say(user("More"))
            assert model.conversation[-1]["content"][0]["text"] == "More"
            assert json.dumps(model.conversation).count(SECRET) == 1
        conversation.say(user("Still more"))
    one, two, more, again, still = keys(model)
    assert (one == two, two == more, more == again, again == still) == (True, False, False, True)


@pytest.mark.parametrize("options", [{}, {"tools": [WEATHER]}], ids=["plain", "with tools"])
def test_a_server_that_comes_between_two_looks_is_not_run_and_its_thread_not_used(
    start_gateway: StartGateway, model: ScriptedModel, tmp_path: Path, options: dict[str, Any]
) -> None:
    codex = stand_in(RACE, tmp_path)
    gateway = start_gateway(variables={"CODEX_GATEWAY_CODEX": str(codex)}, request_timeout_seconds=5)
    with gateway.client() as client:
        ask(client, **options)
        other = gateway.home / ".codex" / "other.toml"
        add(gateway, tables=server(tmp_path), file=other)
        for _ in range(2):
            refused = refusal(client, **options)
            assert refused in (None, (503, "codex_unavailable"))
            if not refused:
                assert_bare(model, [tool["function"]["name"] for tool in options.get("tools", [])])
        other.unlink()
        ask(client, **options)
        assert_bare(model, [tool["function"]["name"] for tool in options.get("tools", [])])
    assert not (tmp_path / "server.ran").exists()


def test_a_server_that_can_not_be_switched_off_is_named_and_no_request_answered(
    start_gateway: StartGateway, model: ScriptedModel, tmp_path: Path
) -> None:
    codex = stand_in(STARTS_A_SERVER, tmp_path)
    gateway = start_gateway(variables={"CODEX_GATEWAY_CODEX": str(codex)})
    with (
        gateway.client() as client,
        pytest.raises(openai.InternalServerError, match="starts the MCP server `spell`") as error,
    ):
        ask(client)
    assert (error.value.status_code, error.value.code) == (503, "codex_unavailable")
    assert model.requests == []


@pytest.mark.parametrize("options", [{}, {"tools": [WEATHER]}], ids=["plain", "with tools"])
def test_a_configuration_that_is_broken_is_no_fault_of_the_caller(
    start_gateway: StartGateway, options: dict[str, Any]
) -> None:
    gateway = start_gateway()
    with gateway.client() as client:
        ask(client, **options)
        before = config(gateway).read_text()
        add(gateway, settings="broken = [\n")
        with pytest.raises(openai.InternalServerError, match=r"config\.toml") as error:
            ask(client, **options)
        assert (error.value.status_code, error.value.code) == (503, "codex_unavailable")
        config(gateway).write_text(before)
        ask(client, **options)


@pytest.mark.parametrize(
    "feature",
    [
        "code_mode",
        "current_time_reminder",
        "deferred_executor",
        "executor_capability_discovery_v2",
        "multi_agent_v2",
        "multi_env_copy_file",
        "request_permissions_tool",
        "send_message_to_user_async",
        "token_budget",
    ],
)
def test_features_that_a_person_tries_out_are_kept_from_the_model(
    start_gateway: StartGateway, model: ScriptedModel, feature: str
) -> None:
    gateway = start_gateway()
    with gateway.client() as client:
        add(gateway, f"features.{feature} = true\n")
        ask(client, tools=[WEATHER])
        assert_bare(model, ["get_weather"])


def soon(holds: Callable[[], bool], seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.05)
    return holds()
