"""Every field that the installed SDK knows has a policy."""

from __future__ import annotations

import json
import subprocess

from openai.types.chat import completion_create_params as chat
from openai.types.responses import response_create_params as responses

from stack import gateway_binary


def test_every_field_of_the_sdk_has_a_policy() -> None:
    printed = subprocess.run(
        [gateway_binary(), "fields", "--json"], capture_output=True, check=True, text=True
    )
    known = json.loads(printed.stdout)
    sdk = {
        "chat_completions": chat.CompletionCreateParamsBase.__annotations__,
        "responses": responses.ResponseCreateParamsBase.__annotations__,
    }
    # The SDK declares `stream` apart from the others. Many clients know `reasoning` for chat completions too.
    beside = {"chat_completions": {"stream", "reasoning"}, "responses": {"stream"}}
    for surface, declared in sdk.items():
        assert set(declared) | beside[surface] == set(known[surface])
    policies = {"honoured", "accepted", "default only", "default only, or ignored", "refused"}
    assert {policy for fields in known.values() for policy in fields.values()} == policies
