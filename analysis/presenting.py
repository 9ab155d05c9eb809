"""What the evidence panel shows: charts, log lines, findings, what is under way and what failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.safestring import SafeString

from analysis.charts import Band, Mark, draw
from analysis.models import Evidence, EvidenceRequest, Finding
from incidents.changes import candidate_changes
from incidents.models import Incident

State = EvidenceRequest.State


@dataclass
class Panel:
    """One item of evidence as shown: a chart, or the log lines that are unusual."""

    evidence: Evidence
    title: str
    chart: SafeString | None
    finding: Finding | None
    new_templates: list[Finding]


def present_evidence(incident: Incident) -> dict[str, Any]:
    """The context of the evidence panel. Two queries for the states, one each for the rest."""
    requests = list(incident.evidence_requests.select_related("service", "source"))
    findings = list(incident.findings.select_related("service"))
    marks = _marks(incident)
    panels = [
        _panel(evidence, findings, marks)
        for evidence in incident.evidence.select_related("service").defer("content")
    ]
    telling = [panel for panel in panels if panel.finding or panel.new_templates]
    quiet = [panel for panel in panels if not (panel.finding or panel.new_templates)]
    telling.sort(key=lambda panel: -max(f.score for f in _findings_of(panel)))
    done = sum(request.state == State.DONE for request in requests)
    failed = [request for request in requests if request.state == State.FAILED]
    pending = [request for request in requests if request.state in (State.WAITING, State.CLAIMED)]
    return {
        "incident": incident,
        "requests": requests,
        "done": done,
        "failed": failed,
        "pending": pending,
        "planned": bool(requests) or hasattr(incident, "fingerprint"),
        "waiting_for_plan": not requests and not hasattr(incident, "fingerprint"),
        "findings": [f for f in findings if f.onset][:8],
        "telling": telling,
        "quiet": quiet,
        "version": f"{done}-{len(failed)}-{len(findings)}",
    }


def _findings_of(panel: Panel) -> list[Finding]:
    return [finding for finding in [panel.finding, *panel.new_templates] if finding]


def _title(evidence: Evidence) -> str:
    return f"{evidence.service.name if evidence.service else 'everything'} · {evidence.what}"


def _marks(incident: Incident) -> list[Mark]:
    marks = [Mark(incident.impact_started_at.timestamp(), "impact", "Impact started")]
    return marks + [
        Mark(candidate.change.started_at.timestamp(), "change", str(candidate.change))
        for candidate in candidate_changes(incident, limit=6)
    ]


def evidence_chart(evidence: Evidence) -> SafeString:
    """The chart of one item of evidence on its own."""
    finding = evidence.findings.first()
    return _chart(evidence, finding, _marks(evidence.incident))


def _chart(evidence: Evidence, finding: Finding | None, marks: list[Mark]) -> SafeString:
    items = evidence.items()
    band = Band(finding.data["low"], finding.data["high"]) if finding else None
    if items and items[0].get("earlier"):
        # Drawn as each earlier day was; what may be called a departure is stricter (usual_range).
        days = np.asarray(items[0]["earlier"], float)
        band = Band(days.min(axis=0).tolist(), days.max(axis=0).tolist())
    if finding and finding.onset:
        marks = [*marks, Mark(finding.onset.timestamp(), "onset", "Left its normal range")]
    series = [(item["times"], item["values"]) for item in items]
    return draw(series, evidence.unit, f"{_title(evidence)} over time", band, marks)


def _panel(evidence: Evidence, findings: list[Finding], marks: list[Mark]) -> Panel:
    own = [finding for finding in findings if finding.evidence_id == evidence.pk]
    if evidence.kind == Evidence.Kind.LINES:
        return Panel(evidence, _title(evidence), None, None, own)
    finding = own[0] if own else None
    chart = _chart(evidence, finding, marks) if finding else None
    return Panel(evidence, _title(evidence), chart, finding, [])
