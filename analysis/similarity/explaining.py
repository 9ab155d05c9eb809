"""A weighed question, and what it has in common with a found document."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from analysis.similarity.segment import Row
from analysis.similarity.text import tokenise
from analysis.similarity.weights import Document, is_piece, is_plain, ready_terms, saturate

SHARED, DIFFERENCES = 8, 4
"""Most terms that are told."""


class Overlap(NamedTuple):
    """A term two documents share, or only one has, and the part of the score it gives."""

    term: str
    score: float


@dataclass(frozen=True)
class Query:
    """A question's terms with what a stored weight of 1 gives."""

    terms: list[str]
    hashes: np.ndarray
    """uint64, ascending, in step with the terms"""
    factors: np.ndarray
    """float64: query weight times inverse document frequency"""
    known: np.ndarray
    """bool: whether any document has the term"""
    own: np.ndarray
    """float64: what each term would weigh, were the question a stored document"""

    @cached_property
    def plain(self) -> np.ndarray:
        """bool: whether a term comes from text"""
        return np.fromiter(map(is_plain, self.terms), bool, len(self.terms))

    @cached_property
    def nameable(self) -> np.ndarray:
        """bool: whether a term may be told to a person"""
        pieces = np.fromiter(map(is_piece, self.terms), bool, len(self.terms))
        return (self.factors > 0) & ~pieces

    def named(self, values: np.ndarray, which: np.ndarray, most: int) -> list[Overlap]:
        """The heaviest of the terms in `which` (bool), for weights of float64 in step with them."""
        scores = self.factors * values
        places = np.flatnonzero(which & self.nameable)
        return _named([Overlap(self.terms[at], float(scores[at])) for at in places])[:most]


@dataclass(frozen=True)
class Comparison:
    """Terms of both, of the question alone and of the found document alone, heaviest first.

    A term is left out when another that is named holds the same words: a service stands for the
    words of its name, a pair of words and a whole identifier for their parts. Pieces of words are
    never named.
    """

    query: Query
    found: Row
    document: Document
    """the found one"""

    @cached_property
    def _values(self) -> np.ndarray:
        return self.found.values_of(self.query.hashes)

    @cached_property
    def shared(self) -> list[Overlap]:
        return self.query.named(self._values, self._values > 0, SHARED)

    @cached_property
    def only_now(self) -> list[Overlap]:
        """Without words that no document has: they say nothing about this one."""
        heard = self.query.known | ~self.query.plain
        return self.query.named(self.query.own, heard & (self._values == 0), DIFFERENCES)

    @cached_property
    def only_then(self) -> list[Overlap]:
        """Services, alerts and the like; any two texts differ in their words."""
        stored = saturate(ready_terms(self.document))
        missing = stored.keys() - self.query.terms
        return _named([Overlap(term, stored[term]) for term in missing])[:DIFFERENCES]


def _named(overlaps: list[Overlap]) -> list[Overlap]:
    """Heaviest first, each word once."""
    # Services, alerts, templates and metrics first, then the longest names.
    overlaps.sort(key=lambda o: (*_standing(o.term), -o.score, o.term))
    named: list[Overlap] = []
    said: list[frozenset[str]] = []
    for overlap in overlaps:
        words = _words(overlap.term)
        if is_plain(overlap.term) and any(words <= other for other in said):
            continue
        named.append(overlap)
        if not overlap.term.startswith(("template:", "metric:")):
            said.append(words)
    named.sort(key=lambda o: (-o.score, o.term))
    return named


@lru_cache(maxsize=100_000)
def _standing(term: str) -> tuple[bool, int]:
    """Where a term stands among those that are told."""
    return is_plain(term), -len(_words(term))


@lru_cache(maxsize=100_000)
def _words(named: str) -> frozenset[str]:
    """The words that a term holds."""
    plain = is_plain(named)
    term = named.removeprefix("=") if plain else named.partition(":")[2]
    if " " in term and plain:
        return frozenset(term.split())
    words = (word for word in tokenise(term) if " " not in word and not word.startswith("="))
    return frozenset(words) or frozenset([term])
