"""The gateway as a running program: its settings, its demo, and a Codex that cannot answer."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from stack import MODEL, Gateway, Program, ScriptedModel, ask, codex_binary, environment, gateway_binary

StartGateway = Callable[..., Gateway]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., openai.OpenAI]]:
    """Starts the command in an empty home, and returns a client for it. It must end cleanly."""
    programs: list[Program] = []

    def start(*arguments: Any) -> openai.OpenAI:
        command = [gateway_binary(), *arguments, "--port", "0", "--json"]
        (tmp_path / "temporary").mkdir(exist_ok=True)
        variables = environment(
            HOME=tmp_path, CODEX_GATEWAY_CODEX=codex_binary(), TMPDIR=tmp_path / "temporary"
        )
        programs.append(Program(command, variables, log=tmp_path / "stderr.log"))
        ready = programs[-1].ready
        return openai.OpenAI(base_url=ready["base_url"], api_key=ready["token"], max_retries=0)

    yield start
    for program in programs:
        program.signal(signal.SIGTERM)
        program.wait_for_success()


SCRIPTED = "This answer is scripted: the demo model repeats what it was asked. You said: Say pong"


def test_the_demo_answers_and_says_that_it_is_scripted(start: Callable[..., openai.OpenAI]) -> None:
    client = start("demo")
    assert MODEL in [entry.id for entry in client.models.list()]
    assert ask(client).choices[0].message.content == SCRIPTED
    chunks = list(ask(client, stream=True))
    assert len(chunks) > 10


def test_nobody_but_its_codex_reaches_the_model_of_the_demo(
    start: Callable[..., openai.OpenAI], tmp_path: Path
) -> None:
    client = start("demo")
    assert ask(client).choices[0].message.content == SCRIPTED
    [config] = tmp_path.glob("temporary/codex-gateway-*/config.toml")
    [base_url] = re.findall(r'base_url = "(.+)"', config.read_text())
    with openai.DefaultHttpxClient(trust_env=False, headers={"Host": "evil.example"}) as other:
        for path in ("/v1/responses", "/control/push", "/v1/models"):
            answer = other.post(base_url.removesuffix("/v1") + path, json={"input": []})
            assert answer.status_code == 401, path
        answer = other.get(base_url.removesuffix("/v1") + "/control/requests")
        assert answer.status_code == 401
        assert "Say pong" not in answer.text


def test_the_lines_that_the_demo_prints_can_be_pasted_into_python(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [gateway_binary(), "demo", "--port", "0"],
        env=environment(HOME=tmp_path, CODEX_GATEWAY_CODEX=codex_binary()),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        printed = "".join(iter(demo.stdout.readline, "Paste this into Python:\n"))
        assert printed.startswith("Codex Gateway is on: http://127.0.0.1:")
        assert "demo" in printed
        assert demo.stdout.readline() == "\n"
        lines = "".join(iter(demo.stdout.readline, "\n"))
        assert "OpenAI(" in lines
        answer = subprocess.check_output([sys.executable, "-c", lines], text=True, timeout=60)
        assert answer == f"{SCRIPTED}\n"
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=10)
    assert demo.returncode == 0


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., tuple[str, str]]]:
    """Starts the command, and returns its address and what it says of it: the lines up to `python`."""
    processes: list[subprocess.Popen[str]] = []

    def started(*arguments: Any, **variables: Any) -> tuple[str, str]:
        process = subprocess.Popen(
            [gateway_binary(), *arguments],
            env=environment(HOME=tmp_path, CODEX_GATEWAY_CODEX="/nowhere", **variables),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        processes.append(process)
        address = process.stdout.readline().split()[-1]
        return address, process.stdout.readline().strip()

    yield started
    for process in processes:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)


@pytest.mark.parametrize(
    ("written", "arguments", "variables"),
    [
        ({"port": 0}, [], {}),
        ({"port": 9000}, ["--port", "0"], {}),
        ({"port": 9000}, [], {"CODEX_GATEWAY_PORT": "0"}),
        pytest.param(
            {},
            ["--port", "0", "--host", "127.0.0.2"],
            {},
            marks=pytest.mark.skipif(
                not Path("/proc").exists(), reason="other systems have but one loopback address"
            ),
        ),
        ({"host": "::1"}, ["--port", "0", "--host", "127.0.0.1"], {}),
        ({}, ["--port", "0", "--config", "my file.json"], {}),
        ({}, ["--port", "0"], {"CODEX_GATEWAY_CONFIG": "my file.json"}),
    ],
)
def test_the_command_that_is_said_at_the_start_shows_this_gateway(
    started: Callable[..., tuple[str, str]],
    tmp_path: Path,
    written: dict[str, Any],
    arguments: list[str],
    variables: dict[str, str],
) -> None:
    other = "my file.json" in (*arguments, *variables.values())
    config = tmp_path / "my file.json" if other else tmp_path / "config" / "codex-gateway" / "config.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps({"token": "a-token-of-the-file", **written}))
    address, said = started(*arguments, **variables)
    [command] = re.findall(r"^`(.+)` prints the lines to paste into Python\.$", said)
    # In another terminal, which stands somewhere else.
    shown = subprocess.check_output(
        ["sh", "-c", f"{command} --json"], env=environment(HOME=tmp_path), cwd="/", text=True, timeout=30
    )
    assert json.loads(shown) == {"base_url": address, "token": "a-token-of-the-file"}


def test_a_token_that_was_given_is_not_printed(
    started: Callable[..., tuple[str, str]], tmp_path: Path
) -> None:
    for arguments, variables in (["--token", "my-own"], {}), ([], {"CODEX_GATEWAY_TOKEN": "my-own"}):
        _, said = started("--port", "0", *arguments, **variables)
        assert "the token that you gave" in said
        assert "my-own" not in said


def test_the_command_is_said_by_its_name_where_that_leads_to_it(
    started: Callable[..., tuple[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "codex-gateway").symlink_to(gateway_binary())
    subprocess.run(
        [gateway_binary(), "init"], env=environment(HOME=tmp_path), check=True, stdout=subprocess.DEVNULL
    )
    _, said = started("--port", "0", PATH=f"{tmp_path}:/usr/bin:/bin")
    assert said.startswith("`codex-gateway show --port ")


def test_the_config_file_of_the_python_codex_gateway_works(
    start_gateway: StartGateway, model: ScriptedModel, tmp_path: Path
) -> None:
    gateway = start_gateway(
        token="codex-gateway-local-from-python",
        host="127.0.0.1",
        port=8000,
        reasoning_effort="high",
        cwd=str(tmp_path),
    )
    assert gateway.token == "codex-gateway-local-from-python"
    with gateway.client() as client:
        ask(client)
        ask(client, reasoning_effort="low")
    efforts = [request["body"]["reasoning"]["effort"] for request in model.requests]
    assert efforts == ["high", "low"]
    assert str(tmp_path) not in json.dumps(model.requests)


def test_variables_set_what_the_config_file_leaves_open(
    start_gateway: StartGateway, model: ScriptedModel
) -> None:
    gateway = start_gateway(variables={"CODEX_GATEWAY_REASONING_EFFORT": "low"})
    with gateway.client() as client:
        ask(client)
    assert model.requests[0]["body"]["reasoning"]["effort"] == "low"


def test_a_default_effort_that_a_model_lacks_is_passed_over(
    start_gateway: StartGateway, model: ScriptedModel
) -> None:
    gateway = start_gateway(reasoning_effort="enormous")
    with gateway.client() as client:
        ask(client)
    assert model.requests[0]["body"]["reasoning"]["effort"] != "enormous"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2"])
@pytest.mark.skipif(not Path("/proc").exists(), reason="other systems have but one loopback address")
def test_any_loopback_address_will_do(start_gateway: StartGateway, host: str) -> None:
    gateway = start_gateway(host=host)
    with gateway.client() as client:
        assert MODEL in [entry.id for entry in client.models.list()]


def test_serve_is_the_command_when_none_is_given(start: Callable[..., openai.OpenAI]) -> None:
    assert MODEL in [entry.id for entry in start().models.list()]


@pytest.mark.parametrize("way", ["flag", "variable", "file", "init"])
def test_a_relative_path_of_codex_is_found_wherever_codex_runs(
    model: ScriptedModel, tmp_path: Path, way: str
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "codex").symlink_to(codex_binary())
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex" / "config.toml").write_text(model.codex_config())
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"token": "t", **({"codex": "bin/codex"} if way == "file" else {})}))
    variables = environment(HOME=tmp_path, CODEX_HOME=tmp_path / ".codex")
    if way == "variable":
        variables["CODEX_GATEWAY_CODEX"] = "bin/codex"
    flag = ["--codex", "bin/codex"]
    if way == "init":
        command = [gateway_binary(), "init", "--force", "--config", config, *flag]
        subprocess.run(command, env=variables, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
        assert Path(json.loads(config.read_text())["codex"]) == tmp_path / "bin" / "codex"
    command = [gateway_binary(), "--config", config, "--port", "0", "--json"]
    command += flag if way == "flag" else []
    program = Program(command, variables, log=tmp_path / "stderr.log")
    ready = program.ready
    with openai.OpenAI(base_url=ready["base_url"], api_key=ready["token"], max_retries=0) as client:
        assert ask(client).choices[0].message.content == "You said: Say pong"
    program.signal(signal.SIGTERM)
    program.wait_for_success()


@pytest.mark.parametrize("path", ["/nonexistent/codex", "/dev/null", "/bin/false"])
def test_a_codex_that_does_not_run_is_said_so(start: Callable[..., openai.OpenAI], path: str) -> None:
    client = start("--codex", path)
    for attempt in (client.models.list, lambda: ask(client)):
        with pytest.raises(openai.InternalServerError) as raised:
            attempt()
        error = raised.value
        assert (error.status_code, error.type, error.code) == (503, "server_error", "codex_unavailable")
        assert int(error.response.headers["retry-after"]) >= 1
    health = client._client.get(str(client.base_url).replace("/v1/", "/healthz"))
    assert (health.status_code, health.json()["status"]) == (503, "unavailable")


def test_a_codex_that_is_not_signed_in_is_said_so(start: Callable[..., openai.OpenAI]) -> None:
    client = start("serve")
    with pytest.raises(openai.InternalServerError) as raised:
        ask(client)
    error = raised.value
    assert (error.status_code, error.code) == (503, "codex_signed_out")
    assert error.response.headers["x-should-retry"] == "false"
    assert "codex login" in error.message


def test_the_way_to_sign_in_is_that_of_the_codex_home(
    start_gateway: StartGateway, model: ScriptedModel, tmp_path: Path
) -> None:
    gateway = start_gateway(codex_home="own")
    with gateway.client() as client:
        with pytest.raises(openai.InternalServerError, match="run `codex-gateway login`, then send"):
            ask(client)
        assert "isn't signed in: run `codex-gateway login`." in gateway.log
    # A sign-in that is no longer accepted.
    [own] = gateway.home.glob("data/codex-gateway/codex-home")
    gateway.stop()
    (own / "config.toml").write_text(model.codex_config())
    model.error(401, {"error": {"message": "Your sign-in is over."}})
    variables = {"XDG_DATA_HOME": own.parents[1]}
    for settings, login in ({"codex_home": "own"}, "codex-gateway login"), ({}, "codex login"):
        with start_gateway(variables=variables, **settings).client() as client:
            with pytest.raises(openai.InternalServerError, match=f"Run `{login}`, then send") as raised:
                ask(client)
            assert raised.value.code == "codex_signed_out"


def test_the_demo_may_stand_in_for_a_codex_that_is_not_signed_in(start: Callable[..., openai.OpenAI]) -> None:
    assert ask(start("serve", "--demo-if-signed-out")).choices[0].message.content == SCRIPTED


@pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux shows the environment of a process")
def test_codex_never_sees_the_token(start_gateway: StartGateway) -> None:
    token = "a-token-of-nobody-else"
    variables = {"CODEX_GATEWAY_TOKEN": token, "UNRELATED": f"hides {token} too", "KEPT": "kept"}
    gateway = start_gateway(variables=variables)
    assert gateway.token == token
    with gateway.client() as client:
        ask(client)
    process = Path("/proc", str(gateway.codex_pid))
    seen = (process / "environ").read_bytes().decode()
    assert "KEPT=kept" in seen
    assert token not in seen
    assert "CODEX_GATEWAY_" not in seen
    assert token not in (process / "cmdline").read_bytes().decode()


def test_the_log_never_shows_tokens_nor_what_was_said(gateway: Gateway, client: openai.OpenAI) -> None:
    ask(client, "Say something private")
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-0")
    log = gateway.log
    assert "/v1/chat/completions" in log
    assert "private" not in log
    assert gateway.token not in log
