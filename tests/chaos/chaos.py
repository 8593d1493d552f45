"""Chaos: many callers, good and bad, while Codex, the provider and the gateway itself fail again and again.

    python tests/chaos/chaos.py [--minutes 10] [--callers 8] [--seed 1]

It runs the real Codex on the scripted model. Afterwards no request is without an answer, no stream is
malformed, and nothing is left behind: no process, thread, socket, file or memory. It ends with the figures,
and with status 1 where something is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))

from stack import MODEL, Gateway, ScriptedModel

PATIENCE = 90.0
"""How long a caller waits for an answer, in seconds: longer than all that the gateway waits for."""

SETTINGS = {
    "turn_timeout_seconds": 30,
    "idle_timeout_seconds": 5,
    "request_timeout_seconds": 10,
    "queue_timeout_seconds": 20,
    "max_active_turns": 6,
}

PROVIDER_FAILURES: list[dict[str, Any]] = [
    {"steps": [{"message": {"deltas": ["on", "e"], "unfinished": True}}], "end": "cut"},
    {"steps": [{"message": {"deltas": ["on", "e"], "unfinished": True}}], "end": "hang"},
    {"steps": [], "end": "hang"},
    {"steps": [{"garbage": "data: {nonsense\n\n"}], "end": "cut"},
    {"steps": [{"text": "half"}], "end": {"failed": {"code": "server_error", "message": "It broke."}}},
    {"status": 500, "body": {"error": {"message": "It broke."}}},
    {"status": 503, "body": "no JSON at all"},
    {"status": 429, "headers": {"retry-after": "1"}, "body": {"error": {"message": "Slower."}}},
    {"status": 400, "body": {"error": {"message": "Not so.", "code": "bad", "param": "input"}}},
]


@dataclass
class Report:
    """What was done, what came of it, and what is wrong."""

    answers: Counter[str] = field(default_factory=Counter)
    blows: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        times = sorted(self.seconds) or [0.0]
        at = [times[int(part * (len(times) - 1))] for part in (0.5, 0.99, 1)]
        lines = [
            f"answers      {sum(self.answers.values())}",
            *(f"  {count:6}  {name}" for name, count in self.answers.most_common()),
            f"blows        {sum(self.blows.values())}",
            *(f"  {count:6}  {name}" for name, count in self.blows.most_common()),
            "time of an answer (median, 99 of 100, longest): " + ", ".join(f"{it:.2f} s" for it in at),
            *(f"{name}: {value}" for name, value in self.figures.items()),
            f"problems     {len(self.problems)}",
            *(f"  {problem}" for problem in self.problems[:20]),
        ]
        return "\n".join(lines)


class Chaos:
    def __init__(self, home: Path, callers: int, seed: int) -> None:
        self.report = Report()
        self.callers = callers
        self.seed = seed
        self.home = home
        self.temporary = home / "tmp"
        self.temporary.mkdir()
        (home / "model").mkdir()
        self.model = ScriptedModel(home / "model")
        self.model.default({"steps": [{"echo": {"pause_ms": 2}}]})
        self.over = threading.Event()
        self.lives = 0
        """Odd while there is no gateway."""
        self.killed = 0
        self.gateway = self.start_gateway()

    def start_gateway(self) -> Gateway:
        home = self.home / f"gateway-{self.lives}"
        home.mkdir()
        return Gateway(self.model, home, variables={"TMPDIR": str(self.temporary)}, **SETTINGS)

    def run(self, seconds: float) -> Report:
        before = self.settled()
        threads = [threading.Thread(target=self.call, args=(number,)) for number in range(self.callers)]
        threads.append(threading.Thread(target=self.strike))
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.over.set()
        for thread in threads:
            thread.join(PATIENCE + 30)
            if thread.is_alive():
                self.report.problems.append("a caller still waits for an answer")
        self.conclude(before)
        return self.report

    # The callers.

    def call(self, number: int) -> None:
        chance = random.Random(f"{self.seed} {number}")
        kinds: list[Callable[[random.Random], str | None]] = [
            self.whole,
            self.stream,
            self.hang_up,
            self.garbage,
        ]
        kinds += [self.trickle, self.guess]
        while not self.over.is_set():
            life, since = self.lives, time.monotonic()
            if life % 2:
                time.sleep(0.05)
                continue
            kind = chance.choices(kinds, weights=[6, 6, 3, 1, 1, 1])[0]
            try:
                outcome = kind(chance)
            except (OSError, HTTPException) as error:
                outcome = f"no answer: {type(error).__name__}"
            except (AssertionError, ValueError, KeyError) as error:
                outcome = f"malformed: {error}"
            if outcome is None:
                continue
            if outcome.startswith(("no answer", "malformed: the stream ends")) and life != self.lives:
                self.report.answers[f"{kind.__name__}: the gateway went away"] += 1
                continue
            self.report.answers[f"{kind.__name__}: {outcome}"] += 1
            took = time.monotonic() - since
            self.report.seconds.append(took)
            if outcome.startswith(("no answer", "malformed")):
                self.report.problems.append(f"{kind.__name__}: {outcome} after {took:.1f} s")
            if outcome.startswith("503"):
                time.sleep(0.3)

    def open(self, body: bytes, token: str | None = None) -> HTTPConnection:
        gateway = self.gateway
        connection = HTTPConnection(urlsplit(gateway.base_url).netloc, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {token or gateway.token}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/chat/completions", body, headers)
        return connection

    def ask(self, chance: random.Random, **fields: Any) -> tuple[bytes, str]:
        words = " ".join(str(chance.random()) for _ in range(chance.choice([1, 5, 50, 2_000])))
        body = {"model": MODEL, "messages": [{"role": "user", "content": words}], **fields}
        return json.dumps(body).encode(), words

    def whole(self, chance: random.Random) -> str:
        body, words = self.ask(chance)
        connection = self.open(body)
        try:
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            return check_error(answer.status, json.loads(text)["error"])
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
        connection = self.open(self.ask(chance)[0], token=f"guess-{chance.random()}")
        try:
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        assert answer.status == 401, answer.status
        return "401"

    def connect(self) -> socket.socket:
        address = urlsplit(self.gateway.base_url)
        return socket.create_connection((address.hostname, address.port), timeout=PATIENCE)

    # The blows.

    def strike(self) -> None:
        chance = random.Random(f"{self.seed} blows")
        blows = [
            self.fail_provider,
            self.kill_codex,
            self.freeze_codex,
            self.restart_gateway,
            self.kill_gateway,
        ]
        while not self.over.wait(chance.uniform(0.2, 2)):
            blow = chance.choices(blows, weights=[12, 2, 2, 1, 1])[0]
            blow(chance)
            self.report.blows[blow.__name__] += 1

    def kill_codex(self, chance: random.Random) -> None:
        for pid in self.codex():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def freeze_codex(self, chance: random.Random) -> None:
        frozen = self.codex()
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in frozen:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            time.sleep(chance.uniform(0.1, 2) if number == signal.SIGSTOP else 0)

    def fail_provider(self, chance: random.Random) -> None:
        for _ in range(chance.randrange(1, 6)):
            self.model.push(chance.choice(PROVIDER_FAILURES))

    def restart_gateway(self, chance: random.Random) -> None:
        self.lives += 1
        self.gateway.stop()
        self.gateway = self.start_gateway()
        self.lives += 1

    def kill_gateway(self, chance: random.Random) -> None:
        self.lives += 1
        self.killed += 1
        self.gateway.kill()
        self.gateway = self.start_gateway()
        self.lives += 1

    def codex(self) -> list[int]:
        """The gateway's children."""
        return [pid for pid, parent, _ in processes() if parent == self.gateway.pid]

    # What is left.

    def settled(self) -> dict[str, int]:
        """What the gateway and Codex hold once nothing is asked of them, after some requests."""
        self.model.reset()
        with self.gateway.client(max_retries=10) as client:
            for _ in range(30):
                client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hi"}])
        # Codex unloads threads after a second.
        time.sleep(4)
        process = Path(f"/proc/{self.gateway.pid}")
        [codex] = self.codex()
        return {
            "threads": len(list((process / "task").iterdir())),
            "descriptors": len(list((process / "fd").iterdir())),
            "memory of the gateway in MiB": resident(self.gateway.pid),
            "memory of Codex in MiB": resident(codex),
        }

    def conclude(self, before: dict[str, int]) -> None:
        try:
            after = self.settled()
        except Exception as error:
            self.report.problems.append(f"afterwards: {type(error).__name__}: {error}")
            after = before
        for name, value in before.items():
            self.report.figures[name] = f"{value} before, {after[name]} after"
            # Pools breathe, and the tokenizer takes 50 MiB; what leaks grows with every request.
            room = 100 if "memory" in name else 12
            if after[name] > value + room:
                self.report.problems.append(f"{name}: {value} before, {after[name]} after")
        since = time.monotonic()
        self.gateway.stop()
        self.report.figures["time to stop"] = f"{time.monotonic() - since:.2f} s"
        time.sleep(1)
        # A gateway that was killed could not remove its folder.
        folders = list(self.temporary.glob("codex-gateway-*"))
        self.report.figures["folders left"] = f"{len(folders)} of {self.killed} killed gateways"
        if len(folders) > self.killed:
            self.report.problems.append(f"left: {folders}")
        mine = [command for _, _, command in processes() if str(self.temporary) in command]
        self.report.figures["processes left"] = len(mine)
        self.report.problems += [f"left: {command}" for command in mine]
        self.model.stop()


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


def processes() -> list[tuple[int, int, str]]:
    """Process, parent and command of all that run."""
    output = subprocess.check_output(["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="], text=True)
    fields = (line.split(None, 3) for line in output.splitlines())
    return [(int(it[0]), int(it[1]), it[3]) for it in fields if len(it) == 4 and not it[2].startswith("Z")]


def resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def run(seconds: float, callers: int = 8, seed: int = 1) -> Report:
    with tempfile.TemporaryDirectory(prefix="chaos-") as home:
        return Chaos(Path(home), callers, seed).run(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    report = run(options.minutes * 60, options.callers, options.seed)
    print(report)
    sys.exit(bool(report.problems))


if __name__ == "__main__":
    main()
