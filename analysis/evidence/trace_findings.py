"""Reads findings from traces: which calls and services became slower or fail, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from analysis.core.trace_changes import Comparison, Failing, Slower, TracedCall, compare
from analysis.core.traces import Span
from analysis.core.units import milliseconds, quantity
from analysis.evidence.moments import suspicious_since
from analysis.models import Evidence, Finding

MOST = 6
ALL_CALLS = 0.9
"""Share of calls from which on a sentence says nothing of the others."""


def calls_of(items: Iterable[dict[str, Any]]) -> list[TracedCall]:
    """Spans of frozen traces. Examples that were chosen for their failure are left out."""
    return [
        TracedCall(
            Span(
                span["start"],
                trace["id"],
                span["id"],
                span["parent"],
                span["service"],
                span["operation"],
                span["duration"],
                span.get("failed", False),
            ),
            span.get("failed", False),
            span.get("peer", ""),
        )
        for trace in items
        if not trace.get("chosen")
        for span in trace["spans"]
    ]


def compare_traces(evidence: Evidence, items: Iterable[dict[str, Any]]) -> Comparison:
    """What its traces (`items`) did since the fault may have begun, and before."""
    return compare(calls_of(items), suspicious_since(evidence))


def read_trace_findings(evidence: Evidence) -> list[Finding]:
    """Unsaved findings of traces, strongest first."""
    items = evidence.items()
    found = compare_traces(evidence, items)
    is_reported = _reported_here(evidence)
    own_time = {each.service: each for each in found.slower if not each.caller}
    findings = [
        _finding(
            evidence,
            Finding.Kind.SLOWER,
            _slower_in_words(each, own_time, found.silent),
            each,
            f"calls to {each.service} slower" if each.caller else "own time up",
            1 + float(np.log1p(each.now / max(each.usual, 1.0))),
        )
        for each in found.slower
        if is_reported(each.caller, each.service)
    ]
    findings += [
        _finding(
            evidence,
            Finding.Kind.FAILING,
            _failing_in_words(each, _reason(items, each)),
            each,
            f"calls to {each.service} fail" if each.caller else "failed spans up",
            1 + float(np.log1p(each.now / max(each.before, 0.01))),
        )
        for each in found.failing
        if is_reported(each.caller, each.service)
    ]
    findings.sort(key=lambda finding: -finding.score)
    return findings[:MOST]


def _reported_here(evidence: Evidence) -> Callable[[str, str], bool]:
    """Whether this evidence reports a caller and a service; others have the same request too.

    An edge is reported by its caller, and by its callee only where the caller's are not pulled.
    """
    own = evidence.service.name if evidence.service else ""
    requests = evidence.incident.evidence_requests.filter(what=evidence.what)
    pulled = set(requests.values_list("service__name", flat=True))

    def is_reported(caller: str, service: str) -> bool:
        if not own or own == (caller or service):
            return True
        return own == service and caller not in pulled

    return is_reported


def _finding(
    evidence: Evidence, kind: str, text: str, found: Slower | Failing, term: str, score: float
) -> Finding:
    return Finding(
        incident=evidence.incident,
        evidence=evidence,
        service=evidence.service,
        kind=kind,
        text=text,
        onset=datetime.fromtimestamp(found.since, UTC),
        score=score,
        term=term[:200],
        data=vars(found),
    )


def _name(found: Slower | Failing) -> str:
    return f"{found.caller} → {found.service}" if found.caller else found.service


def _own(service: str) -> str:
    possessive = "'" if service.endswith("s") else "'s"
    return f"{service}{possessive} own time"


def _since(found: Slower | Failing) -> str:
    return f"since {datetime.fromtimestamp(found.since, UTC):%H:%M}"


def _slower_in_words(found: Slower, own_time: dict[str, Slower], silent: set[str]) -> str:
    more = milliseconds(found.now - found.usual)
    some = "" if found.share >= ALL_CALLS else f" for {quantity(found.share, 'ratio')} of calls"
    if not found.caller:
        return (
            f"{_name(found)}: {more} more of its own time {_since(found)}{some}, most in "
            f"{found.operation} ({milliseconds(found.usual)} before)"
        )
    if found.service in silent:
        own = f"{found.service} writes no spans of its own"
    elif found.service in own_time:
        callee = own_time[found.service]
        own = f"{_own(found.service)} is {milliseconds(callee.now - callee.usual)} more too"
    else:
        own = f"{_own(found.service)} unchanged"
    return f"{_name(found)}: {more} more on the edge {_since(found)}{some}; {own}"


def _failing_in_words(found: Failing, reason: str) -> str:
    now, before = quantity(found.now, "ratio"), quantity(found.before, "ratio")
    what = f"of calls fail before {found.service} answers" if found.caller else "of requests fail"
    because = f": {reason}" if reason else ""
    return f"{_name(found)}: {now} {what} {_since(found)}, {before} before{because}"


def _reason(items: list[dict[str, Any]], found: Failing) -> str:
    """What the failed spans say most often since then."""
    notes: dict[str, int] = {}
    for span in (span for trace in items for span in trace["spans"]):
        if span["service"] == (found.caller or found.service) and span["start"] >= found.since:
            note = span.get("note", "")
            notes[note] = notes.get(note, 0) + bool(note)
    best = max(notes, key=lambda note: (notes[note], note), default="")
    return best[:200]
