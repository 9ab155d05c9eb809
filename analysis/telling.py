"""What evidence tells elsewhere: on timelines, in new postmortems, and as pictures in exports."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from analysis.charts import as_png, standalone
from analysis.models import Evidence, Finding
from analysis.presenting import evidence_chart, evidence_title
from incidents import telling
from incidents.markdown import escape_markdown
from incidents.models import Incident, TimelineEntry
from incidents.permissions import can_see
from kb import pictures, prefilling

MOST = 6
_CHART = re.compile(r"^/analysis/evidence/(\d{1,18})/chart\.(?:png|svg)$")


def _telling(incident: Incident) -> list[Finding]:
    """The weightiest findings that have an onset, in the order of time."""
    found = incident.findings.filter(onset__isnull=False).select_related("evidence__service")
    ranked = sorted(found, key=lambda finding: -finding.score)[:MOST]
    return sorted(ranked, key=lambda finding: finding.onset)


def findings_told(incident: Incident) -> Iterable[TimelineEntry]:
    for finding in _telling(incident):
        yield TimelineEntry(
            at=finding.onset, kind=TimelineEntry.Kind.FINDING, text=finding.text[:2000]
        )


def evidence_told(incident: Incident) -> str:
    """Findings in words and the charts behind them, as Markdown."""
    parts = []
    shown: set[int] = set()
    for finding in _telling(incident):
        evidence = finding.evidence
        parts.append(f"- {escape_markdown(' '.join(finding.text.split()))}")
        if evidence.kind == Evidence.Kind.SERIES and evidence.pk not in shown and len(shown) < 3:
            shown.add(evidence.pk)
            title = escape_markdown(evidence_title(evidence))
            parts.append(f"\n![{title}](/analysis/evidence/{evidence.pk}/chart.png)\n")
    return "\n".join(parts)


def chart_picture(path: str, user: Any) -> pictures.Found | None:
    """The chart at one of our own addresses, if `user` may see its incident."""
    match = _CHART.match(path)
    evidence = match and Evidence.objects.filter(pk=int(match[1])).first()
    if not evidence or not can_see(user, evidence.incident):
        return None
    drawing = standalone(evidence_chart(evidence), evidence_title(evidence))
    return pictures.Found(as_png(drawing), "image/png")


telling.TELLERS.append(findings_told)
prefilling.SECTIONS["evidence"].append(evidence_told)
pictures.FINDERS.append(chart_picture)
