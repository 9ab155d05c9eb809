"""What the evidence panel shows: charts, log lines, findings, what is under way and what failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.safestring import SafeString

from analysis.evidence.baseline import drawn_range
from analysis.evidence.origins import likely_origins
from analysis.models import CheckRun, Evidence, EvidenceRequest, Finding, Source
from analysis.presentation.charts import Band, Mark, draw
from incidents.models import Incident
from incidents.suspect_changes import candidate_changes
from kb.models import Check

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
        "story": _story(incident, findings),
        "suspects": likely_origins(incident),
        "telling": telling,
        "quiet": quiet,
        "cause_links": list(incident.cause_links.exclude(state="rejected").select_related("cause")),
        "sources": Source.objects.filter(enabled=True),
        "alerts": sorted(set(incident.alerts.values_list("name", flat=True))),
        "version": f"{done}-{len(failed)}-{len(findings)}",
    }


@dataclass
class Moment:
    """One line of the story of what moved, in order."""

    at: datetime
    text: str
    change: bool = False


TOLD = 8


def _story(incident: Incident, findings: list[Finding]) -> list[Moment]:
    """What left its normal range, in order, and the changes of state just before it.

    Symptoms are not causes: of what changed, each that came before the first symptom says how
    long before.
    """
    moments = [Moment(f.onset, f.text) for f in findings if f.onset][:TOLD]
    if not moments:
        return []
    first = moments[0]
    for candidate in candidate_changes(incident, limit=3):
        change = candidate.change
        minutes = round((first.at - change.started_at).total_seconds() / 60)
        when = f"{minutes} min before the first symptom" if minutes >= 0 else "after it began"
        text = f"{change.service.name}: {change}, {when}"
        moments.append(Moment(change.started_at, text, change=True))
    return sorted(moments, key=lambda moment: moment.at)


def _findings_of(panel: Panel) -> list[Finding]:
    return [finding for finding in [panel.finding, *panel.new_templates] if finding]


def evidence_title(evidence: Evidence) -> str:
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
        first = items[0]
        low, high = drawn_range(first["times"], first["values"], first["earlier"])
        band = Band(low.tolist(), high.tolist())
    if finding and finding.onset:
        marks = [*marks, Mark(finding.onset.timestamp(), "onset", "Left its normal range")]
    series = [(item["times"], item["values"]) for item in items]
    return draw(series, evidence.unit, f"{evidence_title(evidence)} over time", band, marks)


def _panel(evidence: Evidence, findings: list[Finding], marks: list[Mark]) -> Panel:
    own = [finding for finding in findings if finding.evidence_id == evidence.pk]
    if evidence.kind == Evidence.Kind.LINES:
        return Panel(evidence, evidence_title(evidence), None, None, own)
    finding = own[0] if own else None
    chart = _chart(evidence, finding, marks) if finding else None
    return Panel(evidence, evidence_title(evidence), chart, finding, [])


@dataclass
class AskedCheck:
    """A check of a cause with what it gave for one incident, if it was asked."""

    check: Check
    run: CheckRun | None


def present_checks(incident: Incident) -> dict[int, list[AskedCheck]]:
    """Every check by its cause. Checks are few: those of all causes are read at once."""
    runs = {run.check_asked_id: run for run in incident.check_runs.all()}
    found: dict[int, list[AskedCheck]] = {}
    for check in Check.objects.all():
        found.setdefault(check.cause_id, []).append(AskedCheck(check, runs.get(check.pk)))
    return found


@dataclass
class Pair:
    """The same measure of two incidents, drawn from the start of each impact."""

    title: str
    chart: SafeString
    now: Finding | None
    then: Finding | None


def present_beside(now: Incident, then: Incident) -> list[Pair]:
    """Measures both incidents have evidence of, those that broke in either first."""
    series = Evidence.Kind.SERIES
    past = {_measure(row): row for row in then.evidence.filter(kind=series)}
    by_what = {row.what: row for row in past.values()}
    pairs = []
    for row in now.evidence.filter(kind=series).select_related("service", "incident"):
        match = past.get(_measure(row)) or by_what.get(row.what)
        if match is None:
            continue
        drawn = [_from_impact(row, now), _from_impact(match, then)]
        lines = [line for lines in drawn for line in lines[:1]]
        chart = draw(
            lines,
            row.unit,
            f"{evidence_title(row)}, now and then",
            marks=[_ZERO],
            then=len(lines) > 1,
        )
        pairs.append(Pair(evidence_title(row), chart, row.findings.first(), match.findings.first()))
    return sorted(pairs, key=lambda pair: -((pair.now is not None) + (pair.then is not None)))


_ZERO = Mark(0.0, "impact", "Impact started")


def _measure(evidence: Evidence) -> tuple[int | None, str]:
    return evidence.service_id, evidence.what


def _from_impact(evidence: Evidence, incident: Incident) -> list[tuple[list[float], list[float]]]:
    start = incident.impact_started_at.timestamp()
    return [([at - start for at in item["times"]], item["values"]) for item in evidence.items()]
