"""What may come in: not the requests of web pages, not other sites' names, nothing in the wrong form."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

from stack import MODEL, REQUEST, Gateway, ScriptedModel, ask, invalid_request

PAGE = "https://page.example"


def send(
    gateway: Gateway,
    method: str,
    path: str,
    headers: Mapping[str, str | None] = {},
    body: bytes | None = None,
) -> tuple[HTTPResponse, bytes]:
    """One request with these headers beside the right `Host`, token and type; `None` leaves one out."""
    address = urlsplit(gateway.base_url).netloc
    usual = {"Host": address, "Authorization": f"Bearer {gateway.token}", "Content-Type": "application/json"}
    connection = HTTPConnection(address, timeout=60)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {**usual, **headers}.items():
            if value is not None:
                connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def refused(answer: tuple[HTTPResponse, bytes], status: int, code: str) -> dict[str, Any]:
    head, body = answer
    assert head.status == status, body
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == code
    assert head.headers["x-request-id"].startswith("req_")
    return error


CHAT = json.dumps(REQUEST).encode()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "a.localhost:{port}"]
)
def test_another_sites_name_is_refused(gateway: Gateway, model: ScriptedModel, host: str) -> None:
    host = host.format(port=urlsplit(gateway.base_url).port)
    for method, path, body in (
        ("GET", "/v1/models", None),
        ("POST", "/v1/chat/completions", CHAT),
        ("GET", "/healthz", None),
    ):
        error = refused(send(gateway, method, path, {"Host": host}, body), 403, "host_not_allowed")
        assert gateway.base_url in error["message"]
    assert model.requests == []
    assert "host_not_allowed" not in gateway.log or "status=403" in gateway.log


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "[::1]"])
def test_every_name_of_the_loopback_interface_is_answered(gateway: Gateway, name: str) -> None:
    head, _ = send(gateway, "GET", "/v1/models", {"Host": f"{name}:{urlsplit(gateway.base_url).port}"})
    assert head.status == 200


def test_a_request_without_a_name_is_refused(gateway: Gateway) -> None:
    refused(send(gateway, "GET", "/v1/models", {"Host": None}), 400, "invalid_host")


@pytest.mark.parametrize(
    "origin", [PAGE, "null", "http://localhost:3000", "http://127.0.0.1:8000", "file://"]
)
def test_no_page_comes_in_unless_it_is_listed(gateway: Gateway, model: ScriptedModel, origin: str) -> None:
    for method, path, body in (
        ("GET", "/v1/models", None),
        ("POST", "/v1/chat/completions", CHAT),
        ("OPTIONS", "/v1/chat/completions", None),
        ("GET", "/healthz", None),
    ):
        answer = send(gateway, method, path, {"Origin": origin}, body)
        error = refused(answer, 403, "origin_not_allowed")
        assert "allowed_origins" in error["message"]
        assert not [name for name in answer[0].headers if name.lower().startswith("access-control-")]
    assert model.requests == []


def test_a_page_that_hides_its_origin_is_refused(gateway: Gateway) -> None:
    """As an image, a script or a link on a page does."""
    for site in ("cross-site", "same-site"):
        refused(send(gateway, "GET", "/healthz", {"Sec-Fetch-Site": site}), 403, "origin_not_allowed")
    assert send(gateway, "GET", "/healthz", {"Sec-Fetch-Site": "none"})[0].status == 200


def test_a_listed_page_is_served(start_gateway: Callable[..., Gateway], model: ScriptedModel) -> None:
    gateway = start_gateway(allowed_origins=[PAGE])
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-stainless-lang",
        "Access-Control-Request-Private-Network": "true",
        "Authorization": None,
        "Content-Type": None,
    }
    head, body = send(gateway, "OPTIONS", "/v1/chat/completions", asked)
    assert (head.status, body) == (200, b"")
    assert head.headers["access-control-allow-origin"] == PAGE
    assert "POST" in head.headers["access-control-allow-methods"]
    for name in ("authorization", "content-type", "x-stainless-lang"):
        assert name in head.headers["access-control-allow-headers"].split(",")
    assert head.headers["access-control-allow-private-network"] == "true"
    assert "access-control-allow-credentials" not in head.headers
    assert "origin" in head.headers["vary"].lower()

    head, body = send(gateway, "POST", "/v1/chat/completions", {"Origin": PAGE}, CHAT)
    assert json.loads(body)["choices"][0]["message"]["content"] == "You said: hi"
    assert head.headers["access-control-allow-origin"] == PAGE
    assert "x-request-id" in head.headers["access-control-expose-headers"]

    # A page must be able to read why it failed.
    answer = send(
        gateway, "POST", "/v1/chat/completions", {"Origin": PAGE, "Authorization": "Bearer x"}, CHAT
    )
    refused(answer, 401, "invalid_api_key")
    assert answer[0].headers["access-control-allow-origin"] == PAGE

    refused(
        send(gateway, "GET", "/v1/models", {"Origin": "https://other.example"}), 403, "origin_not_allowed"
    )
    # Programs are served as ever.
    head, _ = send(gateway, "GET", "/v1/models")
    assert head.status == 200
    assert "access-control-allow-origin" not in head.headers


@pytest.mark.parametrize("name", ["*", "null", "https://page.example/"])
def test_only_exact_origins_can_be_listed(
    start_gateway: Callable[..., Gateway], name: str, tmp_path: Any
) -> None:
    with pytest.raises(pytest.fail.Exception, match="origin"):
        start_gateway(allowed_origins=[name])


@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"],
)
def test_only_json_is_taken(gateway: Gateway, model: ScriptedModel, content_type: str | None) -> None:
    """A browser lets every page send the other types without asking; `curl -d` sends a form."""
    answer = send(gateway, "POST", "/v1/chat/completions", {"Content-Type": content_type}, CHAT)
    error = refused(answer, 415, "unsupported_media_type")
    assert "-H 'Content-Type: application/json'" in error["message"]
    assert model.requests == []


def test_every_answer_is_for_its_caller_alone(gateway: Gateway, client: openai.OpenAI) -> None:
    ask(client)
    body = json.dumps({**REQUEST, "stream": True}).encode()
    answers = [
        send(gateway, "GET", "/healthz"),
        send(gateway, "GET", "/v1/models"),
        send(gateway, "POST", "/v1/chat/completions", {}, CHAT),
        send(gateway, "POST", "/v1/chat/completions", {}, body),
        send(gateway, "POST", "/v1/chat/completions", {}, b"{"),
        send(gateway, "POST", "/v1/chat/completions", {"Content-Type": "text/plain"}, b"{"),
        send(gateway, "GET", "/v1/models", {"Authorization": None}),
        send(gateway, "GET", "/v1/models", {"Host": "evil.example"}),
        send(gateway, "GET", "/v1/models", {"Origin": PAGE}),
        send(gateway, "GET", "/nowhere"),
        send(gateway, "DELETE", "/v1/models"),
        send(gateway, "OPTIONS", "/v1/models"),
    ]
    statuses = [head.status for head, _ in answers]
    assert statuses == [200, 200, 200, 200, 400, 415, 401, 403, 403, 404, 405, 405]
    for head, _ in answers:
        assert head.headers["cache-control"] == "no-store"
        assert head.headers["x-content-type-options"] == "nosniff"
        assert head.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/models/", "//v1/models", "/v1/chat/completions/", "/V1/models"]
)
def test_nothing_is_redirected(http: openai.DefaultHttpxClient, gateway: Gateway, path: str) -> None:
    head, _ = send(gateway, "GET", path)
    assert head.status in (404, 405)
    assert "location" not in head.headers


def test_wrong_paths_and_methods_are_named(gateway: Gateway) -> None:
    for path in ("/v1/nowhere", "/chat/completions"):
        error = refused(send(gateway, "POST", path, {}, CHAT), 404, "unknown_url")
        assert f"POST {path}" in error["message"]
    answer = send(gateway, "GET", "/v1/chat/completions")
    error = refused(answer, 405, "method_not_allowed")
    assert "/v1/chat/completions" in error["message"]
    assert answer[0].headers["allow"] == "POST"


def test_a_stranger_can_not_fill_the_log(start_gateway: Callable[..., Gateway]) -> None:
    gateway = start_gateway()
    long = "x" * 60_000
    for method, path, headers in (
        ("GET", f"/{long}", {}),
        (long, "/v1/models", {}),
        (long, f"/{long}", {}),
        ("GET", f"/v1/models/{long}", {}),
        ("GET", "/v1/models", {"User-Agent": long}),
        ("GET", "/v1/models", {"Origin": long}),
        ("POST", "/v1/responses", {"Content-Type": long}),
        ("GET", f"/v1/models?{long}", {}),
    ):
        head, body = send(gateway, method, path, {"Authorization": None, **headers}, b"")
        assert head.status in (401, 403, 404, 405, 415)
        assert len(body) < 1_000
    assert gateway.whole_log.count("request=") == 8
    assert max(map(len, gateway.whole_log.splitlines())) < 2_500


@pytest.mark.parametrize("field", ["api_key", "API_KEY", "key", "token", "access_token"])
def test_a_token_in_the_url_is_refused_even_where_it_is_right(
    gateway: Gateway, http: openai.DefaultHttpxClient, field: str
) -> None:
    answer = http.get("/models", params={field: gateway.token})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "token_in_url"
    assert "`Authorization`, after `Bearer`" in answer.json()["error"]["message"]
    assert gateway.token not in answer.text
    assert gateway.token not in gateway.log


def test_guesses_are_slow_and_the_right_token_is_not(start_gateway: Callable[..., Gateway]) -> None:
    gateway = start_gateway()
    with gateway.client() as client, gateway.http({"Authorization": "Bearer guess"}) as stranger:
        ask(client)
        took = [stranger.get("/models").elapsed.total_seconds() for _ in range(12)]
        assert min(took[-2:]) > 0.4 > took[0]
        # Right tokens don't wait, not even while many wrong ones do.
        with ThreadPoolExecutor(16) as threads:
            guesses = [threads.submit(stranger.get, "/models") for _ in range(16)]
            right = client.models.with_raw_response.list()
            assert not all(guess.done() for guess in guesses)
        assert {guess.result().status_code for guess in guesses} == {401}
        assert right.status_code == 200
    assert gateway.log.count("status=401") == 28


def test_garbage_ends_its_own_connection_and_nothing_else(gateway: Gateway, client: openai.OpenAI) -> None:
    address = urlsplit(gateway.base_url)
    for garbage in (
        b"\0" * 10_000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ):
        with socket.create_connection((address.hostname, address.port), timeout=60) as caller:
            caller.sendall(garbage)
            answer = caller.recv(1_000)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer
    assert client.models.retrieve(MODEL).id == MODEL


def test_deep_json_is_refused(http: openai.DefaultHttpxClient) -> None:
    bomb = b'{"model": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"
    answer = http.post("/chat/completions", content=bomb, headers={"Content-Type": "application/json"})
    assert invalid_request(answer)["code"] == "invalid_json"
