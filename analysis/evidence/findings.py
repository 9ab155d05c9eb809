"""Reads findings from one item of evidence. Sentences here, arithmetic in analysis.core."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from analysis.core.log_templates import (
    TemplateFinding,
    count_templates,
    error_shares,
    unusual_templates,
)
from analysis.core.onset import Array, Departure, crossing, departure
from analysis.core.units import quantity
from analysis.evidence.baseline import usual_range
from analysis.evidence.moments import fault_end, suspicious_since
from analysis.evidence.trace_findings import read_trace_findings
from analysis.models import Evidence, Finding
from common.promql import Threshold


def read_findings(evidence: Evidence) -> list[Finding]:
    """Unsaved findings of `evidence`, strongest first."""
    if evidence.kind == Evidence.Kind.SERIES:
        return _from_series(evidence)
    if evidence.kind == Evidence.Kind.TRACES:
        return read_trace_findings(evidence)
    return _from_lines(evidence)


def _from_series(evidence: Evidence) -> list[Finding]:
    moment = evidence.incident.impact_started_at.timestamp()
    findings = []
    for item in evidence.items():
        usual = usual_range(item["times"], item.get("earlier", []))
        times, values = np.array(item["times"]), np.array(item["values"])
        found = departure(times, values, moment, usual=usual)
        if found is None:
            findings += _from_threshold(evidence, times, values)
            continue
        findings.append(
            Finding(
                incident=evidence.incident,
                evidence=evidence,
                service=evidence.service,
                kind=Finding.Kind.LEFT_NORMAL,
                text=_departure_in_words(evidence, found, moment),
                onset=datetime.fromtimestamp(found.onset, UTC),
                score=found.size,
                term=f"{evidence.what} {found.direction}",
                data={"low": found.normal.low, "high": found.normal.high, "extreme": found.extreme},
            )
        )
    findings.sort(key=lambda finding: -finding.score)
    # Series of one query (one a pod) say the same thing: the strongest represents them.
    return findings[:1]


def _from_threshold(evidence: Evidence, times: Array, values: Array) -> list[Finding]:
    """Where a series is too short or too wild for a normal range, its alert says what is bad."""
    threshold = Threshold.parse(evidence.request.threshold)
    moment = evidence.incident.impact_started_at.timestamp()
    found = threshold and crossing(times, threshold.holds(values), values, moment)
    if not threshold or not found:
        return []
    return [
        Finding(
            incident=evidence.incident,
            evidence=evidence,
            service=evidence.service,
            kind=Finding.Kind.CROSSED,
            text=f"{evidence.subject}: {evidence.what} crossed the threshold of its alert "
            f"({threshold.comparison} {quantity(threshold.value, evidence.unit)}) "
            f"{_since(moment, found.onset)}, to {quantity(found.extreme, evidence.unit)}",
            onset=datetime.fromtimestamp(found.onset, UTC),
            score=1.0,
            term=f"{evidence.what} {found.direction}",
            data={"extreme": found.extreme},
        )
    ]


def _departure_in_words(evidence: Evidence, found: Departure, moment: float) -> str:
    if found.direction == "up":
        way, bound = "rose above", f"up to {quantity(found.normal.high, evidence.unit)}"
    else:
        way, bound = "fell below", f"from {quantity(found.normal.low, evidence.unit)}"
    when, extreme = _since(moment, found.onset), quantity(found.extreme, evidence.unit)
    return (
        f"{evidence.subject}: {evidence.what} {way} its normal range {when}, "
        f"to {extreme} (normal {bound})"
    )


def _since(moment: float, onset: float) -> str:
    minutes = round((moment - onset) / 60)
    if minutes > 0:
        return f"{minutes} min before impact"
    if minutes < 0:
        return f"{-minutes} min after impact began"
    return "as impact began"


def _from_lines(evidence: Evidence) -> list[Finding]:
    start, end = evidence.window_start.timestamp(), evidence.window_end.timestamp()
    moment, end = suspicious_since(evidence), min(end, fault_end(evidence.incident))
    lines = ((item["at"], item["text"]) for item in evidence.items() if item["at"] <= end)
    counts = count_templates(lines, moment)
    findings = [
        Finding(
            incident=evidence.incident,
            evidence=evidence,
            service=evidence.service,
            kind=_KINDS[found.kind],
            text=_template_in_words(evidence, found),
            onset=datetime.fromtimestamp(found.since, UTC),
            score=found.score,
            term=f"{found.count.id}{'-silent' if found.kind == 'silent' else ''}",
            data={
                "template": found.count.template,
                "example": found.count.example,
                "before": found.count.before,
                "after": found.count.after,
            },
        )
        for found in unusual_templates(counts, moment - start, end - moment)
    ]
    shares = error_shares(counts)
    if shares:
        findings.append(_error_share(evidence, moment, *shares))
    return findings


def _error_share(evidence: Evidence, moment: float, then: float, now: float) -> Finding:
    return Finding(
        incident=evidence.incident,
        evidence=evidence,
        service=evidence.service,
        kind=Finding.Kind.TROUBLE,
        text=f"{evidence.subject}: {quantity(now, 'ratio')} of log lines report errors, "
        f"{quantity(then, 'ratio')} before",
        onset=datetime.fromtimestamp(moment, UTC),
        score=1 + float(np.log1p(now / max(then, 0.01))),
        term="log errors up",
        data={"before": then, "after": now},
    )


_KINDS = {
    "new": Finding.Kind.NEW_TEMPLATE,
    "burst": Finding.Kind.BURST,
    "silent": Finding.Kind.SILENT,
}


def _template_in_words(evidence: Evidence, found: TemplateFinding) -> str:
    subject, count = evidence.subject, found.count
    times = "once" if count.after == 1 else f"{count.after} times"
    if found.kind == "new":
        return f"{subject}: new log line, {times}: {count.template[:200]}"
    if found.kind == "silent":
        return (
            f"{subject}: log line fell silent, {count.before} times before, "
            f"{times if count.after else 'never'} since: {count.template[:200]}"
        )
    return f"{subject}: log line {found.ratio:.0f} times as often as before: {count.template[:200]}"
