"""Signing in goes through Codex: the command shows where to go, and sees no credential."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from stack import codex_binary, environment, gateway_binary


def test_a_sign_in_begins_in_the_home_of_the_gateways_own(tmp_path: Path) -> None:
    person = tmp_path / ".codex"
    env = environment(HOME=tmp_path, CODEX_HOME=person, CODEX_GATEWAY_CODEX=codex_binary())
    env["CODEX_GATEWAY_CODEX_HOME"] = "own"
    process = subprocess.Popen(
        [gateway_binary(), "login", "--json"], env=env, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    begun = json.loads(process.stdout.readline())
    address = urlsplit(begun["url"])
    assert (address.scheme, begun["code"]) == ("https", None)
    # The browser comes back to this machine.
    assert urlsplit(parse_qs(address.query)["redirect_uri"][0]).hostname in ("127.0.0.1", "localhost")

    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 1
    lines = subprocess.check_output(["ps", "-A", "-o", "ppid="], text=True).split()
    assert str(process.pid) not in lines
    assert not person.exists()
    own = tmp_path / "data" / "codex-gateway" / "codex-home"
    assert own.is_dir()
    assert os.stat(own).st_mode & 0o777 == 0o700
