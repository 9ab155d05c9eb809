"""Times the index on a Zipf-like corpus, together with other libraries in the same run.

The index is built, saved, and mapped by a fresh process, as a web process would; that one is timed.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics.pairwise import linear_kernel

from analysis.similarity.index import Index
from analysis.similarity.weights import Document

TOKENS = 100
VOCABULARY = 0.7
"""Shared words per document; with one id each, a million documents have 1.7 million terms."""
EXPONENT = 1.07
K = 10


def corpus(count: int, seed: int = 1) -> np.ndarray:
    """Token numbers, one row a document: words by Zipf's law, and an id that no other has."""
    rng = np.random.default_rng(seed)
    vocabulary = max(100, int(count * VOCABULARY))
    likely = 1.0 / (np.arange(vocabulary) + 2.7) ** EXPONENT
    reached = np.cumsum(likely / likely.sum())
    rows = np.empty((count, TOKENS), np.int32)
    for start in range(0, count, 50_000):
        part = rows[start : start + 50_000]
        drawn = rng.random((len(part), TOKENS - 1))
        part[:, :-1] = np.minimum(np.searchsorted(reached, drawn), vocabulary - 1)
    rows[:, -1] = vocabulary + np.arange(count)
    return rows


def _document(key: int, row: np.ndarray) -> Document:
    return Document(key, words={f"t{token}": n for token, n in Counter(row.tolist()).items()})


def _documents(rows: np.ndarray) -> Iterator[Document]:
    return (_document(key, row) for key, row in enumerate(rows))


def _percentiles(run_query: Callable[[int], Any], count: int) -> dict[str, float]:
    """p50 and p95 in milliseconds; the first call, which may compile or load, is not counted."""
    run_query(0)
    taken = []
    for query in range(count):
        began = time.perf_counter()
        run_query(query)
        taken.append((time.perf_counter() - began) * 1000)
    return {
        "p50_ms": round(float(np.percentile(taken, 50)), 3),
        "p95_ms": round(float(np.percentile(taken, 95)), 3),
    }


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _serve(path: Path, queries: list[np.ndarray], sender: Any) -> None:
    """In a process of its own: map the file, answer, and report."""
    documents = [_document(-1, row) for row in queries]
    Index.open(path)[0].search(documents[-1], K)  # compiles
    began = time.perf_counter()
    index, _ = Index.open(path)
    index.search(documents[-1], K)
    cold = (time.perf_counter() - began) * 1000
    result: dict[str, Any] = _percentiles(lambda q: index.search(documents[q], K), len(queries))
    result |= {"cold_load_ms": cold, "resident_mb": _resident_mb()}
    result["mapped_file_mb"] = path.stat().st_size / 2**20
    found, taken = [], []
    for attempt in range(40):
        began = time.perf_counter()
        index.add(Document(10**9 + attempt, words={f"new{attempt}": 1, "t1": 1, "t50": 1}))
        hits = index.search(Document(-1, words={f"new{attempt}": 1}), 1)
        taken.append((time.perf_counter() - began) * 1000)
        found.append(bool(hits) and hits[0].key == 10**9 + attempt)
    result["add_until_found_ms"] = float(np.median(taken)) if all(found) else None
    answers = [[hit.key for hit in index.search(document, K)] for document in documents[:50]]
    sender.send((result, answers))


