"""What pages show of traces: examples as waterfalls, and calls before and since as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from django.utils.safestring import SafeString

from analysis.core.trace_changes import Comparison, Row, examples
from analysis.core.units import milliseconds
from analysis.evidence.moments import suspicious_since
from analysis.evidence.trace_findings import compare_traces
from analysis.models import Evidence
from analysis.presentation.trace_links import trace_path
from analysis.presentation.waterfall import WaterfallRow, draw_waterfall, waterfall_rows

MAX_CALLS = 40
Trace = dict[str, Any]


@dataclass(frozen=True)
class ExampleTrace:
    """A trace with its waterfall; `role` is slowest, failed or normal, or empty."""

    role: str
    title: str
    at: datetime
    duration: str
    path: str
    rows: list[WaterfallRow]
    hidden: int
    """Spans that are not drawn."""
    drawing: SafeString


def root_of(trace: Trace) -> dict[str, Any]:
    """The span that the request entered by: the first without a parent in the trace."""
    known = {span["id"] for span in trace["spans"]}
    roots = [span for span in trace["spans"] if span["parent"] not in known]
    return min(roots or trace["spans"], key=lambda span: span["start"])


def duration_of(trace: Trace) -> float:
    """Milliseconds from the first start to the last end."""
    spans = trace["spans"]
    end = max(span["start"] + span["duration"] / 1000 for span in spans)
    return (end - min(span["start"] for span in spans)) * 1000


def example_traces(evidence: Evidence, items: Sequence[Trace]) -> list[ExampleTrace]:
    """The slowest and a failed trace of the fault, and a normal one of the same operation.

    Of the operations by which requests enter, the one is shown whose requests slowed down most.
    """
    moment = suspicious_since(evidence)
    by_root: dict[tuple[str, str], list[tuple[str, float, float, bool]]] = {}
    for trace in items:
        root = root_of(trace)
        failed = any(span.get("failed", False) for span in trace["spans"])
        row = (trace["id"], trace["spans"][0]["start"], duration_of(trace), failed)
        by_root.setdefault((root["service"], root["operation"]), []).append(row)
    groups = sorted(by_root.values(), key=lambda rows: _slowdown(rows, moment), reverse=True)
    chosen = examples(groups[0], moment) if groups else {}
    if "failed" not in chosen:
        failed_rows = [row for rows in groups for row in rows if row[3] and row[1] >= moment]
        others = [row for row in failed_rows if row[0] not in chosen.values()]
        if others:
            chosen["failed"] = others[0][0]
    by_id = {trace["id"]: trace for trace in items}
    roles = [role for role in ("slowest", "failed", "normal") if role in chosen]
    return [shown_trace(evidence, by_id[chosen[role]], role) for role in roles]


def _slowdown(rows: Sequence[tuple[str, float, float, bool]], moment: float) -> tuple[float, int]:
    """How many times longer the slowest request takes than one before; then how many there are."""
    before = [row[2] for row in rows if row[1] < moment]
    since = [row[2] for row in rows if row[1] >= moment]
    if not before or not since:
        return (0.0, len(since))
    return (max(since) / max(median(before), 1e-3), len(since))


def shown_trace(evidence: Evidence, trace: Trace, role: str = "") -> ExampleTrace:
    root = root_of(trace)
    rows = waterfall_rows(trace["spans"])
    title = f"{root['service']} · {root['operation']}"
    duration = milliseconds(duration_of(trace))
    services = len({span["service"] for span in trace["spans"]})
    failed = sum(row.failed for row in rows)
    words = f"{title}: {duration}, {len(trace['spans'])} spans of {services} services"
    words += f", {failed} failed" if failed else ""
    return ExampleTrace(
        role,
        title,
        datetime.fromtimestamp(trace["spans"][0]["start"], UTC),
        duration,
        trace_path(evidence, trace["id"]),
        rows,
        len(trace["spans"]) - len(rows),
        draw_waterfall(rows, words),
    )


@dataclass(frozen=True)
class CallsInWords:
    """A row of the table: each pair is before and since."""

    who: str
    operation: str
    calls: tuple[int, int]
    median: tuple[str, str]
    high: tuple[str, str]
    failed: tuple[int, int]
    slower: bool
    failing: bool


def calls_table(evidence: Evidence, items: Sequence[Trace]) -> list[CallsInWords]:
    """Calls by edge and operation, and services by operation; what lost most time comes first."""
    found = compare_traces(evidence, items)
    rows = sorted(found.rows, key=lambda row: (-_time_lost(row), row.service, row.operation))
    return [_in_words(row, found) for row in rows[:MAX_CALLS]]


def _time_lost(row: Row) -> float:
    more = row.median[1] - row.median[0]
    return 0.0 if math.isnan(more) else more * row.calls[1]


def _in_words(row: Row, found: Comparison) -> CallsInWords:
    pair = (row.caller, row.service)
    return CallsInWords(
        f"{row.caller} → {row.service}" if row.caller else f"{row.service} itself",
        row.operation,
        row.calls,
        (_spent(row.median[0]), _spent(row.median[1])),
        (_spent(row.high[0]), _spent(row.high[1])),
        row.failed,
        any((each.caller, each.service) == pair for each in found.slower),
        any((each.caller, each.service) == pair for each in found.failing),
    )


def _spent(value: float) -> str:
    return "–" if math.isnan(value) else milliseconds(value)
