"""What the README says that the program says, where something is wrong: each message is provoked."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from markdown import quoted_in_table
from stack import MODEL, REQUEST, ROOT, Gateway, ScriptedModel, environment, gateway_binary

README = ROOT / "README.md"

CHAT = "/chat/completions"

StartGateway = Callable[..., Gateway]


def refused(message: str, gateway: Gateway, model: ScriptedModel) -> str:
    """The answer to a request that such a message is the answer to; nothing for other messages."""
    with gateway.http() as http:
        if message.startswith("The gateway does not answer to the name"):
            return http.get("/models", headers={"Host": "example.org"}).text
        if message.startswith("Web pages may not use the gateway"):
            return http.get("/models", headers={"Origin": "https://example.org"}).text
        if message.startswith("The request's `Content-Type`"):
            return http.post(CHAT, content=json.dumps(REQUEST), headers={"Content-Type": "text/plain"}).text
        if message.startswith("The local token is wrong"):
            return http.get("/models", headers={"Authorization": "Bearer wrong"}).text
        if message.startswith("The API is below /v1"):
            return http.get(gateway.base_url.removesuffix("/v1") + "/models").text
        if message.startswith("The model …"):
            return http.post(CHAT, json={**REQUEST, "model": "gpt-4o"}).text
        if message.startswith("… is supported only"):
            return http.post(CHAT, json={**REQUEST, "temperature": 0}).text
        if message.startswith("Previous response"):
            asked = {"model": MODEL, "input": "hi", "previous_response_id": "resp_nowhere"}
            return http.post("/responses", json=asked).text
        if message.startswith("What was asked for did not come"):
            model.text("no object")
            return http.post(CHAT, json={**REQUEST, "response_format": {"type": "json_object"}}).text
    return ""


def without_codex(message: str, start: StartGateway, home: Path) -> str:
    """The answer of a gateway whose Codex can't answer; nothing for other messages."""
    if message.startswith("Codex isn't running"):
        ready = start(variables={"CODEX_GATEWAY_CODEX": "/nowhere/codex"})
    elif message.startswith("Codex isn't signed in"):
        signed_out = home / "signed-out"
        signed_out.mkdir()
        ready = start(variables={"CODEX_HOME": signed_out})
    else:
        return ""
    with ready.client() as client, pytest.raises(openai.InternalServerError) as answer:
        client.chat.completions.create(**REQUEST)
    return answer.value.response.text


def complained(message: str, home: Path) -> str:
    """What the command says on standard error; nothing for other messages."""
    if message.startswith("port …"):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            return complaint(home, "serve", "--port", str(taken.getsockname()[1]))
    # On macOS this would find the person's own.
    if message == "there is no keyring here" and sys.platform == "linux":
        return complaint(home, "init", "--keyring", DBUS_SESSION_BUS_ADDRESS="unix:path=/nowhere")
    return ""


def complaint(home: Path, *arguments: Any, **variables: Any) -> str:
    finished = subprocess.run(
        [gateway_binary(), *arguments],
        env=environment(HOME=home, **variables),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert finished.returncode == 1
    return finished.stderr


ELSEWHERE = {
    "Codex can't reach the model's provider. …": "tests/python/test_provider.py",
    "Codex … is too old: it lacks …": "tests/rust/tests/all/account.rs",
    "The limit resets in …": "tests/rust/tests/all/quota.rs",
    "there is no keyring here": "crates/token-store/tests/session/main.rs",
    "the keyring is locked": "crates/token-store/tests/session/main.rs",
    "the keyring did not answer within …": "crates/token-store/tests/session/main.rs",
}
"""What needs another Codex, another account or a keyring; and where it is provoked."""


@pytest.mark.parametrize("message", quoted_in_table(README, "When something is wrong"))
def test_a_message_is_what_the_program_says(
    message: str, gateway: Gateway, start_gateway: StartGateway, model: ScriptedModel, tmp_path: Path
) -> None:
    said = (
        refused(message, gateway, model)
        or without_codex(message, start_gateway, tmp_path)
        or complained(message, tmp_path)
    )
    if not said:
        assert message in ELSEWHERE, f"nobody knows how to provoke {message!r}"
        assert ROOT.joinpath(ELSEWHERE[message]).exists()
        assert in_sources(message)
        return
    if said.startswith("{"):
        said = json.loads(said)["error"]["message"]
    pieces = [re.escape(piece.strip()) for piece in message.split("…")]
    assert re.search(r".*".join(pieces), said), said


def in_sources(message: str) -> bool:
    """Whether a message stands in a source, in one string, with anything in the places of its dots."""
    pattern = re.compile(r"[^\n\"]*".join(map(re.escape, message.split("…"))))
    return any(pattern.search(file.read_text()) for file in ROOT.glob("crates/*/src/**/*.rs"))
