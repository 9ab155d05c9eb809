"""Text to terms: words, their stems, the parts of identifiers, pairs, and pieces of words."""

from __future__ import annotations

import re
from functools import lru_cache

from Stemmer import Stemmer

from analysis.similarity.glossary import WITHOUT_BLANKS, concepts_of, fold
from common.pods import without_pod_hashes

LONGEST_TEXT = 20_000
"""Characters of a field that are read: a pasted dump must not cost seconds."""

_WORD = re.compile(r"[A-Za-z0-9]+(?:[._\-/:#@'][A-Za-z0-9]+)*|[^\W\d_]{2,}")
_ALPHANUMERIC = re.compile(r"[^\W_]+")
PIECE = 4
CONCEPT = "~"
MARKS = "=" + CONCEPT
"""What whole identifiers and concepts begin with."""
_SEPARATOR = re.compile(r"[._\-/:#@']")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")
_HASHED = re.compile(r"^(?=.*\d)[0-9a-f]{8,}$")
_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_CLOCK = r"\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{1,9})?"
_UNIT = (
    "(?:ns|us|µs|ms|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?"
    "|%|percent|[KMGT]i?B?|bytes?)"
)
_MEASURES = re.compile(
    rf"(?<![\w.])(?:\d{{4}}-\d\d-\d\d(?:[T ]{_CLOCK})?(?:Z|[+-]\d\d:?\d\d)?"
    rf"|{_MONTH} {{1,2}}\d{{1,2}}(?:,? \d{{4}})?(?: {_CLOCK})?|\d{{1,2}} {_MONTH}(?: \d{{4}})?"
    rf"|{_CLOCK}(?:Z| ?UTC| ?[AaPp][Mm])?|\d{{1,15}}(?:\.\d{{1,9}})? ?{_UNIT}"
    r"|SEV-?\d|UTC|GMT|\d{5,})"
    r"(?![\w%])"
)
"""When, how long and how much: two incidents of one day or one duration have nothing in common."""

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
    return str(_stemmer.stemWord(word))


def _split(stem: str) -> tuple[str, ...]:
    """The pairs of letters of Chinese, Japanese or Korean, as search engines index it."""
    if len(stem) <= 2 or not WITHOUT_BLANKS.search(stem):
        return (stem,)
    return tuple(stem[at : at + 2] for at in range(len(stem) - 1))


def _is_letter_pair(term: str) -> bool:
    """Whether it is a pair already, so that it makes none with its neighbours."""
    return not term.isascii() and bool(WITHOUT_BLANKS.search(term))


@lru_cache(maxsize=200_000)
def _terms_of_word(word: str) -> tuple[str, ...]:
    word = without_pod_hashes(word)
    parts = [
        part.lower()
        for piece in _SEPARATOR.split(word)
        for part in ([piece] if _HASHED.match(piece.lower()) else _PART.findall(piece))
    ]
    stems = tuple(
        stem(part) for part in parts if part not in STOP_WORDS and not _HASHED.match(part)
    )
    marked = tuple(CONCEPT + concept for each in stems for concept in concepts_of(each))
    stems = tuple(term for each in stems for term in _split(each))
    if len(parts) > 1 and stems:
        marked = ("=" + word.lower(), *marked)
    return (*stems, *marked)


def _without_measures(text: str) -> str:
    return _MEASURES.sub(" ", _UUID.sub(" ", text))


def tokenise(text: str) -> list[str]:
    """Words, their stems, the parts of identifiers, and pairs of neighbours.

    An identifier such as `OrderServiceImpl` or `orders-db` gives its parts and, marked with `=`,
    itself. Random ids and hashes, times, durations and sizes give nothing. Pairs have a blank in
    the middle. `~` marks the concept of a word (analysis.similarity.glossary).

    >>> tokenise("Timeouts on orders-db")
    ['timeout', 'order', 'timeout order', 'db', 'order db', '=orders-db']
    """
    terms: list[str] = []
    previous = ""
    for match in _WORD.finditer(_without_measures(fold(text[:LONGEST_TEXT]))):
        for term in _terms_of_word(match.group()):
            terms.append(term)
            if term[0] in MARKS:
                continue
            if _is_letter_pair(term):
                previous = ""
                continue
            if previous:
                terms.append(f"{previous} {term}")
            previous = term
    return terms


@lru_cache(maxsize=200_000)
def _pieces_of_word(word: str) -> tuple[str, ...]:
    if word in STOP_WORDS or _HASHED.match(word):
        return ()
    padded = f" {word} "
    return tuple(padded[at : at + PIECE] for at in range(len(padded) - PIECE + 1))


def pieces(text: str) -> list[str]:
    """The overlapping four-letter pieces of each word, its ends marked by blanks.

    >>> pieces("Shaded jar")
    [' sha', 'shad', 'hade', 'aded', 'ded ', ' jar', 'jar ']
    """
    text = _without_measures(fold(text[:LONGEST_TEXT])).lower()
    return [piece for word in _ALPHANUMERIC.findall(text) for piece in _pieces_of_word(word)]


def surface_words(text: str) -> dict[str, str]:
    """How each term of `text` was first written, to show a person what was shared."""
    words: dict[str, str] = {}
    previous = previous_word = ""
    for match in _WORD.finditer(_without_measures(text[:LONGEST_TEXT])):
        written = match.group()
        terms = _terms_of_word(fold(written))
        parts = _PART.findall(written)
        stems = sum(term[0] not in MARKS for term in terms)
        for term in terms:
            if term[0] == CONCEPT:
                words.setdefault(term, f"{written} ≈ {term[1:]}")
                continue
            word = written if stems == 1 or term.startswith("=") else ""
            word = word or next((p for p in parts if stem(fold(p.lower())) == term), term)
            words.setdefault(term, word)
            if term[0] in MARKS:
                continue
            if _is_letter_pair(term):
                previous = ""
                continue
            if previous:
                words.setdefault(f"{previous} {term}", f"{previous_word} {word}")
            previous, previous_word = term, word
    return words
