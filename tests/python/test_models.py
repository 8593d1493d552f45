"""The models endpoint: Codex's own models, asked for without a turn."""

from __future__ import annotations

import openai
import pytest

from stack import MODEL, ScriptedModel


def test_the_list_holds_the_models_of_codex(client: openai.OpenAI, model: ScriptedModel) -> None:
    models = client.models.list()
    ids = [entry.id for entry in models.data]
    assert models.object == "list"
    assert MODEL in ids
    assert len(set(ids)) == len(ids)
    assert {(entry.object, entry.owned_by) for entry in models} == {("model", "codex")}
    assert model.requests == []


def test_every_listed_model_can_be_retrieved(client: openai.OpenAI) -> None:
    for listed in client.models.list():
        assert client.models.retrieve(listed.id) == listed


@pytest.mark.parametrize("name", ["gpt-0", "vendor/gpt-5.5", "gpt 5.5", "ü", f"{MODEL}/", MODEL.upper()])
def test_an_unknown_model_is_not_found_and_the_answer_says_what_there_is(
    client: openai.OpenAI, name: str
) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        client.models.retrieve(name)
    error = raised.value
    assert (error.type, error.code, error.param) == ("invalid_request_error", "model_not_found", "model")
    assert f"`{name}`" in error.message
    assert all(listed.id in error.message for listed in client.models.list())
