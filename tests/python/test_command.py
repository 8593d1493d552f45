"""The command `codex-gateway`, run as people and scripts run it."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from stack import codex_binary, environment, gateway_binary

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the command in an empty home; other keywords than `stdout` are variables of its environment."""

    def run(
        *arguments: Any, stdout: Any = subprocess.PIPE, **variables: Any
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [gateway_binary(), *arguments],
            env=environment(HOME=tmp_path, **variables),
            cwd=tmp_path,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Where the config file is, once there is one."""
    return tmp_path / "config" / "codex-gateway" / "config.json"


def output(finished: subprocess.CompletedProcess[str]) -> str:
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    return finished.stdout


def complaint(finished: subprocess.CompletedProcess[str]) -> str:
    assert finished.returncode == 1, finished
    assert finished.stdout == ""
    assert finished.stderr.startswith("codex-gateway: ")
    return finished.stderr


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def python_lines(text: str) -> openai.OpenAI:
    """The client that the printed lines for Python make."""
    lines = text[text.index("from openai import OpenAI") :]
    scope: dict[str, Any] = {}
    exec(lines, scope)
    return scope["client"]


def test_init_writes_a_private_file_and_prints_lines_that_work(run: Run, config: Path) -> None:
    printed = output(run("init"))
    assert (mode(config), mode(config.parent)) == (0o600, 0o700)
    token = json.loads(config.read_text())["token"]
    assert len(token) > 40
    assert str(config) in printed
    client = python_lines(printed)
    assert (str(client.base_url), client.api_key) == ("http://127.0.0.1:8000/v1/", token)


def test_init_leaves_a_file_that_exists_alone(run: Run, config: Path) -> None:
    first = output(run("init", "--port", "9000"))
    before = config.read_bytes()
    again = output(run("init"))
    assert config.read_bytes() == before
    assert "--force" in again
    assert python_lines(again).api_key == python_lines(first).api_key

    forced = output(run("init", "--force"))
    assert python_lines(forced).api_key != python_lines(first).api_key
    assert mode(config) == 0o600


WRITTEN_BY_HAND = {
    "port": 9000,
    "model_aliases": {"gpt-4o": "gpt-5.5"},
    "unsupported_parameters": "ignore",
    "colour": "red",
}


@pytest.mark.parametrize("command", ["show", "env", "token", "token --keyring", "token --file", "doctor"])
def test_a_file_without_a_token_is_given_one_by_what_the_message_says(
    run: Run, config: Path, command: str
) -> None:
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps(WRITTEN_BY_HAND))
    # Neither a port that is held nor a Codex that is not signed in is what this is about.
    finished = run(*command.split(), "--codex", "/nowhere")
    said = finished.stdout + finished.stderr
    [advice] = re.findall(r"`codex-gateway (init[^`]*)`", said)
    printed = output(run(*advice.split()))
    written = json.loads(config.read_text())
    token = written.pop("token")
    assert written == WRITTEN_BY_HAND
    assert f"Added a local token to the config file {config}" in printed
    assert python_lines(printed).api_key == token
    assert output(run("token")) == f"{token}\n"
    # The next one changes nothing.
    before = config.read_bytes()
    assert python_lines(output(run("init"))).api_key == token
    assert config.read_bytes() == before


def test_a_file_without_a_token_is_given_the_one_that_is_named(run: Run, config: Path) -> None:
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps(WRITTEN_BY_HAND))
    output(run("init", "--token", "mine", "--file"))
    assert json.loads(config.read_text()) == {**WRITTEN_BY_HAND, "token": "mine", "token_place": "file"}


def test_show_token_and_env_tell_the_same(run: Run, config: Path) -> None:
    output(run("init", "--port", "9000", "--host", "::1"))
    token = json.loads(config.read_text())["token"]
    base_url = "http://[::1]:9000/v1"
    client = python_lines(output(run("show")))
    assert (str(client.base_url), client.api_key) == (f"{base_url}/", token)
    assert json.loads(output(run("show", "--json"))) == {"base_url": base_url, "token": token}
    assert output(run("token")) == f"{token}\n"
    assert json.loads(output(run("token", "--json"))) == {"token": token}
    variables = {
        "CODEX_GATEWAY_HOST": "::1",
        "CODEX_GATEWAY_PORT": "9000",
        "CODEX_GATEWAY_BASE_URL": base_url,
        "CODEX_GATEWAY_TOKEN": token,
    }
    assert json.loads(output(run("env", "--json"))) == variables
    assert evaluated(output(run("env")), list(variables)) == variables


def evaluated(exports: str, names: list[str]) -> dict[str, str]:
    """The variables after a shell has run the exports."""
    script = f"{exports}\n" + "\n".join(f'printf "%s\\n" "${name}"' for name in names)
    lines = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, check=True).stdout
    return dict(zip(names, lines.splitlines(), strict=True))


@pytest.mark.parametrize("token", ["a'b\"c", "$HOME`id`", r"back\slash", "semi;colon&pipe|", "#hash!*?~"])
def test_a_token_of_any_characters_survives_the_shell(run: Run, token: str) -> None:
    exports = output(run("env", CODEX_GATEWAY_TOKEN=token))
    assert evaluated(exports, ["CODEX_GATEWAY_TOKEN"]) == {"CODEX_GATEWAY_TOKEN": token}
    assert python_lines(output(run("show", CODEX_GATEWAY_TOKEN=token))).api_key == token


@pytest.mark.parametrize("command", ["token", "show", "env"])
def test_without_a_token_there_is_nothing_to_show(run: Run, command: str) -> None:
    assert "codex-gateway init" in complaint(run(command))


def test_an_api_key_is_never_taken_for_a_token(run: Run, config: Path) -> None:
    key = "sk-proj-0123456789"
    config.parent.mkdir(parents=True)
    attempts = [
        run("init", "--token", key),
        run("serve", "--port", "0", CODEX_GATEWAY_TOKEN=key),
    ]
    config.write_text(json.dumps({"token": key}))
    attempts.append(run("token"))
    for attempt in attempts:
        said = complaint(attempt)
        assert "OpenAI API key" in said
        assert key not in said


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "example.org", ""])
def test_only_loopback_is_listened_on(run: Run, host: str) -> None:
    for attempt in (run("serve", "--port", "0", "--host", host), run("serve", CODEX_GATEWAY_HOST=host)):
        assert "loopback" in complaint(attempt)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n  "port": 8000,\n  "token": }\n', "line 3"),
        ('{\n  "port": "many"\n}', "line 2"),
        ('{"port": 70000}', "line 1"),
        ("[]", "it must hold a JSON object"),
        ("", "it must hold a JSON object"),
        ('{"port": 1, "port": 2}', "`port` is given twice"),
        ('{"codex_home": 1}', "`codex_home` must be `shared` or `own`"),
        ('{"max_active_turns": 0}', "`max_active_turns`"),
        ('{"turn_timeout_seconds": -1}', "line 1"),
    ],
)
def test_a_mistake_in_the_config_file_is_named(run: Run, config: Path, text: str, said: str) -> None:
    config.parent.mkdir(parents=True)
    config.write_text(text)
    for command in ("show", "serve"):
        complained = complaint(run(command))
        assert said in complained
        assert str(config) in complained


@pytest.mark.parametrize(
    "text",
    [
        '{"token": 123456789012}',
        '{"port": "hunter2"}',
        '{"token_place": "hunter2"}',
        '{"codex_home": "hunter2"}',
        '{"allowed_origins": ["hunter2"]}',
        '"hunter2"',
        '{"token": "hunter2" "port": 1}',
    ],
)
@pytest.mark.parametrize("command", ["serve", "show", "token", "doctor"])
def test_a_value_of_the_config_file_is_never_told(run: Run, config: Path, command: str, text: str) -> None:
    config.parent.mkdir(parents=True)
    config.write_text(text)
    finished = run(command, "--port", "0", "--codex", "/nowhere")
    assert finished.returncode == 1
    said = finished.stdout + finished.stderr
    assert "config.json is not valid: " in said
    assert "hunter2" not in said
    assert "123456789012" not in said


def test_an_error_is_told_once(run: Run, config: Path) -> None:
    config.mkdir(parents=True)
    said = complaint(run("show"))
    assert said.startswith(f"codex-gateway: the config file {config} can't be read: ")
    cause = said.split(": ")[2].strip()
    assert said.count(cause) == 1
    in_the_way = config / "file"
    in_the_way.write_text("")
    said = complaint(run("init", "--config", in_the_way / "config.json"))
    assert said.count("can't be") == 1
    assert said.count("os error") == 1


@pytest.mark.parametrize("given", [("completions", "bash"), ("fields",), ("man",), ("show", "--token", "t")])
def test_a_reader_that_is_gone_is_no_trouble_and_a_full_disk_is(run: Run, given: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        finished = run(*given, stdout=closed)
    assert (finished.returncode, finished.stderr) == (0, "")
    if Path("/dev/full").exists():
        with Path("/dev/full").open("wb") as full:
            finished = run(*given, stdout=full)
        assert finished.returncode == 1
        assert finished.stderr.startswith("codex-gateway: the output can't be written: ")


def test_a_mistake_in_a_variable_is_named(run: Run) -> None:
    for name, value, wanted in (
        ("PORT", "many", "a whole number from 0 to 65535"),
        ("TURN_TIMEOUT_SECONDS", "soon", "a whole number, 0 or more"),
        ("LOG_TEXT", "yes", "`true` or `false`"),
        ("RESPONSE_HISTORY", "all", "`off`, `memory` or `disk`"),
    ):
        said = complaint(run("serve", **{f"CODEX_GATEWAY_{name}": value}))
        assert f"CODEX_GATEWAY_{name} must be {wanted}" in said


def test_a_port_in_use_is_named_and_left_alone(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        said = complaint(run("serve", "--port", str(port)))
        assert f"port {port} is already in use: " in said
        assert said.endswith("or choose another port with --port\n")


def test_a_log_that_can_not_be_chosen_is_explained(run: Run) -> None:
    said = complaint(run("serve", "--port", "0", CODEX_GATEWAY_LOG="gateway=loud"))
    assert said.startswith("codex-gateway: CODEX_GATEWAY_LOG can't be used: ")
    assert "Use a level such as `warn`" in said


@pytest.mark.parametrize("command", [("login",), ("generate-ts", "--out", "types")])
def test_a_codex_that_is_missing_comes_with_its_cure(run: Run, command: tuple[str, ...]) -> None:
    said = complaint(run(*command, "--codex", "/nowhere/codex"))
    assert "there is no Codex at /nowhere/codex. Install it (`npm install -g @openai/codex`)" in said


def test_flags_come_before_variables_and_those_before_the_file(run: Run, config: Path) -> None:
    output(run("init", "--port", "9001", "--token", "from-file"))
    variables = {"CODEX_GATEWAY_PORT": "9002", "CODEX_GATEWAY_TOKEN": "from-variable"}

    def shown(*arguments: str, **variables: str) -> tuple[str, str]:
        access = json.loads(output(run("show", "--json", *arguments, **variables)))
        return access["base_url"].split(":")[-1], access["token"]

    assert shown() == ("9001/v1", "from-file")
    assert shown(**variables) == ("9002/v1", "from-variable")
    assert shown("--port", "9003", **variables) == ("9003/v1", "from-variable")


def test_the_config_file_may_be_anywhere(run: Run, tmp_path: Path) -> None:
    elsewhere = tmp_path / "deep" / "er" / "mine.json"
    output(run("init", "--config", elsewhere, "--token", "mine"))
    assert output(run("token", CODEX_GATEWAY_CONFIG=elsewhere)) == "mine\n"
    assert output(run("token", CODEX_GATEWAY_CONFIG="~/deep/er/mine.json")) == "mine\n"
    assert "init" in complaint(run("token"))


def test_an_empty_variable_for_a_path_is_as_good_as_none(run: Run, config: Path, tmp_path: Path) -> None:
    output(run("init", CODEX_GATEWAY_CONFIG="", CODEX_GATEWAY_CODEX=""))
    assert "codex" not in json.loads(config.read_text())
    config.write_text(json.dumps({"token": "t", "codex": "/nowhere/of/the/file"}))
    assert "/nowhere/of/the/file" in run("doctor", "--port", "0", CODEX_GATEWAY_CODEX="").stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config"]


def without_a_home() -> dict[str, str]:
    """A relative folder is another one for each program. Without the variable, the system knows the home."""
    variables = environment(HOME=Path("relative"))
    return {name: value for name, value in variables.items() if not name.startswith("XDG_")}


@pytest.mark.parametrize(
    "given",
    [("init",), ("init", "--keyring"), ("init", "--force"), ("token", "--rotate"), ("show",), ("serve",)],
)
def test_without_a_home_nothing_is_written_into_the_current_folder(
    tmp_path: Path, given: tuple[str, ...]
) -> None:
    finished = subprocess.run(
        [gateway_binary(), *given],
        env=without_a_home(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "there is no home folder to find the config file in: set HOME" in complaint(finished)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("settings", [{"codex_home": "own"}, {"response_history": "disk"}])
def test_without_a_home_nothing_can_be_kept_on_the_disk(tmp_path: Path, settings: dict[str, str]) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"token": "t", **settings}))
    finished = subprocess.run(
        [gateway_binary(), "serve", "--port", "0", "--config", config],
        env=without_a_home(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "set HOME or XDG_DATA_HOME" in complaint(finished)
    assert list(tmp_path.iterdir()) == [config]


@pytest.mark.parametrize("command", ["generate-json-schema", "generate-ts"])
def test_the_protocol_of_codex_is_written_down(run: Run, tmp_path: Path, command: str) -> None:
    finished = run(command, "--out", tmp_path / "protocol", "--codex", codex_binary())
    assert finished.returncode == 0, finished.stderr
    files = [path for path in (tmp_path / "protocol").rglob("*") if path.is_file()]
    assert len(files) > 10
    assert any("turn/start" in path.read_text() for path in files)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "elvish", "powershell"])
def test_shells_complete_the_commands(run: Run, shell: str) -> None:
    script = output(run("completions", shell))
    assert all(command in script for command in ("serve", "demo", "init", "generate-json-schema"))


def commands(run: Run) -> list[str]:
    """The commands that the help tells of."""
    names = re.findall(r"^  ([a-z-]+) {2,}\S", output(run("--help")).split("Options and settings:")[0], re.M)
    assert {"serve", "demo", "init", "show", "token", "doctor"} < set(names)
    return names


def test_help_and_version_are_there(run: Run) -> None:
    assert output(run("--version")).startswith("codex-gateway 0.")
    helped = output(run("--help"))
    assert all(word in helped for word in ("serve", "init", "--port", "CODEX_GATEWAY_TOKEN", "Examples:"))
    assert run("nonsense").returncode == 2
    for command in commands(run):
        told = " ".join(output(run(command, "--help")).split())
        assert f"codex-gateway {command}" in told
        assert all(f"[env: CODEX_GATEWAY_{name}]" in told for name in ("HOST", "PORT", "TOKEN"))


def test_every_command_is_in_the_manual(run: Run, tmp_path: Path) -> None:
    page = output(run("man")).replace("\\", "")
    assert output(run("man", "--out", tmp_path / "man")) == ""
    pages = {path.name: path.read_text().replace("\\", "") for path in (tmp_path / "man").iterdir()}
    assert set(pages) == {"codex-gateway.1", *(f"codex-gateway-{name}.1" for name in commands(run))}
    for name in commands(run):
        assert f"codex-gateway-{name}(1)" in page
        assert "--port" in pages[f"codex-gateway-{name}.1"]
    assert pages["codex-gateway.1"] == page
    assert all(word in page for word in ("CODEX_GATEWAY_LOG", "config.json", "codex-gateway doctor"))
