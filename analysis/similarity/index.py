"""An exact top-k index over weighted terms that is never refitted.

What is stored for a document does not depend on any other document: saturated, length-normalised
term weights. Inverse document frequencies are counted live. So a new, edited or removed document
is visible to the very next search.

Documents live in segments: a large one that may be mapped from a file, small ones made since, and a
tail of the newest few, rebuilt at each change. Small ones are merged, so there are never many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.similarity import glossary, text, weights
from analysis.similarity.explaining import Comparison, WeightedQuery
from analysis.similarity.scan import scan_segment
from analysis.similarity.segment import (
    STEPS,
    DamagedFile,
    Row,
    Segment,
    build,
    load,
    merge,
    save,
    term_hash,
)
from analysis.similarity.weights import Document, Lengths

UNSEEN_WORD_SHARE = 0.5
"""What a word that no document contains counts in a perfect match."""
MIN_FACTOR = 1e-20
"""Smaller factors are zero in 32 bits, which the compiled loop must not see."""
OF_SOURCE = 300
"""Documents of a sender that are read to learn which words all of its alerts share."""
SURE_FROM = 3
"""With fewer documents of a sender, its usual words are only half known."""
TAIL = 32
"""Documents in the tail; each search after a change sorts them again, which takes 1 ms."""
SCANNED = 20_000
"""Rows of a segment up to which the plain scan takes no more than 1 ms longer than pruning does."""
CHUNK = 20_000
MERGE_AT = 8
"""So many segments of about one size become one."""


def inverse_document_frequency(count: int, containing: NDArray[np.int64]) -> NDArray[np.float64]:
    """Robertson and Spärck Jones' weight, never negative (Lucene's form)."""
    return np.asarray(np.log1p((count - containing + 0.5) / (containing + 0.5)))


@dataclass(frozen=True)
class Hit:
    """A match: `score` is absolute, `likeness` is its share of a perfect match (0 to 1)."""

    key: int
    score: float
    likeness: float


def _version() -> str:
    """Changes when the code that makes terms and weights does: older files are then refused."""
    sources = [Path(str(module.__file__)).read_bytes() for module in (text, weights, glossary)]
    sources.append(glossary.WORDS.read_bytes())
    return hashlib.blake2b(b"".join(sources), digest_size=12).hexdigest()


class Index:
    """Top-k search over documents by key. Not thread-safe: guard writes and searches together."""

    def __init__(self, documents: Iterable[Document] = (), lengths: Lengths | None = None) -> None:
        rest = iter(documents)
        sample = list(islice(rest, weights.SAMPLE))
        self.lengths = lengths or Lengths.usual(sample)
        self.segments: list[Segment] = []
        self._tail: dict[int, Row] = {}
        self._tail_segment: Segment | None = None
        self._load(sample)
        while chunk := list(islice(rest, CHUNK)):
            self._load(chunk)
        self.merge()

    def _load(self, documents: list[Document]) -> None:
        rows = {document.key: self.row(document) for document in documents}
        for key in rows:
            self.remove(key)
        if rows:
            self.segments.append(build(list(rows.values())))

    def row(self, document: Document) -> Row:
        """What would be stored for a document."""
        return Row.of(document.key, weights.saturate(weights.weigh(document, self.lengths)))

    def _all(self) -> Iterator[Segment]:
        """Every segment, the tail's included."""
        if self._tail and self._tail_segment is None:
            self._tail_segment = build(list(self._tail.values()))
        yield from self.segments
        if self._tail_segment is not None:
            yield self._tail_segment

    def __len__(self) -> int:
        return sum(part.living for part in self.segments) + len(self._tail)

    def __contains__(self, key: int) -> bool:
        return key in self._tail or any(part.row_of(key) is not None for part in self.segments)

    def add(self, document: Document) -> None:
        """Add or replace the document of this key; the next search sees it."""
        self.remove(document.key)
        self._tail[document.key] = self.row(document)
        self._tail_segment = None
        if len(self._tail) >= TAIL:
            self.segments.append(build(list(self._tail.values())))
            self._tail = {}
            self._merge_small()

    def remove(self, key: int) -> None:
        """Remove a document; unknown keys are fine."""
        if self._tail.pop(key, None) is not None:
            self._tail_segment = None
            return
        for part in self.segments:
            row = part.row_of(key)
            if row is not None:
                part.remove(row)

    def _merge_small(self) -> None:
        """Merge the newest segments once there are a few of about one size."""
        while len(self.segments) >= MERGE_AT:
            newest = self.segments[-MERGE_AT:]
            if len(newest[0]) > MERGE_AT * len(newest[-1]):
                return
            self.segments[-MERGE_AT:] = [merge(newest)]

    def merge(self) -> None:
        """Write everything into one segment, without the removed documents."""
        parts = list(self._all())
        self._tail, self._tail_segment = {}, None
        if len(parts) > 1 or (parts and parts[0].living < len(parts[0])):
            parts = [merge(parts)]
        self.segments = parts

    def save(self, path: Path, about: Mapping[str, Any]) -> None:
        """Merge and write to a file that other processes map; `about` is stored in it."""
        self.merge()
        segment = self.segments[0] if self.segments else build([])
        facts = {"version": _version(), "lengths": asdict(self.lengths), "about": dict(about)}
        save(segment, path, facts)

    @classmethod
    def open(cls, path: Path) -> tuple[Index, dict[str, Any]]:
        """Map a saved index, with what was saved about it.

        Raises DamagedFile for a torn or foreign file, FileNotFoundError when there is none.
        """
        segment, facts = load(path)
        if facts.get("version") != _version():
            raise DamagedFile(f"{path} was made by another version")
        index = cls(lengths=Lengths(**facts["lengths"]))
        index.segments = [segment]
        return index, facts["about"]

    def stored(self, key: int) -> Row | None:
        """What is stored for a key; None when nothing is."""
        if key in self._tail:
            return self._tail[key]
        for part in self.segments:
            row = part.row_of(key)
            if row is not None:
                return part.row(row)
        return None

    def query(self, document: Document) -> WeightedQuery:
        weighed = weights.weigh(document, self.lengths)
        query_weights = weights.query_weights(weighed, self.lengths)
        by_hash = sorted(zip(map(term_hash, query_weights), query_weights, strict=True))
        hashes = np.array([value for value, _ in by_hash], np.uint64)
        terms = [term for _, term in by_hash]
        frequency = np.zeros(len(terms), np.int64)
        for part in self._all():
            numbers = part.term_numbers(hashes)
            present = numbers >= 0
            frequency[present] += part.document_frequency[numbers[present]]
        # A stored document that is queried is no part of the history it is compared with.
        own_row = self.stored(document.key)
        count = len(self)
        if own_row is not None:
            frequency -= np.isin(hashes, own_row.hashes)
            count -= 1
        rarity = inverse_document_frequency(count, frequency)
        if document.source:
            plain = np.fromiter(map(weights.is_plain, terms), bool, len(terms))
            rarity = rarity * np.where(plain, self._own_rarity(document, hashes), 1.0)
        factors = rarity * [query_weights[term] for term in terms]
        stored = weights.saturate(weighed)
        own = np.array([stored[term] for term in terms])
        return WeightedQuery(terms, hashes, factors, frequency > 0, own, rarity)

    def _own_rarity(self, document: Document, hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
        """How rare each term is among the newest documents of the same sender, from 0 to 1.

        What every alert of a sender says ("threshold crossed") tells none from another.
        """
        term = np.array([term_hash(weights.SOURCE + document.source)], np.uint64)
        containing, count = np.zeros(len(hashes), np.int64), 0
        for part in reversed(list(self._all())):
            rows = part.newest_with(term, OF_SOURCE - count, document.key)
            count += len(rows)
            numbers = part.term_numbers(hashes)
            present = numbers >= 0
            containing[present] += part.count_terms(rows)[numbers[present]]
        if not count:
            return np.ones(len(hashes))
        most = inverse_document_frequency(count, np.zeros(1, np.int64))
        share = inverse_document_frequency(count, containing) / most
        return np.asarray(share ** min(1.0, count / SURE_FROM))

    def _perfect(self, query: WeightedQuery) -> float:
        """The score of a document that says exactly what the query says.

        Words that no document has count for half: a number or a name never seen before says
        little about whether the failure is new. Services, metrics and the like that no document
        has count for nothing: most of history may come from a time before telemetry.
        """
        unseen = np.where(query.plain, UNSEEN_WORD_SHARE, 0.0)
        return float(np.sum(query.factors * query.own * np.where(query.known, 1.0, unseen)))

    def search(
        self,
        document: Document,
        k: int = 10,
        exclude: Collection[int] = (),
        only: Collection[int] | None = None,
    ) -> list[Hit]:
        """The k best documents with a score above zero, best first; ties go to the lower key.

        `exclude` and `only` are keys; they filter inside the search, so that it returns k where
        there are k.
        """
        return self.answer(self.query(document), k, exclude, only)

    def answer(
        self,
        query: WeightedQuery,
        k: int = 10,
        exclude: Collection[int] = (),
        only: Collection[int] | None = None,
        sign: int = 0,
    ) -> list[Hit]:
        """The same as `search`, for a query that was weighted before.

        With `sign` 1 or -1 only documents with positive or negative keys match.
        """
        perfect = self._perfect(query) if query.terms else 0.0
        if not perfect or k < 1:
            return []
        best, best_keys, count = np.zeros(k), np.zeros(k, np.int64), 0
        for part in self._all():
            numbers = part.term_numbers(query.hashes)
            present = (numbers >= 0) & (query.factors > MIN_FACTOR)
            if present.any():
                terms, factors = numbers[present], query.factors[present] / STEPS
                allowed = _allowed(part, exclude, only, sign)
                search = scan_segment if len(part) <= SCANNED else _compiled_search()
                count = search(terms, factors, part, allowed, best, best_keys, count)
        return [
            Hit(key, score, min(1.0, score / perfect))
            for score, key in zip(best[:count].tolist(), best_keys[:count].tolist(), strict=True)
        ]

    def hit(self, query: WeightedQuery, row: Row) -> Hit:
        """How a row matches that need not be in the index."""
        score = float(query.factors @ row.weights_of(query.hashes))
        perfect = self._perfect(query)
        return Hit(row.key, score, min(1.0, score / perfect) if perfect else 0.0)

    def compare(self, query: WeightedQuery, others: Iterable[Document]) -> dict[int, Comparison]:
        """What a query shares with each matching document, and what only one of the two has."""
        return {
            # Another thread may have removed one meanwhile.
            other.key: Comparison(query, self.stored(other.key) or self.row(other), other)
            for other in others
        }


def _compiled_search() -> Callable[..., int]:
    """Loaded by who needs it: the compiler costs a process 70 MB and most of a second."""
    search: Callable[..., int] = import_module("analysis.similarity.kernel").search_segment
    return search


def _allowed(
    part: Segment, exclude: Collection[int], only: Collection[int] | None, sign: int
) -> np.ndarray:
    """uint8 a row: whether it may match."""
    if not exclude and only is None and not sign:
        return part.alive
    allowed = part.alive.copy()
    negative = int(np.searchsorted(part.keys, 0))
    if sign > 0:
        allowed[:negative] = 0
    elif sign < 0:
        allowed[negative:] = 0
    if only is not None:
        inside = np.zeros(len(part), np.uint8)
        inside[_rows(part, only)] = 1
        allowed &= inside
    allowed[_rows(part, exclude)] = 0
    return allowed


def _rows(part: Segment, keys: Collection[int]) -> np.ndarray:
    wanted = np.fromiter(keys, np.int64, len(keys))
    rows = np.searchsorted(part.keys, wanted)
    inside = rows < len(part)
    rows, wanted = rows[inside], wanted[inside]
    return np.asarray(rows[part.keys[rows] == wanted])
