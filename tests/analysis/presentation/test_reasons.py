"""Reasons of a suggestion in the reader's language; what is stored and sent stays in English."""

from __future__ import annotations

from itertools import product

import pytest
from django.utils import translation

from analysis.presentation.reasons import (
    CONFIDENCE,
    WRITTEN,
    confidence_band,
    named,
    quoted,
    shared,
    written,
)
from analysis.suggestions.explanations import PLACES
from analysis.suggestions.types import Reason
from kb.answers import CONFIDENCE_IN_WORDS

SERVICE = Reason("service", "service checkout", 0.5, name="checkout")
WORD = Reason("word", "timeout", 0.5, "in a note now, in the resolution then", "timeout")


@pytest.mark.parametrize(
    "reason",
    [
        SERVICE,
        WORD,
        Reason("alert", "alert Down", 0.5, name="Down"),
        Reason("metric", "metric off: cpu", 0.5, name="cpu"),
        Reason("template", "log line: <*> failed", 0.5, name="<*> failed"),
        Reason("template", "log line", 0.5),
    ],
    ids=lambda reason: reason.text,
)
def test_in_english_a_reason_is_named_as_the_api_names_it(reason: Reason) -> None:
    assert named(reason) == reason.text
    in_quotes = f"“{reason.text}”"
    assert shared(reason) == (in_quotes if reason.kind == "word" else f"same {reason.text}")


def test_a_german_page_says_reasons_in_german() -> None:
    with translation.override("de"):
        assert shared(SERVICE) == "gleicher Dienst checkout"
        assert quoted(WORD) == "„timeout“"
        assert written(WORD) == "jetzt in einer Notiz, damals in der Behebung"
        in_field = Reason("word", "acme", 0.5, "in the field Customer now, in a note then", "acme")
        assert written(in_field) == "jetzt im Feld Customer, damals in einer Notiz"
        assert confidence_band(0.6) == "wahrscheinlich"
    assert SERVICE.text == "service checkout"


def test_every_band_and_every_place_has_its_words() -> None:
    assert set(CONFIDENCE) == {word for _, word in CONFIDENCE_IN_WORDS}
    places = product(PLACES.values(), ("now", "then"))
    assert set(WRITTEN) == {f"in {place} {when}" for place, when in places}
