"""The programs of the stack, started once for all tests; and their logs, under each test that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from stack import RUNNING, Gateway, ScriptedModel


@pytest.fixture
def client(openai_client: openai.OpenAI, model: ScriptedModel) -> openai.OpenAI:
    """An OpenAI client for the gateway. It does not retry, so that a test sees every answer."""
    return openai_client


@pytest.fixture
def http(http_client: openai.DefaultHttpxClient, model: ScriptedModel) -> openai.DefaultHttpxClient:
    """Plain HTTP to the gateway with its token, below `/v1`: for what no SDK would send."""
    return http_client


@pytest.fixture
def model(model_process: ScriptedModel) -> ScriptedModel:
    """The scripted model, with no script left and no request seen. Untold, it repeats the user."""
    model_process.reset()
    return model_process


@pytest.fixture
def start_gateway(
    model: ScriptedModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Gateway]]:
    """Starts another gateway, with the same options as `Gateway`. It is stopped after the test."""
    started: list[Gateway] = []

    def start(**options: Any) -> Gateway:
        started.append(Gateway(model, tmp_path_factory.mktemp("gateway"), **options))
        return started[-1]

    yield start
    for gateway in started:
        gateway.stop()


@pytest.fixture(scope="session")
def openai_client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with gateway.client() as client:
        yield client


@pytest.fixture(scope="session")
def http_client(gateway: Gateway) -> Iterator[openai.DefaultHttpxClient]:
    with gateway.http() as client:
        yield client


@pytest.fixture(scope="session")
def gateway(model_process: ScriptedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway of all tests that do not need one of their own. It must end cleanly when it is told to."""
    gateway = Gateway(model_process, tmp_path_factory.mktemp("gateway"))
    yield gateway
    gateway.stop()


@pytest.fixture(scope="session")
def model_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedModel]:
    model = ScriptedModel(tmp_path_factory.mktemp("model"))
    yield model
    model.stop()


def pytest_runtest_setup() -> None:
    for program in RUNNING:
        program.mark_log()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Shows under a failed test what the programs logged meanwhile."""
    report = yield
    if report.failed:
        logs = ((program.name, program.new_log()) for program in RUNNING)
        report.sections += [(f"stderr of {name}", log) for name, log in logs if log]
    return report
