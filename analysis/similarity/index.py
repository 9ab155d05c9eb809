"""An exact top-k index over weighted terms that is never refitted.

What is stored for a document does not depend on any other document: saturated, length-normalised
term weights. Inverse document frequencies are counted live. So a new, edited or removed document
is visible to the very next search.

Documents live in an immutable, compressed body (sparse matrix, one row a term) and a small live
tail; when the tail has grown it is merged into a new body.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.feature_extraction import DictVectorizer

from analysis.similarity.text import TERM_WEIGHTS, Document, tokenise, weigh

SATURATION = 1.5
"""BM25's k1: how soon more of the same term stops counting."""
QUERY_SATURATION = 8.0
"""BM25's k3, the same for the query side."""
UNSEEN = 0.5
TAIL_LIMIT = 500


def saturate(weights: dict[str, float]) -> dict[str, float]:
    return {term: weight / (weight + SATURATION) for term, weight in weights.items()}


def query_weights(weights: dict[str, float]) -> dict[str, float]:
    k3 = QUERY_SATURATION
    return {term: weight * (k3 + 1) / (weight + k3) for term, weight in weights.items()}


def inverse_document_frequency(count: int, containing: float) -> float:
    """Robertson and Spärck Jones' weight, kept positive (Lucene's form)."""
    return math.log1p((count - containing + 0.5) / (containing + 0.5))


@dataclass(frozen=True)
class Hit:
    """A document found: `score` is absolute, `likeness` relates it to a perfect match (0 to 1)."""

    key: int
    score: float
    likeness: float


@dataclass(frozen=True)
class Overlap:
    """A term two documents share and the part of the score it gives."""

    term: str
    score: float


