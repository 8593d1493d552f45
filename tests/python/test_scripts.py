"""The scripts that `make` runs, on systems that are not this one."""

from __future__ import annotations

import re

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
