"""Text to weighted terms.

A document has fields; each field is text or a list of ready terms. Text terms of all text fields
share one space, so that a title matches a symptom; ready terms (services, alerts, log templates,
metrics) each have a space of their own, marked by a prefix such as `service:`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from Stemmer import Stemmer

TEXT_WEIGHTS = {"title": 3.0, "body": 1.0}
TERM_WEIGHTS = {"service": 3.0, "alert": 3.0, "template": 3.0, "metric": 3.0}
TEXT_LENGTH = {"title": 8.0, "body": 60.0}
"""Typical terms a field; longer ones count less per word (the pivot of length normalisation)."""
LENGTH_SLOPE = 0.75
LONGEST_TEXT = 20_000
"""Characters of a field that are read: a pasted dump must not cost seconds."""

_WORD = re.compile(r"[A-Za-z0-9]+(?:[._\-/:#@'][A-Za-z0-9]+)*|[^\W\d_]{2,}")
_SEPARATOR = re.compile(r"[._\-/:#@']")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")
_HASHED = re.compile(r"^(?=.*\d)[0-9a-f]{8,}$")
_POD = re.compile(r"-(?=[a-z0-9]*\d)[a-z0-9]{8,10}-[a-z0-9]{5}$")
_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")

STOP_WORDS = frozenset(
    "a about above after again against all also am an and any are as at be because been before "
    "being below between both but by can could did do does doing during each few for from "
    "further had has have having he her here hers him his how i if in into is it its itself just "
    "let me more most my nor now of off on once only or other our out over own per please same "
    "she should since so some such than that the their them then there these they this those "
    "through to too under until up us very via was we were what when where which while who whom "
    "why will with would you your s t ve re ll d".split()
)

_stemmer = Stemmer("english")


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The stem by the Snowball English algorithm (Porter 2)."""
    return _stemmer.stemWord(word)


@lru_cache(maxsize=200_000)
def _terms_of_word(word: str) -> tuple[str, ...]:
    word = _POD.sub("", word)
    parts = [
        part.lower()
        for piece in _SEPARATOR.split(word)
        for part in ([piece] if _HASHED.match(piece.lower()) else _PART.findall(piece))
    ]
    kept = tuple(stem(part) for part in parts if part not in STOP_WORDS and not _HASHED.match(part))
    if len(parts) > 1 and kept:
        return (*kept, "=" + word.lower())
    return kept


def tokenise(text: str) -> list[str]:
    """Words, their stems, the parts of identifiers, and pairs of neighbours.

    An identifier such as `OrderServiceImpl` or `orders-db` gives its parts and, marked with `=`,
    itself. Random ids and hashes give nothing. Pairs have a blank in the middle.

    >>> tokenise("Timeouts on orders-db")
    ['timeout', 'order', 'timeout order', 'db', 'order db', '=orders-db']
    """
    terms: list[str] = []
    previous = ""
    for match in _WORD.finditer(_UUID.sub(" ", text[:LONGEST_TEXT])):
        for term in _terms_of_word(match.group()):
            terms.append(term)
            if term.startswith("="):
                continue
            if previous:
                terms.append(f"{previous} {term}")
            previous = term
    return terms


def surface_words(text: str) -> dict[str, str]:
    """How each term of `text` was first written, for telling a person what was shared."""
    words: dict[str, str] = {}
    previous = previous_word = ""
    for match in _WORD.finditer(_UUID.sub(" ", text[:LONGEST_TEXT])):
        written = match.group()
        terms = _terms_of_word(written)
        parts = _PART.findall(written)
        for term in terms:
            word = written if len(terms) == 1 or term.startswith("=") else ""
            word = word or next((p for p in parts if stem(p.lower()) == term), term)
            words.setdefault(term, word)
            if term.startswith("="):
                continue
            if previous:
                words.setdefault(f"{previous} {term}", f"{previous_word} {word}")
            previous, previous_word = term, word
    return words


@dataclass(frozen=True)
class Document:
    """What the index knows of an incident or a cause.

    `text` maps "title" and "body" to plain text; `terms` maps "service", "alert", "template" and
    "metric" to ready terms.
    """

    key: int
    text: Mapping[str, str] = field(default_factory=dict)
    terms: Mapping[str, Iterable[str]] = field(default_factory=dict)


PAIR_WEIGHT = 0.5


def weigh(document: Document) -> dict[str, float]:
    """Length-normalised, field-weighted term frequency, as in BM25F.

    Source: Robertson, Zaragoza, Taylor, "Simple BM25 extension to multiple weighted fields", 2004.
    """
    weights: dict[str, float] = {}
    for name, weight in TEXT_WEIGHTS.items():
        counts = Counter(tokenise(document.text.get(name) or ""))
        singles = sum(count for term, count in counts.items() if " " not in term)
        norm = 1 - LENGTH_SLOPE + LENGTH_SLOPE * singles / TEXT_LENGTH[name]
        for term, count in counts.items():
            share = weight * (PAIR_WEIGHT if " " in term else 1.0) * count / max(norm, 0.4)
            weights[term] = weights.get(term, 0.0) + share
    for name, weight in TERM_WEIGHTS.items():
        for value in document.terms.get(name, ()):
            weights[f"{name}:{value}"] = weight
    return weights
