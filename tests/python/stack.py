"""The stack that the tests talk to, with nothing in it faked but the model:

    OpenAI SDK ──▶ codex-gateway ──▶ real Codex ──▶ scripted-model

A test sees both ends: what the SDK gets, and what the model was asked.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

ROOT = Path(__file__).resolve().parents[2]
DEBUG_BUILD = ROOT / "target" / "debug"

MODEL = "gpt-5.5"
"""The model that is asked where a test names none: one of those that Codex itself brings."""

REQUEST: Mapping[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "hi"}]}
"""A chat completion request, for those that are sent without the SDK."""

Script = Mapping[str, Any]
"""How the model answers one request. The crate `scripted-model` documents all that it can hold."""


def ask(client: openai.OpenAI | openai.AsyncOpenAI, content: Any = "Say pong", **options: Any) -> Any:
    """A chat completion for one user message; to be awaited where the client is asynchronous."""
    return client.chat.completions.create(
        **{"model": MODEL, "messages": [{"role": "user", "content": content}]} | options
    )


def streamed_text(chunks: Iterable[Any]) -> str:
    """The answer that the chunks of a stream add up to."""
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def invalid_request(answer: Any, status: int = 400) -> dict[str, Any]:
    """The error object of an HTTP answer that says, with that status, that the request is at fault."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"].startswith("req_")
    body = answer.json()
    assert list(body) == ["error"]
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert body["error"]["type"] == "invalid_request_error"
    assert 10 < len(body["error"]["message"]) < 1_000
    return body["error"]


class Gateway:
    """`codex-gateway serve` on a free port, with a home of its own.

    `settings` are those of its config file, and `variables` those of its environment. Codex asks the scripted
    model, unless the home holds a configuration of Codex already. `launcher` is a command that becomes the
    gateway.
    """

    def __init__(
        self,
        model: ScriptedModel,
        home: Path,
        variables: Mapping[str, str] | None = None,
        launcher: Sequence[str] = (),
        **settings: Any,
    ) -> None:
        codex_home = home / ".codex"
        codex_home.mkdir(exist_ok=True)
        if not (codex_home / "config.toml").exists():
            (codex_home / "config.toml").write_text(model.codex_config())
        config = home / "gateway.json"
        config.write_text(json.dumps({"token": f"test-{secrets.token_urlsafe(32)}", **settings}))
        config.chmod(0o600)

        variables = {"CODEX_HOME": codex_home, "CODEX_GATEWAY_CODEX": codex_binary(), **(variables or {})}
        self._program = Program(
            [*launcher, gateway_binary(), "serve", "--port", "0", "--config", config, "--json"],
            environment(HOME=home, **variables),
            log=home / "stderr.log",
        )
        self.home = home
        self.base_url: str = self._program.ready["base_url"]
        """Ends in `/v1`."""
        self.token: str = self._program.ready["token"]

    @property
    def pid(self) -> int:
        return self._program.pid

    @property
    def codex_pid(self) -> int:
        """The process of Codex, once it is ready: the gateway's only child."""
        lines = subprocess.check_output(["ps", "-A", "-o", "pid=,ppid="], text=True).splitlines()
        [pid] = [int(pid) for pid, parent in map(str.split, lines) if int(parent) == self._program.pid]
        return pid

    @property
    def log(self) -> str:
        """What it has logged in this test."""
        return self._program.new_log()

    @property
    def whole_log(self) -> str:
        """All that it has ever logged."""
        return self.home.joinpath("stderr.log").read_text(errors="replace")

    def client(self, **options: Any) -> openai.OpenAI:
        """An OpenAI client; `options` are those of `openai.OpenAI`."""
        return openai.OpenAI(**self._options(options))

    def async_client(self, **options: Any) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(**self._options(options))

    def http(self, headers: Mapping[str, str] | None = None) -> openai.DefaultHttpxClient:
        """The HTTP client of the SDK without the SDK. Other headers take the place of the token."""
        headers = {"Authorization": f"Bearer {self.token}"} if headers is None else headers
        return openai.DefaultHttpxClient(base_url=self.base_url, headers=headers, timeout=60, trust_env=False)

    def stop(self) -> None:
        """Asks it to end, and asserts that it does so cleanly. One that has ended already is left alone."""
        if self._program in RUNNING:
            self._program.signal(signal.SIGTERM)
            self._program.wait_for_success()

    def kill(self) -> None:
        self._program.kill()

    def _options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {"base_url": self.base_url, "api_key": self.token, "max_retries": 0, "timeout": 60, **options}


