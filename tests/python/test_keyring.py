"""Where the local token is kept: the commands, with a real keyring in a session bus of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from session import Session
from stack import MODEL, Gateway, ScriptedModel, gateway_binary

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="macOS has one keychain, the person's own")


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


def test_a_file_without_a_token_is_given_one_in_the_keyring(session: Session) -> None:
    session.start_keyring("--unlock")
    session.config.parent.mkdir(parents=True)
    session.config.write_text('{"port": 9000}')
    printed = session.output("init", "--keyring")
    assert json.loads(session.config.read_text()) == {"port": 9000, "token_place": "keyring"}
    assert session.token() in printed


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
