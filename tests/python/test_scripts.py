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
