"""Why two incidents are alike, in words."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.models import Finding
from analysis.similarity.explaining import Comparison, Overlap, WeightedQuery
from analysis.similarity.text import surface_words
from analysis.similarity.weights import Document, is_plain
from analysis.suggestions.live_index import live_index
from analysis.suggestions.types import Reason


class Reasons:
    """Puts comparisons between the queried document and matching ones into words."""

    def __init__(
        self, document: Document, query: WeightedQuery, matches: Iterable[Document]
    ) -> None:
        self._words = surface_words(" \n ".join(document.text.values()))
        self._comparisons: dict[int, Comparison] = live_index.compare(query, matches)

    def shared(self, key: int) -> list[Reason]:
        comparison = self._comparisons.get(key)
        return self._in_words(comparison.shared) if comparison else []

    def only_now(self, key: int) -> list[Reason]:
        comparison = self._comparisons.get(key)
        return self._in_words(comparison.only_now) if comparison else []

    def only_then(self, key: int) -> list[Reason]:
        comparison = self._comparisons.get(key)
        return self._in_words(comparison.only_then) if comparison else []

    def _in_words(self, overlaps: list[Overlap]) -> list[Reason]:
        total = sum(overlap.score for overlap in overlaps) or 1.0
        reasons = []
        for overlap in overlaps:
            kind, _, value = overlap.term.partition(":")
            if is_plain(overlap.term):
                kind, value = "word", self._words.get(overlap.term, overlap.term)
            reasons.append(Reason(kind, _in_words(kind, value), overlap.score / total))
        return reasons


def _in_words(kind: str, value: str) -> str:
    if kind == "template":
        finding = Finding.objects.filter(term=value).order_by("-pk").first()
        return f"log line: {finding.data['template'][:80]}" if finding else "log line"
    return {
        "service": f"service {value}",
        "alert": f"alert {value}",
        "metric": f"metric off: {value}",
        "word": value,
    }[kind]
