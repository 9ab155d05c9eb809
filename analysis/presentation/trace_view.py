"""What pages show of traces: examples as waterfalls, and calls before and since as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analysis.core.trace_changes import Comparison, Row
from analysis.core.units import milliseconds
from analysis.evidence.example_traces import Trace, duration_of, examples_of, root_of
from analysis.evidence.trace_findings import compare_traces
from analysis.models import Evidence
from analysis.presentation.trace_links import trace_path
from analysis.presentation.waterfall import WaterfallRow, draw_waterfall, waterfall_rows

MAX_CALLS = 40
ROLES = {
    "slowest": gettext_lazy("Slowest"),
    "failed": gettext_lazy("Failed"),
    "normal": gettext_lazy("Normal"),
}
"""Why a trace is an example, by role."""


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

    @property
    def role_in_words(self) -> str:
        return str(ROLES.get(self.role, self.role))


def example_traces(evidence: Evidence, items: Sequence[Trace]) -> list[ExampleTrace]:
    """Examples that say most about the fault, drawn."""
    by_id = {trace["id"]: trace for trace in items}
    return [shown_trace(evidence, by_id[key], role) for role, key in examples_of(evidence, items)]


def shown_trace(evidence: Evidence, trace: Trace, role: str = "") -> ExampleTrace:
    root = root_of(trace)
    rows = waterfall_rows(trace["spans"])
    title = f"{root['service']} · {root['operation']}"
    duration = milliseconds(duration_of(trace))
    services = len({span["service"] for span in trace["spans"]})
    failed = sum(row.failed for row in rows)
    words = _("%(title)s: %(duration)s, %(spans)s spans of %(services)s services")
    if failed:
        words = _("%(title)s: %(duration)s, %(spans)s spans of %(services)s services, %(n)s failed")
    counts = {"spans": len(trace["spans"]), "services": services, "n": failed}
    return ExampleTrace(
        role,
        title,
        datetime.fromtimestamp(trace["spans"][0]["start"], UTC),
        duration,
        trace_path(evidence, trace["id"]),
        rows,
        len(trace["spans"]) - len(rows),
        draw_waterfall(rows, words % {"title": title, "duration": duration, **counts}),
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
    pair, itself = (row.caller, row.service), {"service": row.service}
    return CallsInWords(
        f"{row.caller} → {row.service}" if row.caller else _("%(service)s itself") % itself,
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
