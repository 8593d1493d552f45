"""Where the local token is kept: the commands, with a real keyring in a session bus of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stack import MODEL, Gateway, ScriptedModel, environment, gateway_binary

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="macOS has one keychain, the person's own")

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
"""It starts nothing by itself: neither a keyring nor a window that asks for its password."""


class Session:
    """A home with a session bus, a config file, and a keyring that can be opened, locked and stopped."""

    def __init__(self, home: Path) -> None:
        self.config = home / "config" / "codex-gateway" / "config.json"
        (home / "bus.conf").write_text(BUS)
        self._env = environment(HOME=home)
        command = ["dbus-daemon", "--nofork", "--config-file", home / "bus.conf", "--print-address"]
        self._bus = subprocess.Popen(command, env=self._env, stdout=subprocess.PIPE, text=True)
        self._env["DBUS_SESSION_BUS_ADDRESS"] = self._bus.stdout.readline().strip()
        self._keyring: subprocess.Popen[bytes] | None = None

    @property
    def variables(self) -> dict[str, str]:
        """What leads another program to this session's keyring."""
        return {"DBUS_SESSION_BUS_ADDRESS": self._env["DBUS_SESSION_BUS_ADDRESS"]}

    def run(self, *arguments: Any, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [gateway_binary(), *arguments],
            env=self._env | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def output(self, *arguments: Any, **variables: str) -> str:
        finished = self.run(*arguments, **variables)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def complaint(self, *arguments: Any) -> str:
        finished = self.run(*arguments)
        assert (finished.returncode, finished.stdout) == (1, "")
        return finished.stderr

    def token(self) -> str:
        return self.output("token").strip()

    def place(self) -> dict[str, Any]:
        """The finding of `doctor` about the token."""
        findings = json.loads(self.run("doctor", "--json", "--codex", "/nowhere", "--port", "0").stdout)
        [finding] = [finding for finding in findings if finding["check"] == "token"]
        return finding

    def start_keyring(self, *arguments: str) -> None:
        self.end_keyring()
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets", *arguments]
        self._keyring = subprocess.Popen(
            command, env=self._env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        self._keyring.stdin.write(b"password")
        self._keyring.stdin.close()
        ask = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/"]
        ask += ["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]
        until = time.monotonic() + 20
        while b"true" not in subprocess.check_output(ask, env=self._env, timeout=20):
            assert time.monotonic() < until, "the keyring did not come up"
            time.sleep(0.02)

    def stop_keyring(self) -> None:
        """Makes it hang."""
        self._keyring.send_signal(signal.SIGSTOP)

    def end_keyring(self) -> None:
        if self._keyring:
            self._keyring.kill()
            self._keyring.wait()
            self._keyring = None

    def end(self) -> None:
        self.end_keyring()
        self._bus.kill()
        self._bus.communicate()


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    session = Session(tmp_path)
    yield session
    session.end()


def test_a_token_in_the_keyring_is_used_by_every_command(session: Session) -> None:
    session.start_keyring("--unlock")
    printed = session.output("init", "--keyring")
    config = json.loads(session.config.read_text())
    assert config["token_place"] == "keyring"
    assert "token" not in config
    token = session.token()
    assert len(token) > 40
    assert token in printed
    assert "in the keyring" in printed
    assert json.loads(session.output("show", "--json"))["token"] == token
    assert f"CODEX_GATEWAY_TOKEN={token}" in session.output("env")
    assert session.place() | {"cure": None} == {
        "check": "token",
        "status": "ok",
        "message": "is in the keyring, which answers",
        "cure": None,
    }
    # It is the one that opens a gateway.
    assert served_token(session) == token
    assert session.output("token", CODEX_GATEWAY_TOKEN="mine") == "mine\n"


def served_token(session: Session) -> str:
    """The token that `serve` says a program needs."""
    serve = [gateway_binary(), "serve", "--port", "0", "--json"]
    gateway = subprocess.Popen(
        serve, env=session._env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        return json.loads(gateway.stdout.readline())["token"]
    finally:
        gateway.terminate()
        gateway.communicate(timeout=20)


def test_a_token_moves_and_changes_without_the_rest_of_the_file(session: Session) -> None:
    session.start_keyring("--unlock")
    session.output("init", "--port", "9000")
    token = json.loads(session.config.read_text())["token"]
    assert session.output("token", "--keyring") == f"{token}\n"
    assert token not in session.config.read_text()
    assert json.loads(session.config.read_text())["port"] == 9000

    new = session.output("token", "--rotate").strip()
    assert new != token
    assert session.token() == new
    # A file that is replaced keeps its token where it was.
    replaced = session.output("init", "--force")
    assert "in the keyring" in replaced
    assert session.token() in replaced

    kept = session.output("token", "--file").strip()
    config = json.loads(session.config.read_text())
    assert (config["token"], config["token_place"]) == (kept, "file")
    assert session.config.stat().st_mode & 0o777 == 0o600


def locked(session: Session) -> None:
    session.start_keyring()


def stopped(session: Session) -> None:
    session.stop_keyring()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (Session.end_keyring, "there is no keyring here"),
        (locked, "the keyring is locked"),
        (stopped, "the keyring did not answer within 5 s"),
    ],
)
def test_a_keyring_that_gives_nothing_is_said_in_time(
    session: Session, spoil: Callable[[Session], None], said: str
) -> None:
    session.start_keyring("--unlock")
    session.output("init", "--keyring")
    spoil(session)
    before = session.config.read_bytes()
    started = time.monotonic()
    for command in (["token"], ["serve", "--port", "0"], ["init", "--force"]):
        assert said in session.complaint(*command)
    # Three time-outs of five seconds at most, far from any hang.
    assert time.monotonic() - started < 40
    finding = session.place()
    assert finding["status"] == "fail"
    assert said in finding["message"]
    assert finding["cure"]
    assert session.config.read_bytes() == before

    # The way out that is named: a new token, in the file.
    kept = session.output("token", "--rotate", "--file").strip()
    assert json.loads(session.config.read_text())["token"] == kept
    assert session.token() == kept


def test_without_a_keyring_the_file_is_used_as_ever(session: Session) -> None:
    assert "no keyring here" in session.complaint("init", "--keyring")
    assert not session.config.exists()
    assert "which holds the local token" in session.output("init")
    assert "in the config file" in session.place()["message"]
    before = session.config.read_bytes()
    assert "no keyring here" in session.complaint("token", "--keyring")
    assert session.config.read_bytes() == before
    assert os.fspath(session.config) in session.output("init")


def test_responses_on_the_disk_are_read_again_with_the_key_of_the_keyring(
    session: Session, model: ScriptedModel, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("gateway")
    settings = {"variables": session.variables, "response_history": "disk"}
    session.start_keyring("--unlock")
    gateway = Gateway(model, home, **settings)
    with gateway.client() as client:
        first = client.responses.create(model=MODEL, input="My name is Ada.")
    gateway.stop()
    [file] = home.rglob("responses.redb")
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"Ada" not in file.read_bytes()

    gateway = Gateway(model, home, **settings)
    with gateway.client() as client:
        client.responses.create(model=MODEL, input="Who am I?", previous_response_id=first.id)
    gateway.stop()
    roles = [item["role"] for item in model.conversation]
    assert roles == ["user", "assistant", "user"]
