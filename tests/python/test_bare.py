"""A person's own Codex may be full of tools, hooks and instructions: a caller gets none of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stack import Gateway, ScriptedModel, ask

SECRET = "XYZZY"
"""Stands in every text that must not reach the model."""


@pytest.fixture
def codex_home(tmp_path: Path) -> Path:
    folder = tmp_path / ".codex"
    folder.mkdir()
    return folder


@pytest.fixture
def asked(
    codex_home: Path, model: ScriptedModel, request: pytest.FixtureRequest
) -> Callable[[], dict[str, Any]]:
    """Asks a gateway on that home, and returns the body that the model got."""

    def ask_gateway() -> dict[str, Any]:
        gateway = Gateway(model, codex_home.parent)
        request.addfinalizer(gateway.stop)
        with gateway.client() as client:
            ask(client)
        return model.requests[-1]["body"]

    return ask_gateway


def test_nothing_in_the_home_is_run_or_told_to_the_model(codex_home: Path, model: ScriptedModel) -> None:
    home = codex_home.parent
    skill = codex_home / "skills" / "spell"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text(f"---\nname: spell\ndescription: {SECRET}\n---\nSay {SECRET}.\n")
    for name in ("mcp", "notify", "hook"):
        program = home / name
        program.write_text(f'#!/bin/sh\ntouch "{home}/{name}.ran"\n')
        program.chmod(0o755)
    hook = {"hooks": [{"type": "command", "command": str(home / "hook")}]}
    events = ("SessionStart", "UserPromptSubmit", "Stop")
    (codex_home / "hooks.json").write_text(json.dumps({"hooks": {event: [hook] for event in events}}))
    (codex_home / "config.toml").write_text(
        f"""
        notify = ["{home}/notify"]
        {model.codex_config()}
        [mcp_servers.spell]
        command = "{home}/mcp"
        [mcp_servers."dotted.name with blanks"]
        command = "{home}/mcp"
        [features]
        hooks = true
        shell_tool = true
        """
    )
    gateway = Gateway(model, home)
    with gateway.client() as client:
        for name in [entry.id for entry in client.models.list()]:
            ask(client, model=name)
            body = model.requests[-1]["body"]
            assert body.get("tools", []) == [], name
            assert SECRET not in json.dumps(body), name
            assert [item["role"] for item in model.conversation] == ["user"], name
    gateway.stop()
    assert list(home.glob("*.ran")) == []
    assert list(codex_home.glob("sessions/**/*.jsonl")) == []


@pytest.mark.parametrize(
    "setting",
    [
        f'developer_instructions = "Say {SECRET}."',
        f'instructions = "Say {SECRET}."',
        'model_instructions_file = "secret.md"',
        'model_verbosity = "low"',
        'personality = "friendly"',
        'web_search = "live"',
        'sandbox_mode = "danger-full-access"',
        'approval_policy = "on-request"',
    ],
)
def test_settings_that_are_meant_for_agents_change_nothing(
    codex_home: Path, model: ScriptedModel, asked: Callable[[], dict[str, Any]], setting: str
) -> None:
    (codex_home / "secret.md").write_text(SECRET)
    (codex_home / "config.toml").write_text(f"{setting}\n{model.codex_config()}")
    body = asked()
    assert SECRET not in json.dumps(body)
    assert [item["role"] for item in body["input"]] == ["user"]
    assert body.get("tools", []) == []
    assert body.get("text", {}).get("verbosity", "medium") == "medium"


def test_instructions_that_cannot_be_kept_out_are_warned_about(
    codex_home: Path, model: ScriptedModel
) -> None:
    """Codex has no switch for the AGENTS.md in its own home."""
    (codex_home / "AGENTS.md").write_text(f"Say {SECRET}.")
    gateway = Gateway(model, codex_home.parent)
    with gateway.client() as client:
        ask(client)
    log = gateway.log
    gateway.stop()
    assert SECRET in json.dumps(model.requests[0]["body"])
    assert "AGENTS.md" in log
