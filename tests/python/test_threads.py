"""Codex's threads: none stays loaded that nobody uses."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from stack import Gateway, ask, codex_binary
from test_home_changes import soon
from test_tools import WEATHER

StartGateway = Callable[..., Gateway]

READY = 4
"""As many threads wait for requests."""


class Tape:
    """A Codex, and what is said to it and by it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "codex"
        codex = f'"{codex_binary()}" "$@"'
        taped = f'tee "{folder}/in" | {codex} | tee "{folder}/out"'
        self.program.write_text(
            f'#!/bin/sh\ncase " $* " in\n*" app-server "*) {taped} ;;\n*) exec {codex} ;;\nesac\n'
        )
        self.program.chmod(0o700)

    def started(self) -> set[str]:
        results = [message.get("result") or {} for message in self._messages("out")]
        return {result["thread"]["id"] for result in results if "thread" in result}

    def given_up(self) -> set[str]:
        messages = self._messages("in")
        return {
            message["params"]["threadId"]
            for message in messages
            if message.get("method") == "thread/unsubscribe"
        }

    def asked_for_the_configuration(self) -> int:
        return sum(message.get("method") == "config/read" for message in self._messages("in"))

    def _messages(self, name: str) -> list[dict[str, Any]]:
        # The last line may be under way.
        lines = (self.folder / name).read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines]


def test_a_thread_that_comes_too_late_is_given_up(start_gateway: StartGateway, tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    gateway = start_gateway(
        variables={"CODEX_GATEWAY_CODEX": str(tape.program)}, request_timeout_seconds=2, kept_conversations=0
    )
    with gateway.client() as client:
        ask(client)
        assert soon(lambda: (len(tape.started()), len(tape.given_up())) == (READY + 1, 1))
        os.killpg(gateway.codex_pid, signal.SIGSTOP)
        try:
            for _ in range(2):
                with pytest.raises(openai.InternalServerError) as error:
                    ask(client, tools=[WEATHER])
                assert (error.value.status_code, error.value.code) == (503, "codex_unavailable")
        finally:
            os.killpg(gateway.codex_pid, signal.SIGCONT)
        ask(client, tools=[WEATHER])
    assert soon(lambda: len(tape.started()) >= READY + 4)
    assert soon(lambda: len(tape.started() - tape.given_up()) <= READY)


def test_codex_is_asked_for_its_configuration_every_now_and_then(
    start_gateway: StartGateway, tmp_path: Path
) -> None:
    tape = Tape(tmp_path)
    gateway = start_gateway(variables={"CODEX_GATEWAY_CODEX": str(tape.program)})
    with gateway.client() as client:
        since = time.monotonic()
        for _ in range(20):
            ask(client, tools=[WEATHER])
        seconds = time.monotonic() - since
        before = tape.asked_for_the_configuration()
        assert len(tape.started()) > 20
        assert before <= 2 + seconds
        time.sleep(1)
        ask(client, tools=[WEATHER])
        assert tape.asked_for_the_configuration() > before
