"""Runs the product's own code over data sets, for the evaluate_* commands. Needs no server."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from analysis.benchmarks.cases import read_cases
from analysis.core.log_templates import mask, merged, template_id
from analysis.core.onset import Array
from analysis.core.origin_ranking import rank_services
from analysis.core.stream_anomalies import detect
from analysis.similarity.embedding import Embedder
from analysis.similarity.index import Index
from analysis.similarity.semantic import RERANKED, reranked, text_of
from analysis.similarity.weights import Document


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def similarity(folder: Path, embedder: Embedder | None = None) -> Iterator[dict[str, Any]]:
    """Rank documents for each query; a query that is a document sees only older ones."""
    rows = read_jsonl(folder / "docs.jsonl")
    names = [str(row["id"]) for row in rows]
    key_of = {name: key for key, name in enumerate(names)}
    documents = [
        Document(key, {"title": row.get("title") or "", "body": row.get("body") or ""})
        for key, row in enumerate(rows)
    ]
    created = [str(row.get("created") or "") for row in rows]
    index = Index(documents)
    for query in read_jsonl(folder / "qrels.jsonl"):
        own = key_of.get(str(query["query_id"]))
        exclude: set[int] = set()
        if query.get("query"):
            text = query["query"]
            title, body = text.get("title") or "", text.get("body") or ""
            query_document = Document(-1, {"title": title, "body": body})
        elif own is None:
            yield {"query_id": query["query_id"], "ranked": []}
            continue
        else:
            query_document = documents[own]
            exclude = {own}
            if created[own]:
                exclude |= {key for key, at in enumerate(created) if at >= created[own]}
        hits = index.search(query_document, RERANKED if embedder else 10, exclude)
        ranked: Sequence[int] = [hit.key for hit in hits]
        if embedder:
            texts = {key: text_of(documents[key].text) for key in ranked}
            scores = {hit.key: hit.score for hit in hits}
            ranked = reranked(embedder, text_of(query_document.text), texts, scores)
        yield {"query_id": query["query_id"], "ranked": [rows[key]["id"] for key in ranked[:10]]}


def templates(path: Path) -> Iterator[dict[str, str]]:
    """The template of each log line, as the lines of one file are read together."""
    masked = [mask(row["content"]) for row in read_jsonl(path)]
    merged_into = merged(masked)
    for template in map(merged_into.__getitem__, masked):
        yield {"template_id": template_id(template), "template": template}


def causes(folder: Path) -> Iterator[dict[str, Any]]:
    """Rank the services of each recorded fault by how likely each is its origin."""
    for case in read_cases(folder):
        suspects = rank_services(case.observed, case.at)
        findings = [
            f"{suspect.service}: {reason}" for suspect in suspects[:5] for reason in suspect.reasons
        ]
        yield {
            "id": case.id,
            "ranked": [suspect.service for suspect in suspects],
            "findings": findings,
        }


def epoch(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def series(path: Path) -> tuple[Array, Array, list[str]]:
    """Times in epoch seconds, values, and the times as the file writes them."""
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    written = [row["timestamp"] for row in rows]
    values = np.array([float(row["value"]) for row in rows])
    return np.array([epoch(text) for text in written]), values, written


def anomalies(folder: Path) -> Iterator[dict[str, Any]]:
    """Anomalies of every series, with times written as the file writes them."""
    for path in sorted(folder.rglob("*.csv.gz")):
        times, values, texts = series(path)
        written = dict(zip(times.tolist(), texts, strict=True))
        anomalous = [
            {"start": written[each.start], "end": written[each.end], "score": each.score}
            for each in detect(times, values)
        ]
        yield {"file": str(path.relative_to(folder)), "anomalies": anomalous}
