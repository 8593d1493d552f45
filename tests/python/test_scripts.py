"""The scripts that `make` runs, on systems that are not this one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stack import ROOT

SCRIPTS = [
    path
    for folder in ("scripts", "scripts/install", ".ci")
    for path in sorted(ROOT.joinpath(folder).iterdir())
    if path.is_file() and path.suffix in ("", ".sh")
]


def test_no_script_needs_more_of_node_than_the_project_can_bring_along() -> None:
    brought = ROOT.joinpath("scripts", "install", "node.sh").read_text()
    assert set(re.findall(r'"\$TOOLS/node/bin/(\w+)"', brought)) == {"node", "npm"}
    for script in SCRIPTS:
        commands = re.sub(r"^\s*#.*", "", script.read_text(), flags=re.M)
        assert not re.search(r"\b(npx|corepack)\b", commands), script


def test_the_lint_looks_at_every_script() -> None:
    [linted] = re.findall(r"--check-sourced ((?:.*\\\n)+.+)\n}", ROOT.joinpath("scripts", "test").read_text())
    named = set(linted.replace("\\\n", " ").split())
    assert named == {str(script.relative_to(ROOT)) for script in SCRIPTS if not script.suffix}


CHANGELOG = "# Changelog\n\n## 0.2.0, 2026-01-31\n\n- New.\n- Newer.\n\n## 0.1.0, 2026-01-01\n\n- Old.\n"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """What is looked at before a release, ready for version 0.2.0."""
    (tmp_path / "scripts").mkdir()
    for script in ("check-release", "env.sh"):
        shutil.copy(ROOT / "scripts" / script, tmp_path / "scripts")
    for file in ("Cargo.toml", "Cargo.lock"):
        text = ROOT.joinpath(file).read_text()
        [version] = re.findall(r'^version = "(.+)"', ROOT.joinpath("Cargo.toml").read_text(), re.M)
        ours = r'(\[\[package\]\]\nname = ".+"\nversion = )".+"(?!\nsource)'
        text = re.sub(ours, r'\1"0.2.0"', text).replace(
            f'\nversion = "{version}"\nedition', '\nversion = "0.2.0"\nedition'
        )
        (tmp_path / file).write_text(text)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def check_release(sources: Path, tag: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", sources / "scripts" / "check-release", tag]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def test_a_release_that_is_ready_has_the_notes_of_its_version(sources: Path) -> None:
    checked = check_release(sources, "v0.2.0")
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.strip() == "- New.\n- Newer."


@pytest.mark.parametrize(
    ("file", "ready", "spoilt", "says"),
    [
        ("Cargo.toml", '"0.2.0"', '"0.1.0"', "Cargo.toml has the version 0.1.0"),
        ("Cargo.lock", '"gateway"\nversion = "0.2.0"', '"gateway"\nversion = "0.1.0"', "0.1.0 0.2.0"),
        ("CHANGELOG.md", "## 0.2.0, 2026-01-31", "## 0.2.0, not released yet", "says nothing of 0.2.0"),
        ("CHANGELOG.md", "## 0.2.0, 2026-01-31", "## 0.2.01, 2026-01-31", "says nothing of 0.2.0"),
        ("CHANGELOG.md", "- New.\n- Newer.\n", "", "says nothing of 0.2.0"),
    ],
)
def test_a_release_that_is_not_ready_is_stopped(
    sources: Path, file: str, ready: str, spoilt: str, says: str
) -> None:
    text = (sources / file).read_text()
    assert text.count(ready) == 1
    (sources / file).write_text(text.replace(ready, spoilt))
    checked = check_release(sources, "v0.2.0")
    assert (checked.returncode, checked.stdout) == (1, "")
    assert says in checked.stderr


@pytest.mark.parametrize("tag", ["0.2.0", "v0.2", "v0.1.0", "v"])
def test_another_tag_is_no_release(sources: Path, tag: str) -> None:
    assert check_release(sources, tag).returncode == 1


USED = ("awk", "cat", "cksum", "cp", "cut", "dirname", "env", "head", "id", "mkdir", "sed", "sh", "tr")
"""What the scripts use of every system."""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The project on a machine with a compiler, but without apt and without a Codex of its own.

    What would build leaves a program that prints the variables that it is started with.
    """
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for file in ("Cargo.toml", "package-lock.json"):
        shutil.copy(ROOT / file, tmp_path)
    commands = tmp_path / "commands"
    commands.mkdir()
    # No links: a test that replaces one of these must not write to the real command.
    for name in USED:
        program(commands / name, f'exec {shutil.which(name)} "$@"')
    program(commands / "uname", "echo Linux")
    program(commands / "rustc", "echo rustc 9.9.9")
    program(commands / "python3", "echo 3.12")
    program(commands / "pkg-config", '[ "$1" != --exists ]')
    for name in ("cc", "curl"):
        program(commands / name, "")
    release = tmp_path / "target" / "release"
    program(commands / "gateway", "env")
    program(commands / "cargo", f"mkdir -p {release}; cp {commands}/gateway {release}/codex-gateway")
    program(tmp_path / "node_modules/@openai/codex-linux-x64/vendor/any/bin/codex", "")
    stamps = tmp_path / ".tools" / "stamps"
    stamps.mkdir(parents=True)
    checksum = subprocess.check_output(["cksum"], stdin=(tmp_path / "package-lock.json").open("rb"))
    (stamps / "package-lock.json").write_bytes(checksum)
    return tmp_path


def program(path: Path, does: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)


def run(machine: Path, **variables: str) -> tuple[dict[str, str], str]:
    """`make run`: the variables of the gateway that it starts, and what it says beside."""
    started = subprocess.run(
        ["sh", machine / "scripts" / "run"],
        env={"PATH": str(machine / "commands"), "HOME": str(machine), **variables},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert started.returncode == 0, started.stderr
    lines = [line.partition("=") for line in started.stdout.splitlines()]
    return {name: value for name, _, value in lines if value}, started.stderr


def test_the_pinned_codex_is_the_last_that_is_looked_for(machine: Path) -> None:
    given, _ = run(machine, HEADLESS="1")
    pinned = next(machine.glob("node_modules/@openai/*/vendor/*/bin"))
    assert given["PATH"].split(":") == [str(machine / "commands"), str(pinned)]
    assert "CODEX_GATEWAY_CODEX" not in given
    given, _ = run(machine, HEADLESS="1", CODEX_GATEWAY_CODEX="/my/codex")
    assert given["CODEX_GATEWAY_CODEX"] == "/my/codex"
    assert str(pinned) not in given["PATH"]
    program(machine / "commands" / "codex", "")
    given, _ = run(machine, HEADLESS="1")
    assert str(pinned) not in given["PATH"]


def test_packages_are_named_for_the_system_that_lacks_them(machine: Path) -> None:
    _, said = run(machine, DISPLAY=":0")
    assert "dnf install" in said
    assert "apt-get" not in said
    assert "libwebkit2gtk-4.1-dev" in said
    # On one with apt, where the person is no administrator.
    program(machine / "commands" / "apt-get", "exit 1")
    program(machine / "commands" / "id", "echo 1000")
    _, said = run(machine, DISPLAY=":0")
    assert "sudo apt-get update && sudo apt-get install -y libwebkit2gtk-4.1-dev" in said
    assert "dnf" not in said
