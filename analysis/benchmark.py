"""Times the index on a Zipf-like corpus, beside peers in the same run."""

from __future__ import annotations

import importlib.util
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics.pairwise import linear_kernel

from analysis.similarity.index import Index
from analysis.similarity.weights import Document

TOKENS = 100
IDS = 2
"""Tokens of a document that no other has: request ids and the like."""


def corpus(count: int, seed: int = 1) -> np.ndarray:
    """Token numbers, one row a document: a Zipf-like vocabulary, and ids of its own."""
    rng = np.random.default_rng(seed)
    common = np.minimum(rng.zipf(1.2, size=(count, TOKENS - IDS)), 200_000)
    own = 200_001 + np.arange(count * IDS).reshape(count, IDS)
    return np.hstack([common, own])


def _document(key: int, row: np.ndarray) -> Document:
    # Ready terms skip tokenising: this measures the index.
    return Document(key, {}, {"template": [f"t{token}" for token in row]})


def _percentiles(ask: Callable[[int], Any], count: int) -> tuple[float, float]:
    """p50 and p95 in milliseconds; the first call, which may compile or load, is not counted."""
    ask(0)
    taken = []
    for query in range(count):
        began = time.perf_counter()
        ask(query)
        taken.append((time.perf_counter() - began) * 1000)
    return float(np.percentile(taken, 50)), float(np.percentile(taken, 95))


def benchmark(count: int, queries: int) -> dict[str, Any]:
    """Times in milliseconds, memory in MB; `*_ratio` is a peer's p50 over ours."""
    rows = corpus(count)
    rng = np.random.default_rng(2)
    asked = [
        rng.permutation(rows[document])[: TOKENS // 2]
        for document in rng.integers(0, count, queries)
    ]
    began = time.perf_counter()
    index = Index(_document(key, row) for key, row in enumerate(rows))
    build = time.perf_counter() - began
    questions = [_document(-1, row) for row in asked]
    p50, p95 = _percentiles(lambda q: index.search(questions[q], 10), queries)
    began = time.perf_counter()
    index.add(_document(count, np.array([1, 2, 999_999_999])))
    found = index.search(_document(-1, np.array([999_999_999])), 1)
    added = (time.perf_counter() - began) * 1000
    result: dict[str, Any] = {
        "n": count,
        "p50_ms": p50,
        "p95_ms": p95,
        "build_s": build,
        "add_until_found_ms": added if found and found[0].key == count else None,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    result |= _linear_kernel(rows, asked)
    result |= _bm25s(rows, asked)
    for peer in ("linear_kernel", "bm25s"):
        if f"{peer}_p50_ms" in result:
            result[f"{peer}_ratio"] = result[f"{peer}_p50_ms"] / p50
    return result


def _linear_kernel(rows: np.ndarray, asked: list[np.ndarray]) -> dict[str, float]:
    """scikit-learn's TF-IDF with linear_kernel."""
    width = int(rows.max()) + 1

    def matrix(sets: Any) -> Any:
        lengths = [len(row) for row in sets]
        indices = np.concatenate(list(sets))
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        data = np.ones(len(indices), np.float32)
        built = sparse.csr_matrix((data, indices, indptr), shape=(len(lengths), width))
        built.sum_duplicates()
        return built

    transformer = TfidfTransformer()
    documents = transformer.fit_transform(matrix(rows))
    questions = [transformer.transform(matrix([row])) for row in asked]

    def ask(query: int) -> Any:
        scores = linear_kernel(questions[query], documents).ravel()
        return np.argpartition(scores, -10)[-10:]

    p50, p95 = _percentiles(ask, len(asked))
    return {"linear_kernel_p50_ms": p50, "linear_kernel_p95_ms": p95}


def _bm25s(rows: np.ndarray, asked: list[np.ndarray]) -> dict[str, Any]:
    if importlib.util.find_spec("bm25s") is None:
        return {"bm25s": "not installed: pip install -r requirements-bench.txt"}
    import bm25s

    engine = bm25s.BM25()
    engine.index([[str(token) for token in row] for row in rows], show_progress=False)
    questions = [[str(token) for token in row] for row in asked]

    def ask(query: int) -> Any:
        return engine.retrieve([questions[query]], k=10, show_progress=False)

    p50, p95 = _percentiles(ask, len(asked))
    return {"bm25s_p50_ms": p50, "bm25s_p95_ms": p95}