class ScriptedModel:
    """The model behind Codex: `scripted-model`, over its control requests."""

    def __init__(self, home: Path) -> None:
        binary = os.environ.get("SCRIPTED_MODEL_BIN", DEBUG_BUILD / "scripted-model")
        self._program = Program([binary], environment(HOME=home), log=home / "stderr.log")
        self._control = urlsplit(self._program.ready["control_url"])

    def default(self, script: Script) -> None:
        """Answers every request that finds no pushed script."""
        self._call("PUT", "/default", script)

    def push(self, script: Script) -> None:
        """Answers one request, after those that were pushed before."""
        self._call("POST", "/push", script)

    def text(self, *deltas: str, **fields: Any) -> None:
        """Answers every request with one message; `fields` are others of the script, such as `usage`."""
        self.default({"steps": [{"message": {"deltas": deltas}}], **fields})

    def error(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        """Answers every request with an HTTP error."""
        self.default({"status": status, "headers": headers or {}, "body": body})

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What the model was asked in this test, oldest first: `body`, `headers`, `path`, `ended`, …"""
        return self._recorded("/requests")

    @property
    def conversation(self) -> list[dict[str, Any]]:
        """What the model was last given to answer, less what Codex makes up or keeps of an answer's form."""

        def plain(value: Any) -> Any:
            if isinstance(value, dict):
                made_up = {"id", "status", "annotations"}
                return {field: plain(part) for field, part in value.items() if field not in made_up}
            return [plain(part) for part in value] if isinstance(value, list) else value

        return plain(self.requests[-1]["body"]["input"])

    def wait_for(self, count: int, until: str = "arrived", seconds: float = 10) -> list[dict[str, Any]]:
        """The requests, once `count` of them have `"arrived"` or `"ended"`."""
        return self._recorded(f"/requests?wait={count}&until={until}&timeout_ms={seconds * 1000:.0f}")

    def codex_config(self) -> str:
        """The `config.toml` that makes Codex ask this model."""
        return self._call("GET", "/config.toml")

    def reset(self) -> None:
        self.default({"steps": [{"echo": {}}]})
        self._call("DELETE", "/queue")
        self._call("DELETE", "/requests")

    def stop(self) -> None:
        self._program.wait_for_success()

    def _recorded(self, path: str) -> list[dict[str, Any]]:
        return json.loads(self._call("GET", path))["requests"]

    def _call(self, method: str, path: str, body: Any = None) -> str:
        # Not urllib, which would send it through the proxy of whoever runs the tests.
        connection = HTTPConnection(self._control.netloc, timeout=60)
        try:
            connection.request(method, self._control.path + path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            answer = response.read().decode()
        finally:
            connection.close()
        assert response.status < 300, f"{method} {path}: {response.status} {answer}"
        return answer


class Program:
    """A child process that says in one line of JSON that it is ready. Its stderr goes to the file `log`."""

    def __init__(self, command: Sequence[str | os.PathLike[str]], env: dict[str, str], log: Path) -> None:
        self.name = Path(command[0]).name
        self._log = log
        self._seen = 0
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                command,
                env=env,
                cwd=env["HOME"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        self.ready: dict[str, Any] = self._first_line(seconds=60)
        RUNNING.append(self)

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait_for_success(self, seconds: float = 10) -> None:
        """Closes its stdin, which ends the model, and asserts that it ends in time and of its own accord."""
        RUNNING.remove(self)
        try:
            self._process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            pytest.fail(f"{self.name} did not end within {seconds} s:\n{self.new_log()}")
        status = self._process.returncode
        assert status == 0, f"{self.name} ended with {status}:\n{self.new_log()}"

    def kill(self) -> None:
        RUNNING.remove(self)
        self._process.kill()
        self._process.communicate()

    def mark_log(self) -> None:
        """From here on the log is new."""
        self._seen = self._log.stat().st_size

    def new_log(self, limit: int = 8_000) -> str:
        """The end of what was logged since `mark_log`, `limit` bytes at most."""
        return self._log.read_bytes()[self._seen :][-limit:].decode(errors="replace")

    def _first_line(self, seconds: float) -> dict[str, Any]:
        # Killing it ends the read: a pipe has no time-out of its own.
        too_late = threading.Timer(seconds, self._process.kill)
        too_late.start()
        line = self._process.stdout.readline()
        too_late.cancel()
        if line:
            return json.loads(line)
        self._process.communicate()
        status = self._process.returncode
        pytest.fail(f"{self.name} ended with {status} before it was ready:\n{self.new_log()}")


RUNNING: list[Program] = []
"""Their logs are shown under a test that fails."""


def environment(HOME: Path, **extra: os.PathLike[str]) -> dict[str, str]:
    """No variable of whoever runs the tests comes in, save those that programs need to run or be measured."""
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "RUST_BACKTRACE", "RUST_LOG", "LLVM_PROFILE_FILE")
    places = {f"XDG_{kind}_HOME": HOME / kind.lower() for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
    chosen = {"HOME": HOME, "XDG_RUNTIME_DIR": HOME, **places, **extra}
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        name: os.fspath(value) for name, value in chosen.items()
    }


def gateway_binary() -> Path:
    return Path(os.environ.get("CODEX_GATEWAY_BIN", DEBUG_BUILD / "codex-gateway"))


def codex_binary() -> Path:
    """The real Codex that is tested against: the one named by the environment, else the pinned one."""
    if named := os.environ.get("CODEX_GATEWAY_CODEX"):
        return Path(named)
    installed = list(ROOT.glob("node_modules/@openai/codex-*/vendor/*/bin/codex"))
    assert installed, "Codex is not installed here: run `make setup`"
    return installed[0]
