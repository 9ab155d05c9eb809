"""Words of other languages, and of those written without blanks, meet the same concepts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.similarity.glossary import fold
from analysis.similarity.index import Index
from analysis.similarity.text import surface_words, tokenise
from analysis.similarity.weights import Document

ENGLISH = "certificate of the shop expired"


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("Zertifikat abgelaufen", {"~certificate", "~expired"}),
        ("Datenbankverbindung verzögert", {"~database", "~connection", "~slow"}),
        ("SSL証明書の期限切れ", {"~certificate", "~expired"}),
        ("レプリカの遅延で注文が表示されない", {"~replica", "~slow", "~order"}),
        ("数据库连接超时", {"~database", "~connection", "~timeout"}),
        ("데이터베이스 연결 오류", {"~database", "~connection", "~error"}),
    ],
)
def test_words_of_other_languages_have_concepts(text: str, concepts: set[str]) -> None:
    assert concepts <= set(tokenise(text))


def test_a_sentence_without_blanks_is_found_by_a_part_of_it() -> None:
    history = ["レプリカの遅延で注文が表示されない", "証明書の期限切れで支払いできない", ENGLISH]
    index = Index([Document(n, {"title": title}) for n, title in enumerate(history, 1)])
    assert index.search(Document(0, {"title": "注文が表示"}), 3)[0].key == 1
    found = [hit.key for hit in index.search(Document(0, {"title": "期限切れの証明書"}), 3)]
    assert found[0] == 2
    assert 3 in found


def test_accents_do_not_matter_but_marks_that_make_another_letter_do() -> None:
    assert fold("Verzögerung à l'entrée") == "Verzogerung a l'entree"
    assert fold("プロセッサがダウン") == "プロセッサがダウン"


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Z"]), max_size=200))
def test_any_text_gives_the_terms_that_can_be_shown(text: str) -> None:
    terms = tokenise(text)
    assert all(terms)
    assert tokenise(text) == terms
    assert all(surface_words(text).values())