class Index:
    """Top-k search over documents by key. Not thread-safe: guard writes and searches together."""

    def __init__(self, documents: Iterable[Document] = ()) -> None:
        self._keys = np.zeros(0, dtype=np.int64)
        self._alive = np.zeros(0, dtype=bool)
        self._row: dict[int, int] = {}
        self._body = sparse.csr_matrix((0, 0), dtype=np.float32)
        self._vocabulary: dict[str, int] = {}
        self._tail: dict[int, dict[str, float]] = {}
        self._document_frequency: dict[str, int] = {}
        self._stored: dict[int, dict[str, float]] = {}
        for document in documents:
            self._put(document)
        self.merge()

    def __len__(self) -> int:
        return len(self._stored)

    def __contains__(self, key: int) -> bool:
        return key in self._stored

    def _put(self, document: Document) -> None:
        self.remove(document.key)
        weights = saturate(weigh(document))
        self._tail[document.key] = self._stored[document.key] = weights
        for term in weights:
            self._document_frequency[term] = self._document_frequency.get(term, 0) + 1

    def add(self, document: Document) -> None:
        """Add or replace the document of this key; the next search sees it."""
        self._put(document)
        if len(self._tail) > TAIL_LIMIT + len(self._keys) // 4:
            self.merge()

    def remove(self, key: int) -> None:
        """Forget a document; unknown keys are fine."""
        weights = self._stored.pop(key, None)
        if weights is None:
            return
        for term in weights:
            left = self._document_frequency[term] - 1
            if left:
                self._document_frequency[term] = left
            else:
                del self._document_frequency[term]
        self._tail.pop(key, None)
        row = self._row.pop(key, None)
        if row is not None:
            self._alive[row] = False

    def merge(self) -> None:
        """Write tail and body into a new body without the removed documents."""
        keys = sorted(self._stored)
        self._keys = np.array(keys, dtype=np.int64)
        self._alive = np.ones(len(keys), dtype=bool)
        self._row = {key: row for row, key in enumerate(keys)}
        self._tail = {}
        if keys:
            vectoriser = DictVectorizer(dtype=np.float32)
            rows = vectoriser.fit_transform(self._stored[key] for key in keys)
            self._vocabulary = vectoriser.vocabulary_
            self._body = rows.T.tocsr()
        else:
            self._vocabulary = {}
            self._body = sparse.csr_matrix((0, 0), dtype=np.float32)

    def _query(self, document: Document) -> dict[str, float]:
        """Query terms with query weight times inverse document frequency."""
        count = len(self._stored)
        return {
            term: weight * inverse_document_frequency(count, self._document_frequency.get(term, 0))
            for term, weight in query_weights(weigh(document)).items()
        }

    def _perfect(self, document: Document, query: dict[str, float]) -> float:
        """The score of a document that says exactly what the query says.

        Terms that no document has count for half: a number or a name never seen before says
        little about whether the failure is new.
        """
        return sum(
            query[term] * value * (1.0 if term in self._document_frequency else UNSEEN)
            for term, value in saturate(weigh(document)).items()
        )

    def search(self, document: Document, k: int = 10, exclude: Collection[int] = ()) -> list[Hit]:
        """The k best documents with a score above zero, best first; ties go to the lower key."""
        query = self._query(document)
        perfect = self._perfect(document, query)
        if not perfect:
            return []
        scores = np.zeros(len(self._keys))
        for term, weight in query.items():
            column = self._vocabulary.get(term)
            if column is not None:
                start, end = self._body.indptr[column : column + 2]
                scores[self._body.indices[start:end]] += weight * self._body.data[start:end]
        scores[~self._alive] = 0
        for key in exclude:
            if key in self._row:
                scores[self._row[key]] = 0
        found = [(float(scores[row]), int(self._keys[row])) for row in _best(scores, k)]
        excluded = set(exclude)
        for key, weights in self._tail.items():
            if key not in excluded:
                score = sum(query[term] * weights[term] for term in query if term in weights)
                if score > 0:
                    found.append((score, key))
        found.sort(key=lambda pair: (-pair[0], pair[1]))
        return [Hit(key, score, min(1.0, score / perfect)) for score, key in found[:k]]

    def explain(self, document: Document, key: int, most: int = 8) -> list[Overlap]:
        """The shared terms of the query and the document of `key`, heaviest first.

        A term is left out when another that is named holds the same words: a service stands for
        the words of its name, a pair of words and a whole identifier for their parts.
        """
        weights = self._stored.get(key, {})
        shared = [
            Overlap(term, weight * weights[term])
            for term, weight in self._query(document).items()
            if term in weights and weight > 0
        ]
        # Services, alerts, templates and metrics first, then the longest names.
        shared.sort(key=lambda o: (is_plain(o.term), -len(_words(o)), -o.score, o.term))
        named: list[Overlap] = []
        said: list[frozenset[str]] = []
        for overlap in shared:
            words = _words(overlap)
            if is_plain(overlap.term) and any(words <= other for other in said):
                continue
            named.append(overlap)
            if not overlap.term.startswith(("template:", "metric:")):
                said.append(words)
        named.sort(key=lambda o: (-o.score, o.term))
        return named[:most]


def is_plain(term: str) -> bool:
    """Whether a term comes from text, not from a field of ready terms."""
    return term.partition(":")[0] not in TERM_WEIGHTS


def _words(overlap: Overlap) -> frozenset[str]:
    term = (
        overlap.term.removeprefix("=") if is_plain(overlap.term) else overlap.term.partition(":")[2]
    )
    if " " in term and is_plain(overlap.term):
        return frozenset(term.split())
    return frozenset(
        t for t in tokenise(term) if " " not in t and not t.startswith("=")
    ) or frozenset([term])


def _best(scores: np.ndarray, k: int) -> np.ndarray:
    """Rows of the k highest scores above zero; of equal scores the lowest rows."""
    positive = np.flatnonzero(scores > 0)
    if len(positive) > k:
        kth = np.partition(scores[positive], -k)[-k]
        positive = positive[scores[positive] >= kth]
    order = np.lexsort((positive, -scores[positive]))
    return positive[order[:k]]
