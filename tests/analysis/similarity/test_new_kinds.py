"""Which failures are called new while history is too small to learn from."""

from __future__ import annotations

import pytest

from analysis.similarity.calibration import is_new_uncalibrated
from analysis.similarity.index import Index
from analysis.similarity.ranking import measured
from analysis.similarity.votes import Ballot, Support
from analysis.similarity.weights import Document


@pytest.mark.parametrize(
    ("likeness", "checks", "new"),
    [
        pytest.param(0.25, 1.0, False, id="words are shared"),
        pytest.param(0.15, 1.0, True, id="hardly any word is shared"),
        pytest.param(0.15, 1.5, False, id="few words, but what proved the cause then holds now"),
        pytest.param(0.05, 1.5, True, id="a check alone, that holds for much else, names no cause"),
        pytest.param(0.25, 0.6, False, id="a check that fails puts a cause lower, no more"),
    ],
)
def test_a_check_that_holds_makes_up_for_words_that_differ(
    likeness: float, checks: float, new: bool
) -> None:
    ballot = Ballot(1, likeness * checks, likeness=likeness, checks=checks)
    assert is_new_uncalibrated([ballot]) is new


def test_without_any_cause_it_is_new() -> None:
    assert is_new_uncalibrated([])


def support_of(question: str, cause: str, **terms: list[str]) -> Support:
    index = Index([Document(-1, {"title": cause}, terms), Document(-2, {"title": "disk full"})])
    query = index.query(Document(0, {"title": question}, terms))
    return measured([Ballot(1, 1.0)], query, index.stored)[0].support or Support()


@pytest.mark.parametrize(
    ("question", "cause", "one_word"),
    [
        ("VPN concentrator certificate pinning mismatch", "Certificate expired", True),
        ("Zertifikat am VPN-Konzentrator passt nicht", "Certificate expired", True),
        ("certificate of the gateway expired", "Certificate expired", False),
        ("Zertifikat abgelaufen", "Certificate expired", False),
        ("certificate", "Certificate expired", False),
    ],
)
def test_one_word_in_common_of_many_speaks_for_no_cause(
    question: str, cause: str, one_word: bool
) -> None:
    assert support_of(question, cause).is_one_word_of_many is one_word


@pytest.mark.parametrize("name", ["service", "alert", "template", "metric"])
def test_one_word_beside_a_service_or_evidence_in_common_is_more(name: str) -> None:
    question = "VPN concentrator certificate pinning mismatch"
    support = support_of(question, "Certificate expired", **{name: ["gateway"]})
    assert not support.is_one_word_of_many
