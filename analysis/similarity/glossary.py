"""Words of the trade that mean much the same, in several languages."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

from Stemmer import Stemmer

WORDS = Path(__file__).with_name("glossary.txt")
SHORTEST_PART = 6
"""Letters of a word that may be found within a longer one, as in a German compound."""
SHORTEST_COMPOUND = 9

_stemmer = Stemmer("english")
VOICED = "\u3099\u309a"
"""Marks that make another letter in Japanese: no accents."""
WITHOUT_BLANKS = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
"""Letters of Chinese, Japanese and Korean, where words are not, or not only, parted by blanks."""


def fold(text: str) -> str:
    """`text` without accents; other letters than Latin ones stay as they are.

    >>> fold("Verzögerung à l'entrée")
    "Verzogerung a l'entree"
    """
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    plain = (c for c in parts if not unicodedata.combining(c) or c in VOICED)
    return unicodedata.normalize("NFC", "".join(plain))


@lru_cache(maxsize=1)
def _concepts() -> dict[str, str]:
    """From the stem of a word to its concept; the first line that has a word wins."""
    concepts: dict[str, str] = {}
    for line in WORDS.read_text("utf-8").splitlines():
        words = line.split()
        if not words or line.startswith("#"):
            continue
        for word in words:
            concepts.setdefault(_stemmer.stemWord(fold(word)), words[0])
    return concepts


@lru_cache(maxsize=1)
def _parts() -> list[tuple[str, str]]:
    """Stems that may be part of a compound, longest first, with their concepts."""
    long = [(stem, concept) for stem, concept in _concepts().items() if len(stem) >= SHORTEST_PART]
    return sorted(long, key=lambda part: (-len(part[0]), part[0]))


@lru_cache(maxsize=1)
def _words_without_blanks() -> list[tuple[str, str]]:
    """Words of Chinese, Japanese and Korean with their concepts."""
    return [pair for pair in _concepts().items() if WITHOUT_BLANKS.search(pair[0])]


@lru_cache(maxsize=200_000)
def concepts_of(stem: str) -> tuple[str, ...]:
    """The concepts of a stemmed word; those of its parts, if it is a long unknown word.

    >>> concepts_of("cert"), concepts_of("katalogdatenbank"), concepts_of("banana")
    (('certificate',), ('database',), ())
    """
    found = _concepts().get(stem)
    if found:
        return (found,)
    if WITHOUT_BLANKS.search(stem):
        return tuple(dict.fromkeys(c for word, c in _words_without_blanks() if word in stem))
    if len(stem) < SHORTEST_COMPOUND or not stem.isalpha():
        return ()
    concepts: dict[str, None] = {}
    rest = stem
    for part, concept in _parts():
        if part in rest:
            concepts[concept] = None
            rest = rest.replace(part, " ")
    return tuple(concepts)
