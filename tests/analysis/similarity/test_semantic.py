from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.similarity import embedding
from analysis.similarity.embedding import Embedder, UnusableModel
from analysis.similarity.semantic import nearness, reranked
from tests.analysis.small_model import write_model
from tests.sizes import examples


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    return Embedder(write_model(tmp_path_factory.mktemp("models") / "small"))


def test_other_words_of_the_same_meaning_are_nearest(embedder: Embedder) -> None:
    texts = {1: "password wrong", 2: "no space left on volume", 3: "latency of login"}
    near = nearness(embedder, "disk full", texts)
    assert near[2] == pytest.approx(1)
    assert min(near.values()) == 0
    assert near[1] < 0.1


def test_words_and_meaning_both_count(embedder: Embedder) -> None:
    texts = {1: "disk of the printer", 2: "volume has no space", 3: "certificate"}
    assert reranked(embedder, "disk full", texts, {1: 10.0, 2: 9.0, 3: 8.9}) == [1, 2, 3]
    texts = {1: "login to the disk", 2: "volume has no space"}
    assert reranked(embedder, "disk full", texts, {1: 10.0, 2: 9.0}) == [2, 1]
    assert reranked(embedder, "disk full", texts, {1: 10.0, 2: 2.0}) == [1, 2]
    assert reranked(embedder, "disk full", {}, {}) == []


def test_a_text_means_the_same_alone_and_beside_longer_ones(embedder: Embedder) -> None:
    alone = Embedder(embedder.folder).embed(["disk login"])
    beside = Embedder(embedder.folder).embed(["disk login", "slow " * 90])
    assert np.allclose(alone[0], beside[0])


def test_nothing_to_compare_and_all_the_same_are_answers(embedder: Embedder) -> None:
    assert nearness(embedder, "disk full", {}) == {}
    assert nearness(embedder, "disk full", {1: "slow", 2: "slow"}) == {1: 0, 2: 0}


@settings(max_examples=examples(30))
@given(st.lists(st.text(max_size=300), min_size=1, max_size=40))
def test_any_texts_have_finite_vectors(embedder: Embedder, texts: list[str]) -> None:
    vectors = embedder.embed(texts)
    assert vectors.shape == (len(texts), 3)
    assert np.isfinite(vectors).all()
    assert (np.linalg.norm(vectors, axis=1) <= 1.001).all()


def test_a_folder_without_a_model_says_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match=r"has no onnx/model\.onnx or model\.onnx"):
        Embedder(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(UnusableModel, match=r"has no tokenizer\.json"):
        Embedder(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UnusableModel, match="cannot be used"):
        Embedder(tmp_path).embed(["disk"])


def test_missing_packages_are_named_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "PACKAGES", ("no_such_runtime", "tokenizers"))
    with pytest.raises(UnusableModel, match=r"no_such_runtime not installed: pip .*-semantic\.txt"):
        Embedder(write_model(tmp_path / "model"))
