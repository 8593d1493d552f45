"""Everything that the README and the documents beside it tell people to type.

Each fenced block is tried: only the address, the token and the folder are others. A block of a kind that is
not known here fails, so that nothing is passed over in silence.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from markdown import Block, blocks
from stack import MODEL, ROOT, Gateway, ScriptedModel, codex_binary, environment, gateway_binary

README = ROOT / "README.md"

BLOCKS = [
    block
    for document in (
        README,
        *(ROOT / "docs" / f"{name}.md" for name in ("clients", "contributing", "settings")),
    )
    for block in blocks(document)
]

BASE_URL = "http://127.0.0.1:8000/v1"

TOKEN = "<local token>"

# What the model says, and what is printed then, where that is not "pong".
SAID = {"instructor": ('{"name": "Ada", "age": 36}', "Ada 36")}


def test_there_are_blocks_of_every_kind() -> None:
    kinds = {(block.language, block.kind) for block in BLOCKS}
    assert set(TRIED) == kinds
    assert len(BLOCKS) > 20


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_does_what_it_says(
    block: Block, gateway: Gateway, model: ScriptedModel, tmp_path: Path
) -> None:
    assert (block.language, block.kind) in TRIED, f"nobody knows how to try {block}"
    TRIED[block.language, block.kind](block, gateway, model, tmp_path)


DOCUMENTS = [README, *sorted(ROOT.glob("docs/*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_command_in_the_text_is_understood(document: Path) -> None:
    for given in sorted(set(re.findall(r"`codex-gateway ([^`]+)`", document.read_text()))):
        asked = subprocess.run(
            [gateway_binary(), *shlex.split(given), "--help"], capture_output=True, text=True, timeout=30
        )
        assert asked.returncode == 0, f"{given}: {asked.stderr}"
        words = shlex.split(given)
        assert all(word in asked.stdout for word in words), given


def runs(
    command: list[Any], block: Block, gateway: Gateway, model: ScriptedModel, home: Path, **options: Any
) -> None:
    """A program that is given the block, less its address and token, prints what the model says."""
    text = block.text.replace("%pip install --quiet openai\n", "")
    assert block.text.count(BASE_URL) == 1
    assert block.text.count(TOKEN) == 1
    said, printed = SAID.get(block.section, ("pong", "pong"))
    model.text(said)
    finished = subprocess.run(
        [*command, text.replace(BASE_URL, gateway.base_url).replace(TOKEN, gateway.token)],
        env=environment(HOME=home, NO_PROXY="127.0.0.1"),
        capture_output=True,
        text=True,
        timeout=90,
        **options,
    )
    assert finished.returncode == 0, finished.stderr
    assert printed in finished.stdout, finished.stderr
    assert model.requests


def python(*given: Any) -> None:
    runs([ROOT / ".venv" / "bin" / "python", "-c"], *given)


def python_others(*given: Any) -> None:
    runs([ROOT / ".venv-others" / "bin" / "python", "-c"], *given)


def node(*given: Any) -> None:
    runs(["node", "--input-type=module", "--eval"], *given, cwd=ROOT / "tests" / "node")


def command(*arguments: Any, home: Path) -> Any:
    """What the command prints as JSON."""
    printed = subprocess.run(
        [gateway_binary(), *arguments, "--json"],
        env=environment(HOME=home),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return json.loads(printed.stdout)


def config(block: Block, gateway: Gateway, model: ScriptedModel, home: Path) -> None:
    """A config file that the program takes, with nothing in it that means nothing."""
    file = home / "config.json"
    file.write_text(json.dumps({"token": "t", **json.loads(block.text)}))
    shown = command("show", "--config", file, home=home)
    assert shown["base_url"] == f"http://127.0.0.1:{json.loads(block.text).get('port', 8000)}/v1"
    findings = command("doctor", "--config", file, "--port", "0", "--codex", "/nowhere", home=home)
    assert not [finding for finding in findings if finding["check"] == "settings"]


def zed(block: Block, *_: Any) -> None:
    [provider] = json.loads(block.text)["language_models"]["openai_compatible"].values()
    assert provider["api_url"] == BASE_URL
    assert [model["name"] for model in provider["available_models"]] == [MODEL]
    assert TOKEN not in block.text


def settings_in_yaml(block: Block, *_: Any) -> None:
    parsed = yaml.safe_load(block.text)
    models = parsed if isinstance(parsed, list) else parsed.get("models") or parsed["model_list"]
    [model] = [entry.get("litellm_params", entry) for entry in models]
    assert BASE_URL in model.values()
    assert {MODEL, f"openai/{MODEL}"} & set(model.values())
    assert TOKEN in model.values() or "api_key_name" in model


START_AND_STOP = """\
codex-gateway --port 0 >"$HOME/said" &
until grep -q "is on" "$HOME/said"; do sleep 0.1; done
kill $!
wait $!
cat "$HOME/said"
"""


def shell(block: Block, gateway: Gateway, model: ScriptedModel, home: Path) -> None:
    """Runs the lines as they are, in an empty home, with stand-ins for what is not here."""
    lines = block.text.replace("\\\n", " ").strip().splitlines()
    if all(first_word(line) in BUILDS for line in lines):
        for line in lines:
            BUILDS[first_word(line)](shlex.split(line, comments=True))
        return
    programs = home / "bin"
    programs.mkdir()
    # The stand-in of a program for people prints what it would have been told.
    for name in ("aider",):
        (programs / name).write_text('#!/bin/sh\nprintf "%s\\n" "$OPENAI_API_BASE" "$OPENAI_API_KEY" "$@"\n')
        (programs / name).chmod(0o755)
    (programs / "codex-gateway").symlink_to(gateway_binary())
    known = {"codex-gateway", "curl", "eval", "export", "aider"}
    assert {first_word(line) for line in lines} <= known, lines
    folder = home / "config" / "codex-gateway"
    folder.mkdir(parents=True)
    port = gateway.base_url.rpartition(":")[2].removesuffix("/v1")
    if first_word(lines[0]) != "codex-gateway":
        folder.joinpath("config.json").write_text(json.dumps({"token": gateway.token, "port": int(port)}))
    # The gateway itself is the last of its lines, and runs until it is stopped.
    starts = lines[-1] == "codex-gateway"
    if starts:
        lines[-1] = START_AND_STOP
    model.text("pong")
    finished = subprocess.run(
        ["sh", "-euc", "\n".join(lines).replace(BASE_URL, gateway.base_url)],
        env=environment(HOME=home, CODEX_GATEWAY_CODEX=codex_binary(), NO_PROXY="127.0.0.1")
        | {"PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert finished.returncode == 0, finished.stderr
    if any(first_word(line) == "curl" for line in lines):
        assert json.loads(finished.stdout)["choices"][0]["message"]["content"] == "pong"
    if any(first_word(line) == "aider" for line in lines):
        assert finished.stdout.splitlines() == [gateway.base_url, gateway.token, "--model", f"openai/{MODEL}"]
    if starts:
        assert "Codex Gateway is on: http://127.0.0.1:" in finished.stdout


def first_word(line: str) -> str:
    return line.split()[0]


def make(words: list[str]) -> None:
    """A target that is there. It is not run: the tests are run by one."""
    [target] = words[1:]
    assert re.search(rf"^{target}: ## ", ROOT.joinpath("Makefile").read_text(), re.M), words


def install_by_system(words: list[str]) -> None:
    """Packages where `make bundle` leaves them, of a kind that it makes."""
    assert words[1] in ("apt", "dnf")
    assert words[2] == "install"
    [package] = words[3:]
    kind = {"apt": "deb", "dnf": "rpm"}[words[1]]
    assert package == f"./target/release/bundle/{kind}/*.{kind}"
    assert "bundles=deb,rpm" in ROOT.joinpath("scripts", "bundle").read_text()


def install_by_npm(words: list[str]) -> None:
    """The package that the project pins itself."""
    assert words[:3] == ["npm", "install", "-g"]
    pinned = json.loads(ROOT.joinpath("package.json").read_text())["devDependencies"]
    assert set(words[3:]) <= set(pinned)


def codex(words: list[str]) -> None:
    """A command that the real Codex has."""
    helped = subprocess.run(
        [codex_binary(), *words[1:], "--help"], capture_output=True, text=True, timeout=30
    )
    assert helped.returncode == 0, helped.stderr
    assert f"Usage: codex {words[1]}" in helped.stdout


def cargo(words: list[str]) -> None:
    """A package, or a folder with one."""
    if words[1] == "install":
        assert words[2:4] == ["--locked", "--path"]
        assert ROOT.joinpath(words[4], "Cargo.toml").exists()
    else:
        name = words[words.index("--package") + 1]
        assert ROOT.joinpath("crates", name, "Cargo.toml").exists()


def one_test(words: list[str]) -> None:
    """Tests that are there."""
    [file] = [word for word in words if word.startswith("tests/")]
    assert ROOT.joinpath(file).exists()
    if "-k" in words:
        assert words[words.index("-k") + 1] in ROOT.joinpath(file).read_text()


BUILDS: dict[str, Callable[[list[str]], None]] = {
    "make": make,
    "sudo": install_by_system,
    "npm": install_by_npm,
    "codex": codex,
    "cargo": cargo,
    "node": one_test,
    ".venv/bin/python": one_test,
    ".venv-others/bin/python": one_test,
}
"""What would build, install or test. What it names is looked for, and nothing is run."""

TRIED: dict[tuple[str, str], Callable[..., None]] = {
    ("python", ""): python,
    ("python", "notebook"): python,
    ("python", "others"): python_others,
    ("js", ""): node,
    ("sh", ""): shell,
    ("json", "config"): config,
    ("json", "zed"): zed,
    ("yaml", ""): settings_in_yaml,
}
