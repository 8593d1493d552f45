"""Processes that end: Codex is started again, the gateway stops in order, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest

from stack import Gateway, ScriptedModel, ask

HANG = {"steps": [{"message": {"deltas": ["po"], "unfinished": True}}], "end": "hang"}

StartGateway = Callable[..., Gateway]


@pytest.fixture
def gateway(start_gateway: StartGateway, model: ScriptedModel) -> Gateway:
    """A gateway for this test alone, whose Codex has answered."""
    gateway = start_gateway()
    with gateway.client() as client:
        ask(client)
    model.reset()
    return gateway


def is_running(pid: int) -> bool:
    """A zombie is not: it has ended, and only nobody has asked how."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")


def assert_ends(pid: int, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while is_running(pid):
        assert time.monotonic() < deadline, f"process {pid} is still running"
        time.sleep(0.05)


@pytest.mark.parametrize("idle", [True, False], ids=["idle", "in mid-stream"])
def test_codex_is_started_again_when_it_dies(gateway: Gateway, model: ScriptedModel, idle: bool) -> None:
    codex = gateway.codex_pid
    with gateway.client() as client:
        if idle:
            os.kill(codex, signal.SIGKILL)
            assert_ends(codex)
        else:
            model.push(HANG)
            stream = ask(client, stream=True)
            assert [next(stream).choices[0].delta.content for _ in range(2)] == ["", "po"]
            os.kill(codex, signal.SIGKILL)
            with pytest.raises(openai.APIError) as raised:
                list(stream)
            assert (raised.value.type, raised.value.code) == ("server_error", "codex_stopped")

        assert ask(client).choices[0].message.content == "You said: Say pong"
    assert gateway.codex_pid != codex


@pytest.mark.parametrize("max_retries", [0, 2])
def test_an_answer_that_was_under_way_is_worth_another_attempt(
    gateway: Gateway, model: ScriptedModel, max_retries: int
) -> None:
    model.push(HANG)
    with gateway.client(max_retries=max_retries) as client, ThreadPoolExecutor() as threads:
        answer = threads.submit(ask, client)
        model.wait_for(1)
        os.kill(gateway.codex_pid, signal.SIGKILL)
        if max_retries:
            assert answer.result().choices[0].message.content == "You said: Say pong"
            return
        error = answer.exception()
    assert isinstance(error, openai.InternalServerError)
    assert (error.status_code, error.code) == (502, "codex_stopped")
    assert "x-should-retry" not in error.response.headers


def test_a_codex_that_dies_often_is_started_again_and_again(gateway: Gateway) -> None:
    """With growing pauses: meanwhile requests are refused with the time to wait, which the SDK honours."""
    with gateway.client(max_retries=5) as client:
        for _ in range(4):
            os.kill(gateway.codex_pid, signal.SIGKILL)
            assert ask(client).choices[0].message.content == "You said: Say pong"


def test_a_gateway_that_is_asked_to_stop_ends_its_streams_and_codex(
    gateway: Gateway, model: ScriptedModel
) -> None:
    model.default(HANG)
    codex = gateway.codex_pid
    with gateway.client() as client:
        stream = ask(client, stream=True)
        assert [next(stream).choices[0].delta.content for _ in range(2)] == ["", "po"]
        gateway.stop()
        with pytest.raises(openai.APIError) as raised:
            list(stream)
        assert raised.value.code == "codex_stopped"
        with pytest.raises(openai.APIConnectionError):
            client.models.list()
    assert not is_running(codex)
    assert model.wait_for(1, until="ended")[0]["ended"]["how"] == "closed by client"


def test_a_gateway_that_is_idle_stops_at_once(gateway: Gateway) -> None:
    codex = gateway.codex_pid
    with gateway.client() as client:
        client.models.list()
        started = time.monotonic()
        gateway.stop()
        assert time.monotonic() - started < 5
    assert not is_running(codex)


def test_a_gateway_that_is_killed_leaves_no_codex_behind(gateway: Gateway, model: ScriptedModel) -> None:
    model.default(HANG)
    codex = gateway.codex_pid
    with gateway.client() as client, ask(client, stream=True) as stream:
        next(stream)
        gateway.kill()
    assert_ends(codex)


def test_temporary_folders_are_removed(start_gateway: StartGateway, tmp_path: Path) -> None:
    gateway = start_gateway(variables={"TMPDIR": str(tmp_path)})
    with gateway.client() as client:
        ask(client)
    assert [path.name.startswith("codex-gateway-") for path in tmp_path.iterdir()] == [True]
    gateway.stop()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_gateway_left_behind_is_removed_by_the_next_one(
    start_gateway: StartGateway, tmp_path: Path
) -> None:
    """And nothing else: not the folder of one that runs, nor what only has such a name."""

    def folders() -> set[Path]:
        return {
            path for path in tmp_path.iterdir() if path.is_dir() and path.name.startswith("codex-gateway-")
        }

    def start() -> tuple[Gateway, Path]:
        before = folders()
        gateway = start_gateway(variables={"TMPDIR": str(tmp_path)})
        with gateway.client() as client:
            ask(client)
        [new] = folders() - before
        return gateway, new

    someone_elses = tmp_path / "codex-gateway-notes"
    someone_elses.mkdir(mode=0o700)
    someone_elses.joinpath("precious").touch()
    (killed, left), (running, in_use) = start(), start()
    codex = killed.codex_pid
    killed.kill()
    assert_ends(codex)
    assert left.exists()
    _, new = start()
    assert folders() == {in_use, new, someone_elses}
    assert someone_elses.joinpath("precious").exists()
    # The one that runs has lost nothing that its next Codex needs.
    os.kill(running.codex_pid, signal.SIGKILL)
    with running.client(max_retries=5) as client:
        assert ask(client).choices[0].message.content == "You said: Say pong"
