"""An immutable piece of the index: inverted postings, and the same numbers by document.

Terms are stored as 64-bit hashes, weights as 16-bit integers. A weight *is* its 16-bit value:
whoever scores by hand uses the same numbers, so search is exact and not an approximation. What
changes after building are only `alive` and `document_frequency`, when a document is removed; in a
segment mapped from a file those changes stay private to the process.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

STEPS = 65535
"""Weights between 0 and 1 are stored as multiples of 1/STEPS."""
SPLIT = 64
"""Terms with fewer postings are not split by weight."""
MAGIC = b"CAUSEBOOK-INDEX\n"
END = b"\nEND-OF-INDEX\n"
ALIGN = 64


class DamagedFile(ValueError):
    """The file is torn, of another program, or of another version of this one."""


@lru_cache(maxsize=200_000)
def term_hash(term: str) -> int:
    """The 64-bit hash of a term, the same in every process. Collisions: about 1 in 10^7 indexes."""
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class Row:
    """One document's terms: hashes in ascending order (uint64) and their weights (uint16)."""

    key: int
    hashes: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, key: int, weights: Mapping[str, float]) -> Row:
        """From weights between 0 and 1; what would be stored as 0 is left out."""
        hashes = np.fromiter(map(term_hash, weights), np.uint64, len(weights))
        values = np.fromiter(weights.values(), np.float64, len(weights))
        stored = np.minimum(np.rint(values * STEPS), STEPS).astype(np.uint16)
        order = np.argsort(hashes)
        order = order[stored[order] > 0]
        return cls(key, hashes[order], stored[order])

    def weights_of(self, hashes: np.ndarray) -> np.ndarray:
        """The weights of some terms (uint64, ascending), between 0 and 1; 0 where it has none."""
        if not len(self.hashes):
            return np.zeros(len(hashes))
        at = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.where(self.hashes[at] == hashes, self.weights[at] / STEPS, 0.0)


@dataclass
class Segment:
    """Documents in rows, rows in the order of their keys. n rows, v terms, p postings."""

    keys: np.ndarray
    """int64[n], ascending"""
    alive: np.ndarray
    """uint8[n], 0 once removed"""
    hashes: np.ndarray
    """uint64[v], ascending"""
    document_frequency: np.ndarray
    """int32[v], counts living rows only"""
    highest: np.ndarray
    """uint16[v], the highest weight among a term's postings"""
    usual: np.ndarray
    """uint16[v], a weight that few of a term's postings exceed"""
    starts: np.ndarray
    """int64[2 v + 1], where a term's postings start: first those above `usual`, then the others"""
    rows: np.ndarray
    """int32[p], ascending within either part of a term"""
    weights: np.ndarray
    """uint16[p]"""
    row_starts: np.ndarray
    """int64[n + 1], where a row's terms start"""
    row_terms: np.ndarray
    """int32[p], ascending within a row"""
    row_weights: np.ndarray
    """uint16[p]"""

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def living(self) -> int:
        return int(np.count_nonzero(self.alive))

    def row_of(self, key: int) -> int | None:
        """The living row of a key."""
        row = int(np.searchsorted(self.keys, key))
        if row < len(self.keys) and self.keys[row] == key and self.alive[row]:
            return row
        return None

    def row(self, row: int) -> Row:
        start, end = self.row_starts[row], self.row_starts[row + 1]
        terms = self.hashes[self.row_terms[start:end]]
        return Row(int(self.keys[row]), terms, self.row_weights[start:end])

    def remove(self, row: int) -> None:
        self.alive[row] = 0
        start, end = self.row_starts[row], self.row_starts[row + 1]
        self.document_frequency[self.row_terms[start:end]] -= 1

    def term_numbers(self, hashes: np.ndarray) -> np.ndarray:
        """Of sorted hashes; -1 where this segment has no such term. int64[len]"""
        if not len(self.hashes):
            return np.full(len(hashes), -1)
        numbers = np.searchsorted(self.hashes, hashes)
        numbers[numbers == len(self.hashes)] = 0
        return np.where(self.hashes[numbers] == hashes, numbers, -1)

    def newest_with(self, term: np.ndarray, most: int, besides: int) -> np.ndarray:
        """Living rows that have a term (uint64[1]), those with the highest keys; int64[≤ most]."""
        number = int(self.term_numbers(term)[0]) if most > 0 else -1
        if number < 0:
            return np.zeros(0, np.int64)
        rows = np.sort(self.rows[self.starts[2 * number] : self.starts[2 * number + 2]])
        rows = rows[(self.alive[rows] > 0) & (self.keys[rows] != besides)]
        return np.asarray(rows[-most:], np.int64)

    def count_terms(self, rows: np.ndarray) -> np.ndarray:
        """How many of some rows have each term; int64[v]."""
        parts = [self.row_terms[self.row_starts[row] : self.row_starts[row + 1]] for row in rows]
        every = np.concatenate(parts) if parts else np.zeros(0, np.int32)
        return np.asarray(np.bincount(every, minlength=len(self.hashes)), np.int64)


