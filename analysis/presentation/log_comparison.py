"""Log lines and events of a past incident beside those of now, as the compare page shows them."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

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
        _group(_("In both"), found.both),
        _group(_("Only now, in %(incident)s") % {"incident": now.reference}, found.only_now),
        _group(_("Only then, in %(incident)s") % {"incident": then.reference}, found.only_then),
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
            values = {
                "evidence": evidence_title(row),
                "incident": incident.reference,
                "date": f"{row.thinned_at:%Y-%m-%d}",
            }
            gaps.append(
                _(
                    "%(evidence)s of %(incident)s was thinned on %(date)s: its lines cannot be "
                    "compared."
                )
                % values
            )
            continue
        moment = suspicious_since(row)
        lines += [
            PlacedLine(evidence_title(row), item["at"] - moment, item["text"])
            for item in row.items()
        ]
    if len(lines) > MAX_LINES:
        counts = {"incident": incident.reference, "lines": len(lines), "most": MAX_LINES}
        gaps.append(
            _("%(incident)s has %(lines)s lines; the %(most)s nearest to its impact are compared.")
            % counts
        )
        lines = sorted(lines, key=lambda line: abs(line.at))[:MAX_LINES]
    return lines
