"""Documents to weighted terms: what counts how much, in stored documents and in the query.

Four kinds of terms describe text: words (stems, identifiers and their parts), pairs of neighbours,
and four-letter pieces of words, once for all text and once for titles alone, where a misspelt,
inflected or compounded word still matches its variants. Ready terms (services, alerts, log
templates, metrics) have a name space each. docs/similarity.md shows what each contributes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from statistics import fmean

from analysis.similarity.text import CONCEPT, pieces, tokenise

HIGHEST_TITLE_WEIGHT, TITLE_POWER = 5.0, 0.6
TERM_WEIGHTS = {"service": 1.0, "alert": 3.0, "template": 3.0, "metric": 3.0}
ASIDE = {"notes": 0.75, "resolution": 0.75, "evidence": 0.75, "fields": 1.0}
"""What a word of these texts counts, where one of the symptom counts 1: not all of it describes the
failure, and most incidents have less of it, or none. What a team chose for it counts fully."""
FROM_PEOPLE = frozenset({"notes", "resolution"})
"""Of these, what a new incident has none of."""
PAIR, PIECE, TITLE_PIECE, SAME_CONCEPT = 0.3, 0.25, 0.6, 0.25
"""What these kinds of terms count, where a word counts 1.0."""
SATURATION = 1.5
"""BM25's k1: how soon more of the same term stops counting."""
QUERY_SATURATION = 8.0
"""BM25's k3, the same for the query."""
WORD_SLOPE, PIECE_SLOPE, TITLE_PIECE_SLOPE = 0.75, 0.9, 0.5
"""BM25's b: how much longer texts count less a word."""
SHORTEST = 0.4
"""A text shorter than usual counts at most 1/SHORTEST times more a word."""
SAMPLE = 5_000
SOURCE = "@"
"""What the term begins with that says which sender wrote a document."""
SOURCE_WEIGHT = 0.02
"""It is stored to be counted and matches nothing."""


@dataclass(frozen=True)
class Document:
    """What the index knows of an incident or a cause.

    `text` maps "title" and "body" to plain text; "notes" to what people wrote while they worked on
    it, "resolution" to what they did in the end, "evidence" to what machines wrote, and "fields" to
    what is in a team's own fields, each of which `fields` has by its label. `terms`
    maps "service", "alert", "template" and "metric" to ready terms; `words` counts words of a body
    that was split before. `source` names the machine that wrote it; empty for people.
    """

    key: int
    text: Mapping[str, str] = field(default_factory=dict)
    terms: Mapping[str, Iterable[str]] = field(default_factory=dict)
    words: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Counts:
    title: Counter[str]
    body: Counter[str]
    title_pieces: Counter[str]
    body_pieces: Counter[str]
    aside: dict[str, Counter[str]]
    """by the names of `ASIDE`; pieces of these words do not count"""


def _counts(document: Document) -> _Counts:
    title, body = document.text.get("title") or "", document.text.get("body") or ""
    title_words, words = Counter(tokenise(title)), Counter(tokenise(body))
    words.update(document.words)
    # A service counts as such and in its words; in pieces too it would outweigh what happened.
    names = [re.escape(name) for name in document.terms.get("service", ()) if name]
    if names:
        named = re.compile(rf"\b(?:{'|'.join(names)})\b", re.IGNORECASE)
        title, body = named.sub(" ", title), named.sub(" ", body)
    aside = {name: Counter(tokenise(text)) for name in ASIDE if (text := document.text.get(name))}
    return _Counts(title_words, words, Counter(pieces(title)), Counter(pieces(body)), aside)


def _words_in(counts: Counter[str]) -> int:
    return sum(count for term, count in counts.items() if " " not in term and term[0] != CONCEPT)