def build(rows: Sequence[Row]) -> Segment:
    """A segment of rows whose keys differ."""
    rows = sorted(rows, key=lambda row: row.key)
    lengths = [len(row.hashes) for row in rows]
    every = np.concatenate([row.hashes for row in rows]) if rows else np.zeros(0, np.uint64)
    weights = np.concatenate([row.weights for row in rows]) if rows else np.zeros(0, np.uint16)
    hashes, terms = np.unique(every, return_inverse=True)
    return _assemble(
        np.array([row.key for row in rows], np.int64),
        hashes,
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        terms.astype(np.int32),
        weights,
    )


def merge(segments: Sequence[Segment]) -> Segment:
    """One segment with the living rows of several. No key may live in two of them."""
    hashes = np.unique(np.concatenate([segment.hashes for segment in segments]))
    keys, lengths, terms, weights = [], [], [], []
    for segment in segments:
        living = np.flatnonzero(segment.alive)
        sizes = np.diff(segment.row_starts)
        in_living_row = np.repeat(segment.alive.astype(bool), sizes)
        renumbered = np.searchsorted(hashes, segment.hashes).astype(np.int32)
        keys.append(segment.keys[living])
        lengths.append(sizes[living])
        terms.append(renumbered[segment.row_terms[in_living_row]])
        weights.append(segment.row_weights[in_living_row])
    every_key, every_length = np.concatenate(keys), np.concatenate(lengths)
    order = np.argsort(every_key, kind="stable")
    starts = np.concatenate([[0], np.cumsum(every_length)])
    every_term, every_weight = np.concatenate(terms), np.concatenate(weights)
    if np.any(order[1:] < order[:-1]):
        sizes = every_length[order]
        ends = np.cumsum(sizes)
        gather = np.arange(len(every_term)) + np.repeat(starts[order] - (ends - sizes), sizes)
        every_term, every_weight = every_term[gather], every_weight[gather]
    row_starts = np.concatenate([[0], np.cumsum(every_length[order])]).astype(np.int64)
    used = np.zeros(len(hashes), bool)
    used[every_term] = True
    renumbered = (np.cumsum(used) - 1).astype(np.int32)
    return _assemble(
        every_key[order], hashes[used], row_starts, renumbered[every_term], every_weight
    )


