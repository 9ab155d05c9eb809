"""A weighted query, and what it has in common with a matching document."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.similarity.glossary import concepts_of
from analysis.similarity.segment import Row
from analysis.similarity.text import CONCEPT, MARKS, tokenise
from analysis.similarity.weights import (
    TERM_WEIGHTS,
    Document,
    is_piece,
    is_plain,
    ready_terms,
    saturate,
)

MAX_SHARED, MAX_DIFFERENCES = 8, 4
"""Terms that are named at most."""


class Overlap(NamedTuple):
    """A term two documents share, or only one has, and the part of the score it gives."""

    term: str
    score: float


@dataclass(frozen=True)
class WeightedQuery:
    """A query's terms with the score that a stored weight of 1 gives."""

    terms: list[str]
    hashes: np.ndarray
    """uint64, ascending, in step with the terms"""
    factors: np.ndarray
    """float64: query weight times inverse document frequency"""
    known: np.ndarray
    """bool: whether any document has the term"""
    own: np.ndarray
    """float64: what each term would weigh, were the query a stored document"""
    rarity: np.ndarray
    """float64: inverse document frequency; highest for terms that no document has"""

    @cached_property
    def plain(self) -> np.ndarray:
        """bool: whether a term comes from text"""
        return np.fromiter(map(is_plain, self.terms), bool, len(self.terms))

    @cached_property
    def content(self) -> NDArray[np.bool_]:
        """bool: single words and concepts, without pairs, identifiers, pieces and ready terms"""
        kinds = (
            is_plain(term) and not is_piece(term) and " " not in term and term[0] != "="
            for term in self.terms
        )
        return np.fromiter(kinds, bool, len(self.terms))

    @cached_property
    def concepts(self) -> NDArray[np.bool_]:
        """bool: which terms say what a word means in the trade"""
        return np.fromiter((term[0] == CONCEPT for term in self.terms), bool, len(self.terms))

    @cached_property
    def asked(self) -> float:
        """log(1 + rarity of all its words, summed)"""
        return float(np.log1p((self.rarity * self.content).sum()))

    @cached_property
    def services(self) -> NDArray[np.bool_]:
        """bool: which terms are services"""
        return np.fromiter((t.startswith("service:") for t in self.terms), bool, len(self.terms))

    @cached_property
    def evidence(self) -> NDArray[np.bool_]:
        """bool: which terms are alerts, log templates and metrics"""
        starts = tuple(f"{name}:" for name in TERM_WEIGHTS if name != "service")
        return np.fromiter((t.startswith(starts) for t in self.terms), bool, len(self.terms))

    @cached_property
    def nameable(self) -> NDArray[np.bool_]:
        """bool: whether a term may be shown to a person"""
        pieces = np.fromiter(map(is_piece, self.terms), bool, len(self.terms))
        return np.asarray((self.factors > 0) & ~pieces)

    def named(self, values: np.ndarray, which: np.ndarray, most: int) -> list[Overlap]:
        """The heaviest of the terms in `which` (bool), for weights of float64 in step with them."""
        scores = self.factors * values
        positions = np.flatnonzero(which & self.nameable)
        return _named([Overlap(self.terms[at], float(scores[at])) for at in positions])[:most]


@dataclass(frozen=True)
class Comparison:
    """Terms of both, of the query alone and of the matching document alone, heaviest first.

    A term is left out when another that is named contains the same words: a service represents the
    words of its name, a pair of words and a whole identifier represent their parts. Pieces of words
    are never named.
    """

    query: WeightedQuery
    row: Row
    """what the index stores of the matching document"""
    document: Document
    """the matching document"""

    @cached_property
    def _values(self) -> np.ndarray:
        return self.row.weights_of(self.query.hashes)

    @cached_property
    def shared(self) -> list[Overlap]:
        return self.query.named(self._values, self._values > 0, MAX_SHARED)

    @cached_property
    def only_now(self) -> list[Overlap]:
        """Without words that no document has: they say nothing about this one."""
        meaningful = self.query.known | ~self.query.plain
        return self.query.named(self.query.own, meaningful & (self._values == 0), MAX_DIFFERENCES)

    @cached_property
    def only_then(self) -> list[Overlap]:
        """Services, alerts and the like; any two texts differ in their words."""
        stored = saturate(ready_terms(self.document))
        missing = stored.keys() - self.query.terms
        return _named([Overlap(term, stored[term]) for term in missing])[:MAX_DIFFERENCES]


def _named(overlaps: list[Overlap]) -> list[Overlap]:
    """Heaviest first, each word once."""
    # Services, alerts, templates and metrics first, then the longest names.
    overlaps.sort(key=lambda o: (*_naming_order(o.term), -o.score, o.term))
    named: list[Overlap] = []
    covered: list[frozenset[str]] = []
    for overlap in overlaps:
        words = _words(overlap.term)
        if is_plain(overlap.term) and any(words <= other for other in covered):
            continue
        if overlap.term[0] == CONCEPT and _is_meant_by(overlap.term[1:], covered):
            continue
        named.append(overlap)
        if not overlap.term.startswith(("template:", "metric:")):
            covered.append(words)
    named.sort(key=lambda o: (-o.score, o.term))
    return named


def _is_meant_by(concept: str, named: list[frozenset[str]]) -> bool:
    """Whether a word that is named has this concept."""
    return any(concept in concepts_of(word) for words in named for word in words)


@lru_cache(maxsize=100_000)
def _naming_order(term: str) -> tuple[bool, bool, int]:
    """Sorts terms by which of them should be named first."""
    return is_plain(term), term[0] == CONCEPT, -len(_words(term))


@lru_cache(maxsize=100_000)
def _words(named: str) -> frozenset[str]:
    """The words that a term contains."""
    plain = is_plain(named)
    term = named.lstrip(MARKS) if plain else named.partition(":")[2]
    if " " in term and plain:
        return frozenset(term.split())
    words = (word for word in tokenise(term) if " " not in word and word[0] not in MARKS)
    return frozenset(words) or frozenset([term])
