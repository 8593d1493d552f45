"""The documents: what they name exists, what is made is current, and what only GitHub reads can be read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

import compatibility
from stack import ROOT

DOCUMENTS = [ROOT / name for name in ("README.md", "CHANGELOG.md", "ui/README.md")] + sorted(
    ROOT.glob("docs/*.md")
)

SOURCES = [
    file
    for folder in ("crates", "src-tauri", "tests")
    for pattern in ("**/*.rs", "**/*.py")
    for file in ROOT.joinpath(folder).glob(pattern)
]

WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))


def defines(file: Path, test: str) -> bool:
    """Whether a file holds a test of that name."""
    quoted = re.escape(test)
    marks = {
        ".py": rf"^(?:async )?def {quoted}\(",
        # The tests of properties stand in a macro, without the word.
        ".rs": rf"^\s*(?:async )?fn {quoted}\(",
        ".js": rf"\btest\(\"{quoted}",
    }
    return re.search(marks[file.suffix], file.read_text(), re.M) is not None


def named_tests() -> list[str]:
    """The tests that stand for an invariant or for what works with a client."""
    architecture = ROOT.joinpath("docs", "architecture.md").read_text()
    invariants = re.split(r"^- ", architecture.split("## Invariants")[1].split("\n## ")[0], flags=re.M)[1:]
    assert len(invariants) > 20
    assert all("::" in invariant for invariant in invariants)
    marks = [test for client in compatibility.CLIENTS for test in client.tests.values()]
    return sorted({*re.findall(r"`([^`]+::[^`]+)`", "".join(invariants)), *marks})


@pytest.mark.parametrize("test", named_tests())
def test_a_test_that_is_named_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert defines(ROOT / file, name), test


def test_what_is_made_is_current() -> None:
    page = compatibility.PAGE.read_text()
    assert compatibility.made(page) == page, "run `make generate`"


def anchors(document: Path) -> set[str]:
    """The places in a document that a link can lead to, as GitHub names them."""
    prose = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.M | re.S)
    heads = re.findall(r"^#+ (.+)$", prose, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_pictures_lead_somewhere(document: Path) -> None:
    text = document.read_text()
    for link in re.findall(r"\]\(([^)]+)\)|(?:src|srcset)=\"([^\"]+)\"", text):
        target = "".join(link)
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        there = document.parent / path if path else document
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_exist(document: Path) -> None:
    folders = "crates|docs|scripts|tests|ui|src-tauri|generated"
    for path in re.findall(rf"`((?:{folders})/[\w./\-*]+)`", document.read_text()):
        assert list(ROOT.glob(path)), f"{document.name} names {path}"
    # Often only the end of a path is named.
    for end in re.findall(r"`((?:[\w-]+/)*\w+\.(?:rs|py))[`:]", document.read_text()):
        assert any(str(file).endswith(f"/{end}") for file in SOURCES), f"{document.name} names {end}"


def test_every_command_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", ROOT.joinpath("Makefile").read_text(), re.M))
    for document in DOCUMENTS:
        for target in re.findall(r"`make ([a-z-]+)", document.read_text()):
            assert target in targets, f"{document.name} names `make {target}`"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_asks_for_little_and_pins_what_it_uses(workflow: Path) -> None:
    parsed = yaml.safe_load(workflow.read_text())
    # YAML 1.1 reads the word `on` as true.
    assert {"name", "permissions", "jobs"} <= set(parsed)
    assert parsed[True]
    assert parsed["permissions"] == {"contents": "read"}
    text = workflow.read_text()
    assert "secrets." not in text
    for use in re.findall(r"uses: (\S+)", text):
        assert use.startswith("./") or re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", use), use
    for job in parsed["jobs"].values():
        assert "timeout-minutes" in job or "uses" in job
        assert job.get("permissions", {}) in ({}, {"contents": "write"})


def test_there_is_a_test_and_a_release_on_github() -> None:
    assert [workflow.name for workflow in WORKFLOWS] == ["bundle.yml", "release.yml", "test.yml"]


def test_dependabot_looks_at_every_lock_file_but_that_of_the_earlier_codexes() -> None:
    updates = yaml.safe_load(ROOT.joinpath(".github", "dependabot.yml").read_text())["updates"]
    looked_at = {
        (update["package-ecosystem"], folder.strip("/"))
        for update in updates
        for folder in update.get("directories", [update.get("directory")])
    }
    locks = {"Cargo.lock": "cargo", "package-lock.json": "npm", "requirements.txt": "pip"}
    found = {
        (locks[path.name], str(path.parent.relative_to(ROOT)).strip("."))
        for name in locks
        for pattern in (name, f"ui/{name}", f"tests/**/{name}")
        for path in ROOT.glob(pattern)
        if "node_modules" not in path.parts
    } - {("npm", "tests/codex")}
    assert looked_at == found | {("github-actions", "")}


def test_the_hooks_are_pieces_of_the_lint() -> None:
    [local] = yaml.safe_load(ROOT.joinpath(".pre-commit-config.yaml").read_text())["repos"]
    assert local["repo"] == "local"
    script = ROOT.joinpath("scripts", "test").read_text()
    for hook in local["hooks"]:
        piece = re.fullmatch(r"sh scripts/test ([a-z-]+)", hook["entry"])
        assert piece, hook
        assert re.search(rf"^{piece[1].replace('-', '_')}\(\) {{", script, re.M), hook


def test_the_packages_hold_the_manual_and_need_what_the_tray_loads() -> None:
    linux = json.loads(ROOT.joinpath("tauri.conf.json").read_text())["bundle"]["linux"]
    script = ROOT.joinpath("scripts", "bundle").read_text()
    assert '"$TARGET/release/codex-gateway" man --out "$share/man"' in script
    for package in linux.values():
        assert package["files"]["/usr/share/man/man1"] == "target/release/share/man"
        assert len(package["files"]) == 5
        # It is loaded by name, so that nothing but this line tells of it.
        assert "libayatana-appindicator3" in package["depends"][0]


def test_the_application_for_macos_has_a_seal() -> None:
    """Signed by nobody, it can be allowed by its user. Without any signature, it is called damaged."""
    macos = json.loads(ROOT.joinpath("tauri.conf.json").read_text())["bundle"]["macOS"]
    assert macos["signingIdentity"] == "-"
    [program] = macos["files"].values()
    script = ROOT.joinpath("scripts", "bundle").read_text()
    signed = program.replace("target/", "$TARGET/")
    assert script.index(f'codesign --force --sign - "{signed}"') < script.index("tauri bundle")


def test_the_licences_are_those_of_the_manifest() -> None:
    assert 'license = "MIT OR Apache-2.0"' in ROOT.joinpath("Cargo.toml").read_text()
    assert "MIT License" in ROOT.joinpath("LICENSE-MIT").read_text()
    assert "Apache License" in ROOT.joinpath("LICENSE-APACHE").read_text()


def test_the_readme_names_the_rust_that_is_needed() -> None:
    [needed] = re.findall(r'^rust-version = "(.+)"', ROOT.joinpath("Cargo.toml").read_text(), re.M)
    assert f"Rust {needed} or newer" in ROOT.joinpath("README.md").read_text()


def test_the_changelog_knows_the_version() -> None:
    [version] = re.findall(r'^version = "(.+)"', ROOT.joinpath("Cargo.toml").read_text(), re.M)
    assert f"## {version}" in ROOT.joinpath("CHANGELOG.md").read_text()
