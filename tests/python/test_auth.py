"""Who may come in: whoever has the local token, and nobody else."""

from __future__ import annotations

from collections.abc import Callable

import openai
import pytest

from stack import MODEL, Gateway, ScriptedModel, ask


@pytest.mark.parametrize(
    "key",
    ["codex-gateway-local-guess", "sk-proj-an-openai-key", "x" * 5_000],
    ids=["a guess", "an OpenAI key", "long"],
)
def test_a_wrong_key_is_an_authentication_error(gateway: Gateway, model: ScriptedModel, key: str) -> None:
    with gateway.client(api_key=key) as client:
        for attempt in (client.models.list, lambda: client.models.retrieve(MODEL), lambda: ask(client)):
            with pytest.raises(openai.AuthenticationError) as raised:
                attempt()
            error = raised.value
            assert (error.type, error.code) == ("authentication_error", "invalid_api_key")
            assert "codex-gateway token" in error.message
            assert key not in error.message
            assert error.response.headers["www-authenticate"] == "Bearer"
            assert error.request_id.startswith("req_")
    assert model.requests == []


def test_an_openai_key_is_called_one(gateway: Gateway) -> None:
    with gateway.client(api_key="sk-proj-1") as client, pytest.raises(openai.AuthenticationError) as raised:
        client.models.list()
    assert "OpenAI API key" in raised.value.message


@pytest.mark.parametrize(
    "header",
    [
        lambda token: None,
        lambda token: "",
        lambda token: "Bearer",
        lambda token: token,
        lambda token: f"Basic {token}",
        lambda token: f"Token {token}",
        lambda token: f"Bearer{token}",
        lambda token: f"Bearer {token}x",
        lambda token: f"Bearer {token[:-1]}",
        lambda token: f"Bearer {token.upper()}",
        lambda token: f"Bearer {token} {token}",
        lambda token: f'Bearer "{token}"',
        lambda token: f"Bearer\t{token}",
    ],
    ids=[
        "none", "empty", "scheme only", "token only", "Basic", "Token", "no blank",
        "too long", "too short", "upper case", "twice", "quoted", "tab",
    ],
)  # fmt: skip
def test_any_other_header_is_refused(
    gateway: Gateway, model: ScriptedModel, header: Callable[[str], str | None]
) -> None:
    value = header(gateway.token)
    headers = {} if value is None else {"Authorization": value}
    with gateway.http(headers) as http:
        answers = [
            http.get("/models"),
            http.post("/chat/completions", json={"model": MODEL}),
            http.post("/chat/completions", content=b"not JSON"),
        ]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "invalid_api_key"
        assert gateway.token not in answer.text
    assert model.requests == []


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_case_of_the_scheme_does_not_matter(gateway: Gateway, scheme: str) -> None:
    with gateway.http({"Authorization": f"{scheme} {gateway.token}"}) as http:
        assert http.get("/models").status_code == 200


def test_the_token_counts_only_in_its_header(gateway: Gateway) -> None:
    with gateway.http({}) as http:
        for field in ("api_key", "token", "access_token", "key"):
            assert http.get("/models", params={field: gateway.token}).status_code == 401
        for header in ("X-Api-Key", "Api-Key", "Cookie", "Proxy-Authorization"):
            assert http.get("/models", headers={header: f"Bearer {gateway.token}"}).status_code == 401


def test_health_is_open_to_all_and_tells_nothing_private(gateway: Gateway, client: openai.OpenAI) -> None:
    client.models.list()
    with gateway.http({}) as http:
        answer = http.get(gateway.base_url.removesuffix("/v1") + "/healthz")
    health = answer.json()
    assert answer.status_code == 200
    assert health["status"] == "ok"
    assert health["codex"]["account"] == "not_needed"
    assert health["codex"]["version"][0].isdigit()
    assert gateway.token not in answer.text
    assert str(gateway.home) not in answer.text
