"""The way from Codex to the provider: where there is none, and where it is encrypted."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import openai
import pytest
import trustme

from stack import Gateway, ScriptedModel, ask

StartGateway = Callable[..., Gateway]


class Way:
    """A port of its own, behind which is the scripted model once it is opened."""

    def __init__(self, model: ScriptedModel, tls: ssl.SSLContext | None = None) -> None:
        self._config = model.codex_config()
        [base_url] = [line.split('"')[1] for line in self._config.splitlines() if line.startswith("base_url")]
        self._model = urlsplit(base_url)
        self._tls = tls
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        port = self._socket.getsockname()[1]
        self._base_url = base_url, f"{'https' if tls else 'http'}://localhost:{port}{self._model.path}"

    def variables(self, codex_home: Path) -> dict[str, str]:
        """What makes Codex ask the model this way, past any proxy."""
        codex_home.mkdir()
        (codex_home / "config.toml").write_text(self._config.replace(*self._base_url))
        return {"CODEX_HOME": str(codex_home), "NO_PROXY": "localhost", "no_proxy": "localhost"}

    def open(self) -> None:
        self._socket.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._socket.accept()
                threading.Thread(target=self._pass_on, args=[caller], daemon=True).start()

    def _pass_on(self, caller: socket.socket) -> None:
        with ExitStack() as open_sockets, suppress(OSError):
            caller = open_sockets.enter_context(
                self._tls.wrap_socket(caller, server_side=True) if self._tls else caller
            )
            model = open_sockets.enter_context(
                socket.create_connection((self._model.hostname, self._model.port))
            )
            threading.Thread(target=self._copy, args=[caller, model], daemon=True).start()
            self._copy(model, caller)

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def way(model: ScriptedModel) -> Iterator[Way]:
    way = Way(model)
    yield way
    way.close()


@pytest.fixture
def authority() -> trustme.CA:
    """Who vouches for the provider. Its name is long, and so is its certificate."""
    return trustme.CA(organization_name="A provider's authority " * 2)


@pytest.fixture
def encrypted_way(model: ScriptedModel, authority: trustme.CA) -> Iterator[Way]:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(tls)
    way = Way(model, tls)
    way.open()
    yield way
    way.close()


def assert_unreachable(gateway: Gateway, stream: bool = False) -> None:
    with (
        gateway.client() as client,
        pytest.raises(openai.APIError, match="Check this machine's network") as e,
    ):
        list(ask(client, stream=stream))
    assert (e.value.type, e.value.code) == ("server_error", "provider_unreachable")
    if not stream:
        assert isinstance(e.value, openai.InternalServerError)
        assert e.value.status_code == 503
        assert e.value.response.headers["x-should-retry"] == "false"


def told(gateway: Gateway) -> Path:
    """The file of certificates that Codex is told of."""
    variables = Path(f"/proc/{gateway.codex_pid}/environ").read_text().split("\0")
    [file] = [name for name in variables if name.startswith("SSL_CERT_FILE=")]
    return Path(file.removeprefix("SSL_CERT_FILE="))


def test_without_a_way_there_is_soon_an_error_and_with_one_an_answer(
    start_gateway: StartGateway, way: Way, tmp_path: Path
) -> None:
    gateway = start_gateway(variables=way.variables(tmp_path / "codex"))
    with ThreadPoolExecutor() as pool:
        for failed in [pool.submit(assert_unreachable, gateway, stream) for stream in (False, True)]:
            failed.result()
    way.open()
    with gateway.client() as client:
        assert ask(client).choices[0].message.content == "You said: Say pong"


def test_codex_trusts_whom_a_person_names(
    start_gateway: StartGateway, encrypted_way: Way, authority: trustme.CA, tmp_path: Path
) -> None:
    file, folder = tmp_path / "somebody.pem", tmp_path / "authorities"
    folder.mkdir()
    trustme.CA().cert_pem.write_to_path(file)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    named = {"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": str(folder)}
    gateway = start_gateway(variables=encrypted_way.variables(tmp_path / "codex") | named)
    with gateway.client() as client:
        assert ask(client).choices[0].message.content == "You said: Say pong"
    if sys.platform == "linux":
        # Codex has one of the certificates in its file, which is not the provider's.
        assert told(gateway).name == "certificate.pem"
        assert told(gateway).read_text() == file.read_text()


def test_codex_trusts_nobody_else(
    start_gateway: StartGateway, model: ScriptedModel, encrypted_way: Way, tmp_path: Path
) -> None:
    file = tmp_path / "somebody.pem"
    trustme.CA().cert_pem.write_to_path(file)
    named = {"SSL_CERT_FILE": str(file)}
    gateway = start_gateway(variables=encrypted_way.variables(tmp_path / "codex") | named)
    assert_unreachable(gateway)
    assert model.requests == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Codex is told nothing")
@pytest.mark.parametrize("certificates", ["", "nothing of the kind", "BEGIN TRUSTED"])
def test_what_only_codex_can_judge_is_left_to_it(
    start_gateway: StartGateway, authority: trustme.CA, tmp_path: Path, certificates: str
) -> None:
    file = tmp_path / "person.pem"
    if certificates == "BEGIN TRUSTED":
        labelled = trustme.CA().cert_pem.bytes().replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE")
        file.write_bytes(authority.cert_pem.bytes() + labelled)
    elif certificates:
        file.write_text(certificates)
    gateway = start_gateway(variables={"SSL_CERT_FILE": str(file)})
    with gateway.http() as http:
        http.get("/models")
    assert told(gateway) == file
