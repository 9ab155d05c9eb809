"""Why two incidents are alike, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.models import Finding
from analysis.similarity.explaining import Comparison, Overlap, Query
from analysis.similarity.text import surface_words
from analysis.similarity.weights import Document, is_plain
from analysis.suggestions.live_index import library


@dataclass(frozen=True)
class Reason:
    """A thing two incidents share, or only one has, and its share of the comparison (0 to 1)."""

    kind: str
    text: str
    weight: float


class Reasons:
    """Puts comparisons between the asked document and found ones into words."""

    def __init__(self, document: Document, query: Query, others: Iterable[Document]) -> None:
        self._words = surface_words(" \n ".join(document.text.values()))
        self._found: dict[int, Comparison] = library.compare(query, others)

    def shared(self, key: int) -> list[Reason]:
        return self._in_words(self._found[key].shared) if key in self._found else []

    def only_now(self, key: int) -> list[Reason]:
        return self._in_words(self._found[key].only_now) if key in self._found else []

    def only_then(self, key: int) -> list[Reason]:
        return self._in_words(self._found[key].only_then) if key in self._found else []

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
