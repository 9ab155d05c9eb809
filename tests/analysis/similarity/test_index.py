"""The similarity index: exact whatever happened to it, and never wrong for want of a good file."""

from __future__ import annotations

import math
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.similarity.index import MERGE_AT, SCANNED, TAIL, Hit, Index
from analysis.similarity.segment import STEPS, DamagedFile
from analysis.similarity.text import pieces, tokenise
from analysis.similarity.weights import (
    Document,
    Lengths,
    query_weights,
    saturate,
    weigh,
)
from tests.sizes import examples

LENGTHS = Lengths()
WORDS = st.text(alphabet="ab cd-ef.1", max_size=30)
ACTS = st.lists(
    st.tuples(st.sampled_from(["add", "add", "remove", "merge"]), st.integers(0, 8), WORDS)
)


def document(key: int, title: str) -> Document:
    return Document(key, {"title": title})


def by_hand(stored_texts: Mapping[int, str], query: str, k: int) -> list[tuple[int, float]]:
    """Every document scored in plain Python."""
    stored = {
        key: {
            term: round(weight * STEPS)
            for term, weight in saturate(weigh(document(key, text), LENGTHS)).items()
        }
        for key, text in stored_texts.items()
    }
    found = []
    for key, weights in stored.items():
        score = 0.0
        for term, weight in query_weights(weigh(document(-1, query), LENGTHS), LENGTHS).items():
            containing = sum(term in other for other in stored.values())
            rarity = math.log1p((len(stored) - containing + 0.5) / (containing + 0.5))
            score += weight * rarity * weights.get(term, 0) / STEPS
        if score > 0:
            found.append((key, score))
    return sorted(found, key=lambda pair: (-round(pair[1], 9), pair[0]))[:k]


@settings(max_examples=examples(60), deadline=None)
@given(ACTS, WORDS, st.integers(1, 5))
def test_after_any_acts_the_index_equals_brute_force(
    acts: list[tuple[str, int, str]], query: str, k: int
) -> None:
    index, texts = Index(lengths=LENGTHS), {}
    for act, key, text in acts:
        if act == "add":
            index.add(document(key, text))
            texts[key] = text
        elif act == "remove":
            index.remove(key)
            texts.pop(key, None)
        else:
            index.merge()
    assert len(index) == len(texts)
    expected = by_hand(texts, query, k)
    found = index.search(document(-1, query), k)
    assert [hit.score for hit in found] == pytest.approx([score for _, score in expected])
    assert [hit.key for hit in found] == [key for key, _ in expected]


def zipf_documents(count: int, seed: int) -> list[Document]:
    rng = np.random.default_rng(seed)
    rows = np.minimum(rng.zipf(1.3, size=(count, 30)), 5000)
    return [
        Document(key, words=Counter(f"w{term}" for term in row)) for key, row in enumerate(rows)
    ]


