"""Log lines and events of a past incident beside those of now, as the compare page shows them."""

from __future__ import annotations

from dataclasses import dataclass, field

from analysis.core.log_comparison import ComparedTemplate, PlacedLine, compare_logs
from analysis.evidence.moments import suspicious_since
from analysis.models import Evidence
from analysis.presentation.evidence_chart import evidence_title
from incidents.models import Incident

MAX_LINES = 15_000
"""Lines of one incident that are compared; of more, those nearest to its impact."""
MAX_ROWS = 15


@dataclass(frozen=True)
class ComparedGroup:
    """Templates under one heading: those that are unusual, and how many ordinary ones there are."""

    heading: str
    rows: list[ComparedTemplate]
    ordinary: list[ComparedTemplate]
    hidden: int
    """Unusual ones beyond MAX_ROWS."""


@dataclass(frozen=True)
class ComparedLogs:
    groups: list[ComparedGroup] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """References of incidents without stored lines."""
    gaps: list[str] = field(default_factory=list)


def compare_log_lines(now: Incident, then: Incident) -> ComparedLogs:
    """Lines since each fault may have begun, by template; what was ordinary both times comes last.

    The caller checks that both incidents may be seen.
    """
    gaps: list[str] = []
    lines = {incident.pk: _lines_of(incident, gaps) for incident in (then, now)}
    missing = [each.reference for each in (now, then) if not lines[each.pk]]
    if missing:
        return ComparedLogs([], missing, gaps)
    found = compare_logs(lines[then.pk], lines[now.pk])
    groups = [
        _group("In both", found.both),
        _group(f"Only now, in {now.reference}", found.only_now),
        _group(f"Only then, in {then.reference}", found.only_then),
    ]
    return ComparedLogs(groups, [], gaps)


def _group(heading: str, rows: list[ComparedTemplate]) -> ComparedGroup:
    unusual = [row for row in rows if row.unusual]
    ordinary = [row for row in rows if not row.unusual]
    hidden = max(0, len(unusual) - MAX_ROWS)
    return ComparedGroup(heading, unusual[:MAX_ROWS], ordinary[: 2 * MAX_ROWS], hidden)


def _lines_of(incident: Incident, gaps: list[str]) -> list[PlacedLine]:
    lines = []
    for row in incident.evidence.filter(kind=Evidence.Kind.LINES).select_related(
        "service", "incident"
    ):
        if row.thinned_at:
            gaps.append(
                f"{evidence_title(row)} of {incident.reference} was thinned on "
                f"{row.thinned_at:%Y-%m-%d}: its lines cannot be compared."
            )
            continue
        moment = suspicious_since(row)
        lines += [
            PlacedLine(evidence_title(row), item["at"] - moment, item["text"])
            for item in row.items()
        ]
    if len(lines) > MAX_LINES:
        gaps.append(
            f"{incident.reference} has {len(lines)} lines; the {MAX_LINES} nearest to its "
            "impact are compared."
        )
        lines = sorted(lines, key=lambda line: abs(line.at))[:MAX_LINES]
    return lines