def _assemble(
    keys: np.ndarray,
    hashes: np.ndarray,
    row_starts: np.ndarray,
    row_terms: np.ndarray,
    row_weights: np.ndarray,
) -> Segment:
    from scipy import sparse

    counts = np.bincount(row_terms, minlength=len(hashes))
    usual = _usual(row_terms, row_weights, counts)
    # Two columns a term; transposing the matrix sorts the postings.
    columns = 2 * row_terms.astype(np.int32) + (row_weights <= usual[row_terms])
    shape = (len(keys), 2 * len(hashes))
    by_term = sparse.csr_matrix((row_weights, columns, row_starts), shape=shape).tocsc()
    starts = by_term.indptr.astype(np.int64)
    highest = np.zeros(len(hashes), np.uint16)
    if len(hashes):
        highest = np.maximum.reduceat(by_term.data, starts[:-1:2]).astype(np.uint16)
    return Segment(
        keys=keys,
        alive=np.ones(len(keys), np.uint8),
        hashes=hashes,
        document_frequency=counts.astype(np.int32),
        highest=highest,
        usual=np.minimum(usual, highest),
        starts=starts,
        rows=by_term.indices.astype(np.int32, copy=False),
        weights=by_term.data.astype(np.uint16, copy=False),
        row_starts=row_starts,
        row_terms=row_terms.astype(np.int32, copy=False),
        row_weights=row_weights.astype(np.uint16, copy=False),
    )


def _usual(terms: np.ndarray, weights: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """One standard deviation above a term's mean weight; the maximum where postings are few."""
    values = weights.astype(np.float64)
    most = np.maximum(counts, 1)
    mean = np.bincount(terms, values, len(counts)) / most
    spread = np.bincount(terms, (values - mean[terms]) ** 2, len(counts)) / most
    bound = np.where(counts < SPLIT, STEPS, np.ceil(mean + np.sqrt(spread)))
    return np.minimum(bound, STEPS).astype(np.uint16)


def save(segment: Segment, path: Path, about: Mapping[str, Any]) -> None:
    """Write a segment and a few facts about it; readers see the old file or the whole new one."""
    arrays = {field.name: getattr(segment, field.name) for field in fields(segment)}
    table, offset = {}, 0
    for name, array in arrays.items():
        table[name] = [array.dtype.str, len(array), offset]
        offset += -(-array.nbytes // ALIGN) * ALIGN
    header = json.dumps({"about": dict(about), "arrays": table, "bytes": offset}).encode()
    header += b" " * (-(len(MAGIC) + 40 + len(header)) % ALIGN)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            file.write(MAGIC + len(header).to_bytes(8, "little"))
            file.write(hashlib.blake2b(header, digest_size=32).digest() + header)
            for array in arrays.values():
                file.write(np.ascontiguousarray(array).data)
                file.write(b"\0" * (-array.nbytes % ALIGN))
            file.write(END)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def load(path: Path) -> tuple[Segment, dict[str, Any]]:
    """Map a saved segment into memory, with the facts saved about it.

    Raises DamagedFile when it is torn or foreign, FileNotFoundError when there is none.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        begin = file.read(len(MAGIC) + 40)
        if begin[: len(MAGIC)] != MAGIC or len(begin) < len(MAGIC) + 40:
            raise DamagedFile(f"{path} is not an index")
        length = int.from_bytes(begin[len(MAGIC) : len(MAGIC) + 8], "little")
        header = file.read(min(length, size))
    if hashlib.blake2b(header, digest_size=32).digest() != begin[len(MAGIC) + 8 :]:
        raise DamagedFile(f"the header of {path} is torn")
    facts = json.loads(header)
    base = len(begin) + len(header)
    if size != base + facts["bytes"] + len(END):
        raise DamagedFile(f"{path} is torn: {size} bytes")
    mapped = np.memmap(path, np.uint8, "c")
    if bytes(mapped[-len(END) :]) != END:
        raise DamagedFile(f"the end of {path} is torn")
    arrays = {}
    for name, (kind, count, offset) in facts["arrays"].items():
        start = base + offset
        arrays[name] = mapped[start : start + count * np.dtype(kind).itemsize].view(kind)
    try:
        segment = Segment(**{name: np.asarray(array) for name, array in arrays.items()})
    except TypeError as error:
        raise DamagedFile(f"{path} is of another version") from error
    return segment, facts["about"]
