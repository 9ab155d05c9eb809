"""Recorded faults: cases of metrics, logs and spans of one system, as files."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.core.origin_ranking import LogLine, Metric, Observed, Span
from common.pods import without_pod_hashes


@dataclass(frozen=True)
class Case:
    """A fault with its onset (epoch seconds) and all that was recorded around it."""

    id: str
    at: float
    observed: Observed


def read_cases(folder: Path) -> Iterator[Case]:
    """The cases of a folder, by name; what is not there is empty."""
    usual_lines = read_log(folder / "normal-log.csv.gz")
    usual_spans = read_spans(folder / "normal-spans.csv.gz")
    for path in sorted(folder.glob("*/case.json")):
        facts = json.loads(path.read_text())
        seen = facts.get("seen") or {}
        observed = Observed(
            metrics=read_metrics(path.parent / "metrics.csv.gz"),
            calls=[(caller, callee) for caller, callee in facts.get("calls") or []],
            seen=seen.get("service"),
            symptom=seen.get("metric") or "",
            lines=read_log(path.parent / "log.csv.gz"),
            usual_lines=usual_lines,
            spans=read_spans(path.parent / "spans.csv.gz"),
            usual_spans=usual_spans,
        )
        yield Case(str(facts["id"]), float(facts["at"]), observed)


def read_metrics(path: Path) -> list[Metric]:
    """Columns named service|metric beside a column of epoch seconds; empty cells are no sample."""
    with gzip.open(path, "rt", newline="") as file:
        reader = csv.reader(file)
        columns = next(reader)
        table = np.array([[_number(cell) for cell in row] for row in reader])
    metrics = []
    for column, name in enumerate(columns[1:], 1):
        service, _, metric = name.partition("|")
        present = np.isfinite(table[:, column])
        metrics.append(Metric(service, metric, table[present, 0], table[present, column]))
    return metrics


def _number(text: str) -> float:
    return float(text) if text else float("nan")


def read_log(path: Path) -> list[LogLine]:
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


def read_spans(path: Path) -> list[Span]:
    """Spans with start in epoch seconds and duration in ms; none when there is no such file."""
    if not path.exists():
        return []
    with gzip.open(path, "rt", newline="") as file:
        return [
            Span(
                float(row["start"]),
                row["trace"],
                row["span"],
                row["parent"],
                row["service"],
                row["operation"],
                float(row["duration_ms"]),
            )
            for row in csv.DictReader(file)
        ]