def benchmark(count: int, queries: int) -> dict[str, Any]:
    """Times in milliseconds, sizes in MiB; `*_ratio` is a peer's p50 over ours."""
    rows = corpus(count)
    rng = np.random.default_rng(2)
    queried = [
        rng.permutation(rows[document])[: TOKENS // 2]
        for document in rng.integers(0, count, queries)
    ]
    result: dict[str, Any] = {
        "n": count,
        "distinct_terms": int(np.count_nonzero(np.bincount(rows.ravel()))),
    }
    began = time.perf_counter()
    index = Index(_documents(rows))
    result["build_s"] = round(time.perf_counter() - began, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        index.save(path, {})
        spawn = multiprocessing.get_context("spawn")
        receiver, sender = spawn.Pipe(False)
        process = spawn.Process(target=_serve, args=(path, queried, sender))
        process.start()
        timings, answers = receiver.recv()
        process.join()
    result |= timings
    result |= _plain_scan(index, queried, answers)
    del index
    for name, peer in (("linear_kernel", _linear_kernel), ("bm25s", _bm25s)):
        result |= {f"{name}_{key}": value for key, value in peer(rows, queried).items()}
    for name in ("plain_scan", "linear_kernel", "bm25s"):
        if f"{name}_p50_ms" in result:
            result[f"{name}_ratio"] = round(result[f"{name}_p50_ms"] / result["p50_ms"], 1)
    return result


@njit(cache=True)
def _scan(
    terms: np.ndarray, factors: np.ndarray, starts: np.ndarray, rows: np.ndarray,
    weights: np.ndarray, scores: np.ndarray,
) -> None:  # fmt: skip
    """Every posting of every term: what the pruning is measured against."""
    for number in range(len(terms)):
        for posting in range(starts[2 * terms[number]], starts[2 * terms[number] + 2]):
            scores[rows[posting]] += factors[number] * weights[posting]


def _plain_scan(
    index: Index, queries: list[np.ndarray], answers: list[list[int]]
) -> dict[str, Any]:
    """A compiled scan of the same postings, and the share of its answer that the index gave."""
    segment = index.segments[0]

    def run_query(query: int) -> np.ndarray:
        weighted = index.query(_document(-1, queries[query]))
        numbers = segment.term_numbers(weighted.hashes)
        scores = np.zeros(len(segment))
        present = numbers >= 0
        _scan(
            numbers[present],
            weighted.factors[present],
            segment.starts,
            segment.rows,
            segment.weights,
            scores,
        )
        best = np.argpartition(scores, -K)[-K:]
        return best[np.argsort(-scores[best], kind="stable")]

    hits = [
        len(set(segment.keys[run_query(query)]) & set(answer)) / K
        for query, answer in enumerate(answers)
    ]
    timed = {
        f"plain_scan_{key}": value for key, value in _percentiles(run_query, len(queries)).items()
    }
    return {"recall_at_10": float(np.mean(hits))} | timed


def _linear_kernel(rows: np.ndarray, queries: list[np.ndarray]) -> dict[str, float]:
    """scikit-learn's TF-IDF with linear_kernel."""
    width = int(rows.max()) + 1

    def matrix(table: np.ndarray) -> Any:
        indptr = np.arange(0, table.size + 1, table.shape[1])
        built = sparse.csr_matrix(
            (np.ones(table.size, np.float32), table.ravel(), indptr), shape=(len(table), width)
        )
        built.sum_duplicates()
        return built

    transformer = TfidfTransformer()
    documents = transformer.fit_transform(matrix(rows))
    vectors = [transformer.transform(matrix(row[None, :])) for row in queries]

    def run_query(query: int) -> Any:
        scores = linear_kernel(vectors[query], documents).ravel()
        return np.argpartition(scores, -K)[-K:]

    return _percentiles(run_query, min(len(queries), 30))


def _bm25s(rows: np.ndarray, queries: list[np.ndarray]) -> dict[str, Any]:
    if importlib.util.find_spec("bm25s") is None:
        return {"": "not installed: pip install -r requirements-bench.txt"}
    import bm25s

    engine = bm25s.BM25()
    engine.index([[str(token) for token in row] for row in rows], show_progress=False)
    tokens = [[str(token) for token in row] for row in queries]

    def run_query(query: int) -> Any:
        return engine.retrieve([tokens[query]], k=K, show_progress=False)

    return _percentiles(run_query, min(len(queries), 50))
