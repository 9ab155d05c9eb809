"""YAML of a stranger is read or refused with a sentence, and soon."""

from __future__ import annotations

import time

import pytest

from common.file_import import BadFile
from common.yaml_documents import MAX_NODES, documents, load_yaml

LAUGHS = "\n".join(
    ["a0: &a0 {x: ha}", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9))]
)
MERGES = "\n".join(
    ["a0: &a0 {x: ha}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 30))]
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("[" * 50_000, "nested too deeply", id="lists"),
        pytest.param("{a: " * 50_000, "nested too deeply", id="mappings"),
        pytest.param("- " * 50_000, "nested too deeply", id="dashes"),
        pytest.param("a: &a [*a]", "contains itself", id="itself"),
        pytest.param(LAUGHS, "aliases repeat too much", id="aliases"),
        pytest.param(MERGES, "aliases repeat too much", id="merge-keys"),
    ],
)
def test_a_document_that_grows_is_refused_at_once(text: str, why: str) -> None:
    begun = time.process_time()
    with pytest.raises(BadFile, match=why):
        load_yaml(text)
    assert time.process_time() - begun < 5
    assert all(isinstance(value, BadFile) for *_, value in documents(text))


def test_a_document_of_too_many_entries_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert MAX_NODES <= 200_000
    monkeypatch.setattr("common.yaml_documents.MAX_NODES", 50)
    with pytest.raises(BadFile, match="Import it in parts"):
        load_yaml("- a\n" * 60 + "- [")
