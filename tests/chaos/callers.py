"""Callers, good and bad, and what they make of their answers."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from stack import MODEL

from report import Report
from world import World

PATIENCE = 90.0
"""How long a caller waits for an answer, in seconds: longer than all that the gateway waits for."""


class Callers:
    def __init__(self, world: World, report: Report, over: threading.Event, seed: int) -> None:
        self.world = world
        self.report = report
        self.over = over
        self.seed = seed
        self.stored: list[str] = []
        """The latest stored responses."""

    def call(self, number: int) -> None:
        chance = random.Random(f"{self.seed} {number}")
        kinds: list[Callable[[random.Random], str | None]] = [
            self.whole,
            self.stream,
            self.go_on,
            self.hang_up,
        ]
        kinds += [self.garbage, self.trickle, self.guess]
        while not self.over.is_set():
            life, since = self.world.lives, time.monotonic()
            if life % 2:
                time.sleep(0.05)
                continue
            kind = chance.choices(kinds, weights=[6, 6, 4, 3, 1, 1, 1])[0]
            try:
                outcome = kind(chance)
            except (OSError, HTTPException) as error:
                outcome = f"no answer: {type(error).__name__}"
            except (AssertionError, ValueError, KeyError) as error:
                outcome = f"malformed: {error}"
            if outcome is None:
                continue
            if outcome.startswith(("no answer", "malformed: the stream ends")) and life != self.world.lives:
                self.report.answers[f"{kind.__name__}: the gateway went away"] += 1
                continue
            self.report.answers[f"{kind.__name__}: {outcome}"] += 1
            took = time.monotonic() - since
            self.report.seconds.append(took)
            if outcome.startswith(("no answer", "malformed")):
                self.report.problems.append(f"{kind.__name__}: {outcome} after {took:.1f} s")
            if outcome.startswith("503"):
                time.sleep(0.3)

    def open(self, body: bytes, token: str | None = None, path: str = "/chat/completions") -> HTTPConnection:
        gateway = self.world.gateway
        connection = HTTPConnection(urlsplit(gateway.base_url).netloc, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {token or gateway.token}", "Content-Type": "application/json"}
        connection.request("POST", f"/v1{path}", body, headers)
        return connection

    def ask(self, chance: random.Random, **fields: Any) -> tuple[bytes, str]:
        words = " ".join(str(chance.random()) for _ in range(chance.choice([1, 5, 50, 2_000])))
        body = {"model": MODEL, "messages": [{"role": "user", "content": words}], **fields}
        return json.dumps(body).encode(), words

    def exchange(self, body: bytes, **options: Any) -> tuple[int, bytes]:
        """The status and the body of a whole answer."""
        connection = self.open(body, **options)
        try:
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def whole(self, chance: random.Random) -> str:
        body, words = self.ask(chance)
        status, text = self.exchange(body)
        if status != 200:
            return check_error(status, json.loads(text)["error"])
        content = json.loads(text)["choices"][0]["message"]["content"]
        return check_text(content, words)

    def stream(self, chance: random.Random) -> str:
        body, words = self.ask(chance, stream=True)
        connection = self.open(body)
        try:
            answer = connection.getresponse()
            if answer.status != 200:
                return check_error(answer.status, json.loads(answer.read())["error"])
            try:
                text = answer.read().decode()
            except (OSError, HTTPException) as error:
                raise AssertionError(f"the stream ends with {type(error).__name__}") from error
        finally:
            connection.close()
        return check_stream(text, words)

    def go_on(self, chance: random.Random) -> str:
        """Goes on with some stored response, and is stored itself."""
        previous = chance.choice(self.stored or [None])
        words = str(chance.random())
        body = {"model": MODEL, "input": words, "previous_response_id": previous}
        status, text = self.exchange(json.dumps(body).encode(), path="/responses")
        if status != 200:
            error = json.loads(text)["error"]
            if error["code"] == "previous_response_not_found":
                self.stored = [kept for kept in self.stored if kept != previous]
            return check_error(status, error)
        response = json.loads(text)
        assert response["status"] == "completed", response["status"]
        # A few chains, each of some length.
        self.stored = [*self.stored[-3:], response["id"]]
        return check_text(response["output"][-1]["content"][0]["text"], words)

    def hang_up(self, chance: random.Random) -> str | None:
        body, _ = self.ask(chance, stream=chance.random() < 0.8)
        connection = self.open(body)
        try:
            assert connection.sock is not None
            connection.sock.settimeout(chance.choice([0.001, 0.01, 0.1, 1]))
            with suppress(TimeoutError):
                left = chance.randrange(4_000)
                while left > 0 and (part := connection.sock.recv(left)):
                    left -= len(part)
        finally:
            connection.close()
        return "done"

    def garbage(self, chance: random.Random) -> str:
        start = chance.choice(
            [b"", b"GET / HTTP/1.1\r\n", b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\r\n"]
        )
        with self.connect() as caller:
            answer = b""
            # A connection that is closed with unread bytes is reset.
            with suppress(ConnectionResetError, BrokenPipeError):
                caller.sendall(start + chance.randbytes(chance.randrange(1, 5_000)) + b"\r\n\r\n")
                caller.shutdown(socket.SHUT_WR)
                while part := caller.recv(65_536):
                    answer += part
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:100]
        return "refused"

    def trickle(self, chance: random.Random) -> str:
        with self.connect() as caller:
            for byte in b"POST /v1/chat/completions HTTP/1.1\r\n"[: chance.randrange(36)]:
                caller.sendall(bytes([byte]))
                time.sleep(0.01)
        return "done"

    def guess(self, chance: random.Random) -> str:
        status, _ = self.exchange(self.ask(chance)[0], token=f"guess-{chance.random()}")
        assert status == 401, status
        return "401"

    def connect(self) -> socket.socket:
        address = urlsplit(self.world.gateway.base_url)
        return socket.create_connection((address.hostname, address.port), timeout=PATIENCE)


def check_error(status: int, error: dict[str, Any]) -> str:
    assert set(error) == {"message", "type", "param", "code"}, error
    assert error["message"], error
    assert 400 <= status < 600, status
    return f"{status} {error['code']}"


def check_text(text: str, words: str) -> str:
    """An answer is the echo, or what a failure that Codex gets over put in its place."""
    assert text == f"You said: {words}" or text in ("", "one", "half"), f"the answer is {text[:100]!r}"
    return "200"


def check_stream(text: str, words: str) -> str:
    assert text.endswith("data: [DONE]\n\n"), f"the stream ends with {text[-100:]!r}"
    content, finished, error = "", 0, None
    for frame in text.removesuffix("\n\n").split("\n\n"):
        if frame.startswith(":"):
            continue
        assert frame.startswith("data: "), f"a frame is {frame[:100]!r}"
        data = frame.removeprefix("data: ")
        if data == "[DONE]":
            continue
        chunk = json.loads(data)
        assert error is None, "something follows an error"
        if "error" in chunk:
            error = check_error(500, chunk["error"])
            continue
        for choice in chunk["choices"]:
            content += choice["delta"].get("content") or ""
            finished += choice["finish_reason"] is not None
    if error is not None:
        assert finished == 0, "an answer ends and fails"
        return f"stream {error}"
    assert finished == 1, f"{finished} ends"
    return check_text(content, words)