@dataclass(frozen=True)
class Lengths:
    """Usual lengths of a title and a body in words and in pieces: the pivots of normalisation."""

    title: float = 8.0
    body: float = 60.0
    title_pieces: float = 35.0
    body_pieces: float = 250.0

    @property
    def title_weight(self) -> float:
        """What a word of a title counts, where one of a body counts 1.

        Where bodies are long, a title says what matters; where people write a line, title and body
        matter alike.
        """
        return min(HIGHEST_TITLE_WEIGHT, max(1.0, math.pow(self.body / self.title, TITLE_POWER)))

    @classmethod
    def usual(cls, documents: Iterable[Document]) -> Lengths:
        """The means of the first few thousand documents; the defaults when there are none."""
        every = [_counts(document) for document in islice(documents, SAMPLE)]
        if not every:
            return cls()
        return cls(
            max(1.0, fmean(_words_in(counts.title) for counts in every)),
            max(1.0, fmean(_words_in(counts.body) for counts in every)),
            max(1.0, fmean(counts.title_pieces.total() for counts in every)),
            max(1.0, fmean(counts.body_pieces.total() for counts in every)),
        )


def _norm(length: float, usual: float, slope: float) -> float:
    return max(SHORTEST, 1 - slope + slope * length / usual)


def weigh(document: Document, lengths: Lengths) -> dict[str, float]:
    """Length-normalised, field-weighted term frequencies, as in BM25F.

    Source: Robertson, Zaragoza, Taylor, "Simple BM25 extension to multiple weighted fields", 2004.
    """
    counts = _counts(document)
    weights: dict[str, float] = {}

    def add(terms: Counter[str], factor: float, prefix: str = "") -> None:
        for term, count in terms.items():
            name = prefix + term
            weights[name] = weights.get(name, 0.0) + factor * count

    norm = _norm(_words_in(counts.title), lengths.title, WORD_SLOPE)
    add(counts.title, lengths.title_weight / norm)
    add(counts.body, 1 / _norm(_words_in(counts.body), lengths.body, WORD_SLOPE))
    for name, words in counts.aside.items():
        add(words, ASIDE[name] / _norm(_words_in(words), lengths.body, WORD_SLOPE))
    length = counts.title_pieces.total()
    norm = _norm(length, lengths.title_pieces, PIECE_SLOPE)
    add(counts.title_pieces, lengths.title_weight / norm, "#")
    norm = _norm(counts.body_pieces.total(), lengths.body_pieces, PIECE_SLOPE)
    add(counts.body_pieces, 1 / norm, "#")
    norm = _norm(length, lengths.title_pieces, TITLE_PIECE_SLOPE)
    add(counts.title_pieces, lengths.title_weight / norm, "^")
    if document.source:
        weights[SOURCE + document.source] = SOURCE_WEIGHT
    return weights | ready_terms(document)


def ready_terms(document: Document) -> dict[str, float]:
    """Weights of what did not come from text."""
    return {
        f"{name}:{value}": weight
        for name, weight in TERM_WEIGHTS.items()
        for value in document.terms.get(name, ())
    }


def saturate(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights of a stored document, between 0 and 1."""
    return {term: weight / (weight + SATURATION) for term, weight in weights.items()}


def query_weights(weights: Mapping[str, float], lengths: Lengths) -> dict[str, float]:
    """Weights of a query's terms, before their inverse document frequency."""
    k3 = QUERY_SATURATION
    kinds = {"#": PIECE, "^": TITLE_PIECE * lengths.title_weight / HIGHEST_TITLE_WEIGHT}
    return {
        term: (kinds.get(term[0]) or _importance(term)) * weight * (k3 + 1) / (weight + k3)
        for term, weight in weights.items()
        if term[0] != SOURCE
    }


def _importance(term: str) -> float:
    """What a word, a concept, a pair of words or a ready term counts."""
    if term[0] == CONCEPT:
        return SAME_CONCEPT
    return PAIR if " " in term and is_plain(term) else 1.0


def is_plain(term: str) -> bool:
    """Whether a term comes from text, not from a field of ready terms."""
    return term[0] != SOURCE and (":" not in term or term.partition(":")[0] not in TERM_WEIGHTS)


def is_piece(term: str) -> bool:
    return term[0] in "#^"
