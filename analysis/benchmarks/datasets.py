"""Runs the product's own code over data sets, for the evaluate_* commands. Needs no server."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from analysis.core.log_templates import mask, merged, template_id
from analysis.core.onset import Array
from analysis.core.origin_ranking import LogLine, Metric, rank_services
from analysis.core.stream_anomalies import detect
from analysis.similarity.index import Index
from analysis.similarity.weights import Document
from common.pods import without_pod_hashes


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def similarity(folder: Path) -> Iterator[dict[str, Any]]:
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
        hits = index.search(query_document, 10, exclude)
        yield {"query_id": query["query_id"], "ranked": [rows[hit.key]["id"] for hit in hits]}


def templates(path: Path) -> Iterator[dict[str, str]]:
    """The template of each log line, as the lines of one file are read together."""
    masked = [mask(row["content"]) for row in read_jsonl(path)]
    kept = merged(masked)
    for template in map(kept.__getitem__, masked):
        yield {"template_id": template_id(template), "template": template}


def _number(text: str) -> float:
    return float(text) if text else float("nan")


def _log_lines(path: Path) -> list[LogLine]:
    """Lines of a log export by pod; none when there is no such file."""
    if not path.exists():
        return []
    with gzip.open(path, "rt", newline="") as file:
        return [
            LogLine(
                without_pod_hashes(row["PodName"]),
                float(row["TimeUnixNano"]) / 1e9,
                _unwrapped(row["Log"]),
                row.get("TraceID") or "",
            )
            for row in csv.DictReader(file)
        ]


def _unwrapped(written: str) -> str:
    """The line itself, where a log driver wrapped it in JSON."""
    try:
        wrapped = json.loads(written)
    except ValueError:
        return written
    return str(wrapped["log"]) if isinstance(wrapped, dict) and "log" in wrapped else written


def causes(folder: Path) -> Iterator[dict[str, Any]]:
    """Rank the services of each recorded fault by how likely each is its origin."""
    normal_lines = _log_lines(folder / "normal-log.csv.gz")
    for case in sorted(folder.glob("*/case.json")):
        facts = json.loads(case.read_text())
        with gzip.open(case.parent / "metrics.csv.gz", "rt", newline="") as file:
            reader = csv.reader(file)
            columns = next(reader)
            table = np.array([[_number(cell) for cell in row] for row in reader])
        metrics = []
        for column, name in enumerate(columns[1:], 1):
            service, _, metric = name.partition("|")
            present = np.isfinite(table[:, column])
            metrics.append(Metric(service, metric, table[present, 0], table[present, column]))
        suspects = rank_services(
            metrics,
            float(facts["at"]),
            [(caller, callee) for caller, callee in facts.get("calls") or []],
            (facts.get("seen") or {}).get("service"),
            _log_lines(case.parent / "log.csv.gz"),
            normal_lines,
        )
        findings = [
            f"{suspect.service}: {reason}" for suspect in suspects[:5] for reason in suspect.reasons
        ]
        ranked = [suspect.service for suspect in suspects]
        yield {"id": facts["id"], "ranked": ranked, "findings": findings}


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
