"""Which traces of an item of evidence say most about the fault."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from analysis.core.trace_changes import examples
from analysis.evidence.moments import suspicious_since
from analysis.models import Evidence

Trace = dict[str, Any]


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


def examples_of(evidence: Evidence, items: Sequence[Trace]) -> list[tuple[str, str]]:
    """Role and id: the slowest and a failed trace of the fault, and a normal one of the same
    operation.

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
    return [(role, chosen[role]) for role in ("slowest", "failed", "normal") if role in chosen]


def _slowdown(rows: Sequence[tuple[str, float, float, bool]], moment: float) -> tuple[float, int]:
    """How many times longer the slowest request takes than one before; then how many there are."""
    before = [row[2] for row in rows if row[1] < moment]
    since = [row[2] for row in rows if row[1] >= moment]
    if not before or not since:
        return (0.0, len(since))
    return (max(since) / max(median(before), 1e-3), len(since))
