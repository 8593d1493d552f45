"""The files that a gateway makes for its Codex, in the folder for temporary files, where others clean up."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from stack import Gateway, ask
from test_provider import Way, authority, encrypted_way
from test_tools import WEATHER

__all__ = ["authority", "encrypted_way"]

StartGateway = Callable[..., Gateway]


@pytest.mark.parametrize("what", ["files", "everything"])
def test_what_somebody_removes_is_made_again(
    start_gateway: StartGateway, encrypted_way: Way, authority: trustme.CA, tmp_path: Path, what: str
) -> None:
    temporary, person = tmp_path / "tmp", tmp_path / "person.pem"
    temporary.mkdir()
    authority.cert_pem.write_to_path(person)
    variables = {"TMPDIR": str(temporary), "SSL_CERT_FILE": str(person)}
    gateway = start_gateway(variables=encrypted_way.variables(tmp_path / "codex") | variables)
    with gateway.client() as client:
        ask(client)
        for _ in range(2):
            [folder] = temporary.iterdir()
            if what == "everything":
                shutil.rmtree(folder)
            for file in folder.glob("**/*"):
                if file.is_file() and file.name != "lock":
                    file.unlink()
            for number in range(7):
                ask(client, f"{number}")
                ask(client, f"{number}", tools=[WEATHER])
    assert list(temporary.iterdir()) != []
    gateway.stop()
    assert list(temporary.iterdir()) == []
