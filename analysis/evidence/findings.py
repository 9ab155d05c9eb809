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
from analysis.core.onset import Departure, departure
from analysis.core.units import quantity
from analysis.evidence.baseline import usual_range
from analysis.models import Evidence, Finding
from incidents.models import Incident

MIN_FAULT = 300.0
"""Seconds that a fault lasts at least, whenever it was said to be mitigated."""


def read_findings(evidence: Evidence) -> list[Finding]:
    """Unsaved findings of `evidence`, strongest first."""
    if evidence.kind == Evidence.Kind.SERIES:
        return _from_series(evidence)
    return _from_lines(evidence)


def _subject(evidence: Evidence) -> str:
    return evidence.service.name if evidence.service else "everything"


def _from_series(evidence: Evidence) -> list[Finding]:
    moment = evidence.incident.impact_started_at.timestamp()
    findings = []
    for item in evidence.items():
        usual = usual_range(item["times"], item.get("earlier", []))
        found = departure(np.array(item["times"]), np.array(item["values"]), moment, usual=usual)
        if found is None:
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


def _departure_in_words(evidence: Evidence, found: Departure, moment: float) -> str:
    if found.direction == "up":
        way, bound = "rose above", f"up to {quantity(found.normal.high, evidence.unit)}"
    else:
        way, bound = "fell below", f"from {quantity(found.normal.low, evidence.unit)}"
    minutes = round((moment - found.onset) / 60)
    if minutes > 0:
        when = f"{minutes} min before impact"
    elif minutes < 0:
        when = f"{-minutes} min after impact began"
    else:
        when = "as impact began"
    return (
        f"{_subject(evidence)}: {evidence.what} {way} its normal range {when}, "
        f"to {quantity(found.extreme, evidence.unit)} (normal {bound})"
    )


def _from_lines(evidence: Evidence) -> list[Finding]:
    moment = evidence.incident.impact_started_at.timestamp()
    start, end = evidence.window_start.timestamp(), evidence.window_end.timestamp()
    # Faults are often logged before users are affected: what is new in the last quarter of an hour
    # before the impact counts as new.
    moment = max(start + (moment - start) / 2, moment - 900)
    end = min(end, fault_end(evidence.incident))
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


def fault_end(incident: Incident) -> float:
    """Epoch seconds of the mitigation or resolution; infinite before it.

    What comes later is the recovery, which would dilute rates and means of the fault. No less than
    five minutes of the fault are left.
    """
    ended = incident.mitigated_at or incident.resolved_at
    if ended is None:
        return float("inf")
    return max(ended.timestamp(), incident.impact_started_at.timestamp() + MIN_FAULT)


def _error_share(evidence: Evidence, moment: float, then: float, now: float) -> Finding:
    return Finding(
        incident=evidence.incident,
        evidence=evidence,
        service=evidence.service,
        kind=Finding.Kind.TROUBLE,
        text=f"{_subject(evidence)}: {quantity(now, 'ratio')} of log lines report errors, "
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
    subject, count = _subject(evidence), found.count
    times = "once" if count.after == 1 else f"{count.after} times"
    if found.kind == "new":
        return f"{subject}: new log line, {times}: {count.template[:200]}"
    if found.kind == "silent":
        return (
            f"{subject}: log line fell silent, {count.before} times before, "
            f"{times if count.after else 'never'} since: {count.template[:200]}"
        )
    return f"{subject}: log line {found.ratio:.0f} times as often as before: {count.template[:200]}"
