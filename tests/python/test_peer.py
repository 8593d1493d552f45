"""The Python `codex-gateway`, in the same run, on the same Codex and the same model."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from stack import ScriptedModel, ask, codex_binary, environment

pytest.importorskip("codex_gateway", reason="the peer needs Python 3.11")

TOKEN = "local-token-of-the-peer"


@pytest.fixture
def peer(model: ScriptedModel, tmp_path: Path) -> Iterator[openai.OpenAI]:
    """A client of the Python gateway."""
    codex_home, path = tmp_path / ".codex", tmp_path / "bin"
    codex_home.mkdir()
    (codex_home / "config.toml").write_text(model.codex_config())
    # It starts whatever `codex` is on its path.
    path.mkdir()
    (path / "codex").symlink_to(codex_binary())
    env = environment(HOME=tmp_path, CODEX_HOME=codex_home, CODEX_GATEWAY_TOKEN=TOKEN)
    env["PATH"] = f"{path}{os.pathsep}{env['PATH']}"
    port = free_port()
    command = [sys.executable, "-m", "codex_gateway.server", "--port", str(port)]
    process = subprocess.Popen(command, env=env, cwd=tmp_path)
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=TOKEN, max_retries=0, timeout=60)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            client.models.list()
            break
        except openai.APIConnectionError:
            assert process.poll() is None, "the Python gateway ended at its start"
            time.sleep(0.1)
    yield client
    client.close()
    process.terminate()
    process.wait(10)


def free_port() -> int:
    """The peer can't choose one by itself."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_say_pong_reaches_the_model_in_a_ninth_of_the_peers_bytes(
    client: openai.OpenAI, peer: openai.OpenAI, model: ScriptedModel
) -> None:
    sizes, tools = [], []
    for gateway in (client, peer):
        ask(gateway, "Say pong")
        request = model.requests[-1]
        sizes.append(int(request["headers"]["content-length"]))
        tools.append(len(request["body"].get("tools", [])))
    print(f"bytes to the model: {sizes[0]} here, {sizes[1]} by the peer; tools: {tools[0]} and {tools[1]}")
    assert sizes[0] <= 1_800 < sizes[1] / 9
    assert (tools[0], tools[1] > 5) == (0, True)
