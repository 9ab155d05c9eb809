"""Why two incidents are alike, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from analysis.models import Finding
from analysis.similarity.explaining import Comparison, Overlap, WeightedQuery
from analysis.similarity.text import surface_words, tokenise
from analysis.similarity.weights import Document, is_plain
from analysis.suggestions.live_index import live_index
from analysis.suggestions.types import Reason

PLACES = {"notes": "a note", "resolution": "the resolution", "evidence": "an alert or log line"}
"""Where words beside title and symptom come from, by part of a document's text."""


class Reasons:
    """Puts comparisons between the queried document and matching ones into words."""

    def __init__(
        self, document: Document, query: WeightedQuery, matches: Iterable[Document]
    ) -> None:
        self._words = surface_words(" \n ".join(document.text.values()))
        self._written_in = _terms_by_place(document)
        self._comparisons: dict[int, Comparison] = live_index.compare(query, matches)

    def shared(self, key: int) -> list[Reason]:
        comparison = self._comparisons.get(key)
        if comparison is None:
            return []
        return self._in_words(comparison.shared, _terms_by_place(comparison.document))

    def only_now(self, key: int) -> list[Reason]:
        comparison = self._comparisons.get(key)
        return self._in_words(comparison.only_now) if comparison else []

    def only_then(self, key: int) -> list[Reason]:
        comparison = self._comparisons.get(key)
        return self._in_words(comparison.only_then) if comparison else []

    def _in_words(
        self, overlaps: list[Overlap], then: Mapping[str, str] | None = None
    ) -> list[Reason]:
        """`then` maps terms of the matching document to where they were written."""
        total = sum(overlap.score for overlap in overlaps) or 1.0
        reasons = []
        for overlap in overlaps:
            kind, _, value = overlap.term.partition(":")
            if is_plain(overlap.term):
                kind, value = "word", self._words.get(overlap.term, overlap.term)
            places = (
                ("now", self._written_in.get(overlap.term)),
                ("then", then.get(overlap.term) if then else None),
            )
            source = ", ".join(f"in {place} {when}" for when, place in places if place)
            name = _log_line(value) if kind == "template" else value
            text, weight = _in_words(kind, name), overlap.score / total
            reasons.append(Reason(kind, text, weight, source, name))
        return reasons


def _terms_by_place(document: Document) -> dict[str, str]:
    """Of the terms that neither title nor symptom have: where they were written."""
    aside = {f"the field {label}": text for label, text in document.fields.items()}
    aside |= {place: document.text[part] for part, place in PLACES.items() if part in document.text}
    if not aside:
        return {}
    own = {term for part in ("title", "body") for term in tokenise(document.text.get(part, ""))}
    places: dict[str, str] = {}
    for place, text in aside.items():
        for term in tokenise(text):
            if term not in own:
                places.setdefault(term, place)
    return places


def _log_line(term: str) -> str:
    """The template that a term represents, cut short; empty where no finding has it any more."""
    finding = Finding.objects.filter(term=term).order_by("-pk").first()
    return str(finding.data["template"][:80]) if finding else ""


def _in_words(kind: str, name: str) -> str:
    return {
        "service": f"service {name}",
        "alert": f"alert {name}",
        "metric": f"metric off: {name}",
        "template": f"log line: {name}" if name else "log line",
        "word": name,
    }[kind]
