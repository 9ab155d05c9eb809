"""The chart of one item of evidence: normal range, series, impact, onset and changes.

How a time series is drawn as SVG: analysis.presentation.charts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analysis.evidence.baseline import drawn_range
from analysis.models import Evidence, Finding
from analysis.presentation.charts import Band, Level, Mark, draw
from common.promql import Threshold
from incidents.models import Incident
from incidents.suspect_changes import candidate_changes

MAX_CHANGES, MAX_ALERTS = 6, 12


def evidence_title(evidence: Evidence) -> str:
    return f"{evidence.subject} · {evidence.what}"


def evidence_chart(evidence: Evidence) -> SafeString:
    """The chart of one item of evidence on its own."""
    return draw_evidence(evidence, evidence.findings.first(), incident_marks(evidence.incident))


def incident_marks(incident: Incident) -> list[Mark]:
    """The impact, its end, and the alerts and changes around it, for all charts of an incident."""
    marks = [Mark(incident.impact_started_at.timestamp(), "impact", _("Impact started"))]
    ends = ((incident.mitigated_at, _("Mitigated")), (incident.resolved_at, _("Resolved")))
    marks += [Mark(at.timestamp(), "ended", label) for at, label in ends if at]
    alerts = incident.alerts.order_by("starts_at", "pk").values_list("starts_at", "name")
    marks += [
        Mark(at.timestamp(), "alert", _("Alert: %(name)s") % {"name": name})
        for at, name in alerts[:MAX_ALERTS]
    ]
    return marks + [
        Mark(candidate.change.started_at.timestamp(), "change", str(candidate.change))
        for candidate in candidate_changes(incident, limit=MAX_CHANGES)
    ]


def draw_evidence(evidence: Evidence, finding: Finding | None, marks: list[Mark]) -> SafeString:
    items = evidence.items()
    has_range = finding is not None and "high" in finding.data and "low" in finding.data
    band = Band(finding.data["low"], finding.data["high"]) if finding and has_range else None
    if items and items[0].get("earlier"):
        first = items[0]
        low, high = drawn_range(first["times"], first["values"], first["earlier"])
        band = Band(low.tolist(), high.tolist())
    if finding and finding.onset:
        marks = [*marks, Mark(finding.onset.timestamp(), "onset", finding.get_kind_display())]
    series = [(item["times"], item["values"]) for item in items]
    threshold = Threshold.parse(evidence.request.threshold)
    fires = _("The alert fires at %(threshold)s") % {"threshold": threshold}
    return draw(
        series,
        evidence.unit,
        _("%(title)s over time") % {"title": evidence_title(evidence)},
        band,
        marks,
        level=Level(threshold.value, fires) if threshold else None,
        names=_names([item.get("labels") or {} for item in items]),
    )


def _names(labels: list[dict[str, Any]]) -> list[str]:
    """What differs between several series, such as the pod; nothing for one."""
    pairs = [{(key, str(value)) for key, value in each.items()} for each in labels]
    same = set.intersection(*pairs) if pairs else set()
    return [", ".join(value for _, value in sorted(each - same)) for each in pairs]


@dataclass
class ComparedMeasure:
    """The same measure of two incidents, drawn from the start of each impact."""

    title: str
    chart: SafeString
    now: Finding | None
    then: Finding | None
    thinned: list[str]
    """What retention has left of the curves, in words."""


def compare_evidence(now: Incident, then: Incident) -> list[ComparedMeasure]:
    """Measures that both incidents have evidence of, those that broke in either first."""
    series = Evidence.Kind.SERIES
    past = {_measure(row): row for row in then.evidence.filter(kind=series)}
    by_what = {row.what: row for row in past.values()}
    compared = []
    for row in now.evidence.filter(kind=series).select_related("service", "incident", "request"):
        match = past.get(_measure(row)) or by_what.get(row.what)
        if match is None:
            continue
        lines = [
            line
            for lines in (_since_impact(row, now), _since_impact(match, then))
            for line in lines[:1]
        ]
        title = evidence_title(row)
        chart = draw(
            lines,
            row.unit,
            _("%(title)s, now and then") % {"title": title},
            marks=[Mark(0.0, "impact", _("Impact started"))],
            then=len(lines) > 1,
            names=(pgettext("curve", "now"), pgettext("curve", "then")) if len(lines) > 1 else (),
        )
        thinned = [
            f"{incident.reference}: {gap}"
            for incident, each in ((now, row), (then, match))
            if each.thinned_at
            for gap in each.gaps[-1:]
        ]
        compared.append(
            ComparedMeasure(title, chart, row.findings.first(), match.findings.first(), thinned)
        )
    return sorted(
        compared, key=lambda measure: -((measure.now is not None) + (measure.then is not None))
    )


def _measure(evidence: Evidence) -> tuple[int | None, str]:
    return evidence.service_id, evidence.what


def _since_impact(evidence: Evidence, incident: Incident) -> list[tuple[list[float], list[float]]]:
    start = incident.impact_started_at.timestamp()
    return [([at - start for at in item["times"]], item["values"]) for item in evidence.items()]
