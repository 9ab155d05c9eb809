"""Evidence shown elsewhere: on timelines, in new postmortems, and as images in exports."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from analysis.models import Evidence, Finding
from analysis.presentation.charts import as_png, standalone
from analysis.presentation.evidence_chart import evidence_chart, evidence_title
from common.markdown import escape_markdown
from common.viewer import Viewer
from incidents.models import Incident, TimelineEntry
from incidents.permissions import can_see
from kb.postmortems import images

MAX_FINDINGS = 6
_CHART = re.compile(r"^/analysis/evidence/(\d{1,18})/chart\.(?:png|svg)$")


def _strongest_findings(incident: Incident) -> list[tuple[datetime, Finding]]:
    """The strongest findings that have an onset, with it, in the order of time."""
    findings = incident.findings.select_related("evidence__service")
    found = [(finding.onset, finding) for finding in findings if finding.onset is not None]
    strongest = sorted(found, key=lambda each: -each[1].score)[:MAX_FINDINGS]
    return sorted(strongest, key=lambda each: each[0])


def finding_entries(incident: Incident) -> Iterable[TimelineEntry]:
    for onset, finding in _strongest_findings(incident):
        yield TimelineEntry(at=onset, kind=TimelineEntry.Kind.FINDING, text=finding.text[:2000])


def evidence_section(incident: Incident) -> str:
    """Findings in words and the charts behind them, as Markdown."""
    parts = []
    shown: set[int] = set()
    for _, finding in _strongest_findings(incident):
        evidence = finding.evidence
        parts.append(f"- {escape_markdown(' '.join(finding.text.split()))}")
        if evidence.kind == Evidence.Kind.SERIES and evidence.pk not in shown and len(shown) < 3:
            shown.add(evidence.pk)
            title = escape_markdown(evidence_title(evidence))
            parts.append(f"\n![{title}](/analysis/evidence/{evidence.pk}/chart.png)\n")
    return "\n".join(parts)


def chart_image(path: str, user: Viewer) -> images.StoredImage | None:
    """The chart at one of our own URLs, if `user` may see its incident."""
    match = _CHART.match(path)
    evidence = match and Evidence.objects.filter(pk=int(match[1])).first()
    if not evidence or not can_see(user, evidence.incident):
        return None
    drawing = standalone(evidence_chart(evidence), evidence_title(evidence))
    return images.StoredImage(as_png(drawing), "image/png")
