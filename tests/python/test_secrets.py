"""Secrets of every kind are planted wherever one can come in, and looked for wherever something comes out."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack import MODEL, REQUEST, Gateway, ScriptedModel

SECRETS = {
    "openai": "sk-proj-CANARY0aB1cD2eF3gH4iJ5kL6mN7oP8qR9",
    "anthropic": "sk-ant-api03-CANARY0aB1cD2eF3gH4iJ5kL6",
    "local": "codex-gateway-local-CANARY0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1",
    "jwt": "eyJhbGciOiJDQU5BUlkifQ.eyJzdWIiOiJDQU5BUlkifQ.Q0FOQVJZLXNpZ25hdHVyZQ",
    "aws": "AKIACANARY0123456789",
    "aws session": "ASIACANARY0123456789",
    "github": "ghp_CANARY0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0",
    "github fine": "github_pat_11CANARY0aB1cD2eF3gH4_iJ5kL6mN7oP8qR9sT0uV1wX2yZ3",
    "gitlab": "glpat-CANARY0aB1cD2eF3gH4",
    "google": "AIzaCANARY0aB1cD2eF3gH4iJ5kL6mN7oP8qR9s",
    "slack": "xoxb-123456789012-CANARY0aB1cD2eF3gH4",
    "hugging face": "hf_CANARYaBcDeFgHiJkLmNoPqRsTuVwXyZaB",
    "bearer": "Bearer CANARY.0aB1cD2eF3gH4",
    "basic": "Basic Q0FOQVJZOkNBTkFSWTpDQU5BUlk=",
    "named": "aws_secret_access_key=CANARY/aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0u",
    "in a url": "https://me:CANARY0aB1cD2@host.example/",
    "private key": "-----BEGIN PRIVATE KEY-----\nCANARYaBcDeFgHiJkLmNo\n-----END PRIVATE KEY-----",
}

TELLTALES = ("CANARY", "Q0FOQVJZ", "DQU5BUlk")
"""What no output may hold: the word that is in every secret, plain and as it looks in base64."""


def leaks(text: str) -> list[str]:
    return [line[:300] for line in text.splitlines() if any(telltale in line for telltale in TELLTALES)]


@pytest.fixture
def gateway(start_gateway: Callable[..., Gateway], tmp_path: Path) -> Gateway:
    """Logs all that it can, has secrets in its environment, and a token that looks like nothing special."""
    names = (name.upper().replace(" ", "_") for name in SECRETS)
    variables = {f"SOME_{name}": secret for name, secret in zip(names, SECRETS.values(), strict=True)}
    return start_gateway(
        token="my-own-CANARY-token",
        variables={"CODEX_GATEWAY_LOG": "trace", "TMPDIR": str(tmp_path), **variables},
    )


def send_everywhere(gateway: Gateway, model: ScriptedModel, secret: str) -> Iterator[str]:
    """Every answer to a request with the secret somewhere in it, head and all; the model's words left out."""
    flat = secret.replace("\n", " ")
    headers = {"Authorization": f"Bearer {gateway.token}"}
    chat = "/chat/completions"
    hi = [{"role": "user", "content": "hi"}]
    with gateway.http({}) as http:

        def answer(method: str, path: str, **options: object) -> str:
            options = {"headers": headers, **options}
            answer = http.request(method, path, **options)
            assert answer.status_code != 200, f"{method} {path} {options}"
            return f"{answer.headers}\n{answer.text}"

        for name in ("Authorization", "X-Api-Key", "Cookie", "Origin", "Host", "Content-Type", "User-Agent"):
            yield answer("POST", chat, headers={**headers, name: flat}, json={**REQUEST, "stream": 1})
        yield answer("GET", "/models", headers={"Authorization": f"Bearer {flat}x"})
        yield answer("GET", "/models", params={"api_key": secret})
        yield answer("GET", "/nowhere", params={"x": secret})
        yield answer("GET", f"/models/{flat.replace('/', '%2F')}")
        yield answer("GET", f"/{flat.replace('/', '%2F')}")
        yield answer("POST", chat, json={**REQUEST, "model": secret})
        yield answer("POST", chat, json={**REQUEST, secret: 1})
        yield answer("POST", chat, json={**REQUEST, "reasoning_effort": secret})
        yield answer("POST", chat, json={**REQUEST, "service_tier": secret})
        yield answer("POST", chat, json={**REQUEST, "messages": [{"role": secret, "content": secret}]})
        yield answer("POST", chat, json={**REQUEST, "messages": [{"role": "user", secret: secret}]})
        yield answer("POST", chat, json={**REQUEST, "tool_choice": secret})
        image = {"type": "image_url", "image_url": {"url": secret}}
        yield answer("POST", chat, json={**REQUEST, "messages": [{"role": "user", "content": [image]}]})
        yield answer("POST", chat, content=secret, headers={**headers, "Content-Type": "application/json"})
        for status in (400, 401, 429, 500):
            error = {"message": f"Refused: {secret} is wrong.", "code": "bad", "param": secret, "type": "x"}
            model.error(status, {"error": error})
            yield answer("POST", chat, json={"model": MODEL, "messages": hi})
            model.error(status, f"Refused: {secret}")
            yield answer("POST", chat, json={"model": MODEL, "messages": hi})
        model.default({"steps": [], "end": {"failed": {"code": "bad", "message": f"Refused: {secret}"}}})
        yield answer("POST", chat, json={"model": MODEL, "messages": hi})
        # This one is answered. What was said is the caller's own, and nobody else's.
        model.reset()
        messages = [{"role": "user", "content": f"My key is {secret}."}]
        said = http.post(chat, json={"model": MODEL, "messages": messages}, headers=headers)
        assert said.status_code == 200


@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_comes_out(gateway: Gateway, model: ScriptedModel, kind: str, tmp_path: Path) -> None:
    for answer in send_everywhere(gateway, model, SECRETS[kind]):
        assert leaks(answer) == []
    codex = Path(f"/proc/{gateway.codex_pid}")
    if codex.exists():
        assert gateway.token not in codex.joinpath("environ").read_text(errors="replace")
        assert leaks(codex.joinpath("cmdline").read_text()) == []
    # While it runs, and what it leaves behind.
    for _ in range(2):
        files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
        assert [path for path in files if leaks(path.read_text(errors="replace"))] == []
        gateway.stop()
    assert leaks(gateway.whole_log) == []


def test_the_own_token_comes_out_nowhere_even_if_it_looks_like_nothing(
    gateway: Gateway, model: ScriptedModel
) -> None:
    for answer in send_everywhere(gateway, model, gateway.token):
        assert leaks(answer) == []
    gateway.stop()
    assert leaks(gateway.whole_log) == []


def test_what_is_written_is_for_its_owner_only(gateway: Gateway, tmp_path: Path) -> None:
    with gateway.client() as client:
        client.models.list()
    [private] = tmp_path.glob("codex-gateway-*")
    for path in (private, *private.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), f"{path}: {mode:o}"