@pytest.mark.parametrize("scanned", [0, SCANNED])
def test_pruning_finds_the_same_best_ten_as_reading_everything(
    scanned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.similarity.index.SCANNED", scanned)
    documents = zipf_documents(3000, 1)
    index = Index(documents, LENGTHS)
    for query in zipf_documents(40, 2):
        hits = index.search(query, 10)
        every = index.search(query, len(documents))
        assert [(h.key, h.score) for h in hits] == [(h.key, h.score) for h in every[:10]]


def test_segments_and_tail_answer_as_one_merged_segment_does() -> None:
    documents = zipf_documents(TAIL * (MERGE_AT + 3) + 5, 3)
    grown, at_once = Index(lengths=LENGTHS), Index(documents, LENGTHS)
    for each in documents:
        grown.add(each)
    assert len(grown.segments) > 1
    for query in zipf_documents(10, 4):
        assert grown.search(query, 7) == at_once.search(query, 7)


def test_filters_work_inside_the_search_so_that_k_are_found() -> None:
    index = Index([document(key, "checkout slow") for key in range(50)], LENGTHS)
    assert [hit.key for hit in index.search(document(-1, "checkout"), 3, range(45))] == [45, 46, 47]
    only = index.search(document(-1, "checkout"), 3, exclude={9}, only={7, 9, 30, 99})
    assert [hit.key for hit in only] == [7, 30]


def test_what_asks_about_itself_is_compared_with_the_others_only() -> None:
    others = [
        document(1, "disk full"),
        document(2, "mail delayed"),
        document(3, "disk nearly full"),
    ]
    query = document(4, "disk full on purple")
    alone, among = Index(others, LENGTHS), Index([*others, query], LENGTHS)
    assert among.search(query, 3, exclude=[4]) == alone.search(query, 3)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_terms_that_match_itself(text: str) -> None:
    if weigh(document(1, text), LENGTHS):
        [hit] = Index([document(1, text)]).search(document(-1, text))
        assert hit.likeness == pytest.approx(1.0, abs=1e-3)


def test_identifiers_match_by_their_parts_and_ids_do_not_count() -> None:
    assert {"order", "servic", "impl"} <= set(tokenise("OrderServiceImpl"))
    assert tokenise("catalog-7d9f8b6c5d-x2x4z") == ["catalog"]
    assert pieces("deadbeef01 0b5e2c1a-1111-4222-8333-123456789abc") == []


def test_bent_and_compounded_words_still_meet() -> None:
    index = Index([document(1, "shadowing jar breaks"), document(2, "mail delayed")], LENGTHS)
    assert index.search(document(-1, "skipShadow"))[0].key == 1


def test_a_saved_index_is_mapped_and_stays_editable(tmp_path: Path) -> None:
    path = tmp_path / "an.index"
    Index([document(1, "disk full"), document(2, "mail delayed")]).save(path, {"as_of": "noon"})
    index, about = Index.open(path)
    assert about == {"as_of": "noon"}
    index.remove(1)
    index.add(document(3, "disk nearly full"))
    assert [hit.key for hit in index.search(document(-1, "disk full"))] == [3]
    again, _ = Index.open(path)
    assert [hit.key for hit in again.search(document(-1, "disk full"))] == [1]


@pytest.mark.parametrize("length", [0, 10, 60, 300, -1])
def test_a_truncated_file_is_called_damaged(tmp_path: Path, length: int) -> None:
    path = tmp_path / "an.index"
    Index([document(1, "disk full")]).save(path, {})
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    with pytest.raises(DamagedFile):
        Index.open(path)


def test_a_foreign_or_altered_file_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "an.index"
    path.write_bytes(b"PK\x03\x04" + bytes(500))
    with pytest.raises(DamagedFile):
        Index.open(path)
    Index([document(1, "disk full")]).save(path, {})
    whole = bytearray(path.read_bytes())
    whole[70] ^= 1
    path.write_bytes(whole)
    with pytest.raises(DamagedFile):
        Index.open(path)


def test_term_hashes_are_the_same_in_every_process() -> None:
    code = "from analysis.similarity.segment import term_hash; print(term_hash('disk full'))"
    told = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(told) == 1


def test_a_scan_of_a_small_segment_answers_as_the_compiled_search_does_to_the_last_bit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    documents = zipf_documents(3000, 5)
    index = Index(documents, LENGTHS)
    queries = zipf_documents(20, 6)
    few = set(range(0, 3000, 7))

    def answers() -> list[list[Hit]]:
        return [
            index.search(query, k, exclude={1, 2, 3}, only=only)
            for query in queries
            for k in (1, 10, 4000)
            for only in (None, few)
        ]

    scanned = answers()
    monkeypatch.setattr("analysis.similarity.index.SCANNED", 0)
    assert answers() == scanned
    assert any(scanned)


def test_a_small_history_is_searched_without_the_compiler() -> None:
    code = (
        "import sys; from analysis.similarity.index import Index\n"
        "from analysis.similarity.weights import Document\n"
        "index = Index([Document(1, words={'disk': 1}), Document(2, words={'mail': 1})])\n"
        "print([hit.key for hit in index.search(Document(-1, words={'disk': 1}))])\n"
        "print('numba' in sys.modules, 'llvmlite' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[1]", "False False"]
