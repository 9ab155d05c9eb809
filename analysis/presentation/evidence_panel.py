"""What the evidence panel shows: charts, log lines, findings, pending and failed pulls."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from analysis.evidence.origins import likely_origins
from analysis.models import CheckRun, Evidence, EvidenceRequest, Finding, Source
from analysis.presentation.charts import Mark
from analysis.presentation.evidence_age import EvidenceAge, evidence_age
from analysis.presentation.evidence_chart import draw_evidence, evidence_title, incident_marks
from analysis.presentation.trace_links import TraceLinks
from analysis.presentation.trace_view import ExampleTrace, example_traces
from common.promql import threshold_words
from incidents.models import Change, Incident
from incidents.suspect_changes import candidate_changes
from incidents.templatetags.causebook import span
from kb.models import Check

State = EvidenceRequest.State
MAX_EXAMPLE = 220
"""Characters of a log line that the panel shows."""


@dataclass
class Panel:
    """One item of evidence as shown: a chart, or the log lines that are unusual."""

    evidence: Evidence
    title: str
    chart: SafeString | None
    finding: Finding | None
    new_templates: list[Finding]
    """Of log lines and traces: what is unusual about them."""
    examples: dict[int, SafeString] = field(default_factory=dict)
    """By finding, its log line with links to traces."""
    traces: list[ExampleTrace] = field(default_factory=list)
    fires_at: str = ""
    """The threshold of the alert whose own expression this is, such as "> 0.9"."""
    newest: bool = False
    """Whether the last pull found something in it that was not found before."""


def present_evidence(incident: Incident) -> dict[str, Any]:
    """The context of the evidence panel, in a fixed number of queries."""
    # Before the requests, which the same transaction writes: else a plan made meanwhile looks
    # like one without any, and the page waits for nothing.
    planned = hasattr(incident, "fingerprint")
    requests = list(incident.evidence_requests.select_related("service", "source"))
    findings = list(incident.findings.select_related("service"))
    age = evidence_age(incident)
    marks = incident_marks(incident)
    links = TraceLinks(incident)
    panels = [
        _panel(evidence, findings, marks, links, age)
        for evidence in incident.evidence.select_related("service", "request").defer("content")
    ]
    unusual = [panel for panel in panels if panel.chart or _findings_of(panel)]
    quiet = [panel for panel in panels if panel not in unusual]
    unusual.sort(key=_strength, reverse=True)
    done = sum(request.state == State.DONE for request in requests)
    failed = [request for request in requests if request.state == State.FAILED]
    pending = [request for request in requests if request.state in (State.WAITING, State.CLAIMED)]
    extended = sum(request.pulls > 0 for request in pending)
    planned = planned or bool(requests)
    pulls = sum(request.pulls for request in requests)
    return {
        "incident": incident,
        "age": age,
        "requests": requests,
        "done": done,
        "failed": failed,
        "pending": pending,
        "extended": extended,
        "first_pulls": len(pending) - extended,
        "pulled": len(requests) - len(pending) + extended,
        "planned": planned,
        "waiting_for_plan": not planned,
        "story": _story(incident, findings, age),
        "origins": likely_origins(incident),
        "unusual": unusual,
        "quiet": quiet,
        "cause_links": list(incident.cause_links.exclude(state="rejected").select_related("cause")),
        "sources": Source.objects.filter(enabled=True),
        "alerts": sorted(set(incident.alerts.values_list("name", flat=True))),
        "version": f"{planned:d}-{len(requests)}-{done}-{len(failed)}-{pulls}",
    }


@dataclass
class Moment:
    """One line of the story: a finding or a change."""

    at: datetime
    finding: Finding | None = None
    change: Change | None = None
    before: timedelta | None = None
    """How long before the first symptom the change was made."""
    newest: bool = False

    @property
    def text(self) -> str:
        """In the language of the page that is being rendered."""
        if self.change is None or self.before is None:
            return self.finding.text if self.finding else ""
        values = {"service": self.change.service.name, "change": self.change}
        if self.before < timedelta(0):
            return _("%(service)s: %(change)s, after it began") % values
        text = _("%(service)s: %(change)s, %(time)s before the first symptom")
        return text % {**values, "time": span(self.before)}


MAX_FINDINGS, MAX_NEWEST, MAX_CHANGES = 8, 4, 3


def _story(incident: Incident, findings: list[Finding], age: EvidenceAge) -> list[Moment]:
    """What left its normal range, in the order of time, and the changes just before it.

    Symptoms are not causes: each change before the first symptom says how long before.
    """
    with_onset = [(finding.onset, finding) for finding in findings if finding.onset]
    if not with_onset:
        return []
    early = with_onset[:MAX_FINDINGS]
    # What is new is shown, too, however many came before it.
    later = [each for each in with_onset[MAX_FINDINGS:] if age.is_newest(each[1])]
    moments = [
        Moment(at, finding, newest=age.is_newest(finding))
        for at, finding in [*early, *later[:MAX_NEWEST]]
    ]
    first = moments[0]
    for candidate in candidate_changes(incident, limit=MAX_CHANGES):
        change = candidate.change
        earlier = first.at - change.started_at
        moments.append(Moment(change.started_at, change=change, before=earlier))
    return sorted(moments, key=lambda moment: moment.at)


def _strength(panel: Panel) -> tuple[bool, bool, float]:
    """Charts before logs; of those, what an alert fires on, then what is furthest from normal."""
    furthest = max((f.score for f in _findings_of(panel)), default=0.0)
    return panel.evidence.kind != Evidence.Kind.LINES, panel.fires_at != "", furthest


def _findings_of(panel: Panel) -> list[Finding]:
    return [finding for finding in [panel.finding, *panel.new_templates] if finding]


def _panel(
    evidence: Evidence,
    findings: list[Finding],
    marks: list[Mark],
    links: TraceLinks,
    age: EvidenceAge,
) -> Panel:
    own = [finding for finding in findings if finding.evidence_id == evidence.pk]
    newest = any(age.is_newest(finding) for finding in own)
    title = evidence_title(evidence)
    if evidence.kind == Evidence.Kind.LINES:
        examples = {
            finding.pk: links.linked(str(finding.data["example"])[:MAX_EXAMPLE])
            for finding in own
            if "example" in finding.data
        }
        return Panel(evidence, title, None, None, own, examples, newest=newest)
    if evidence.kind == Evidence.Kind.TRACES:
        traces = example_traces(evidence, evidence.items()) if own else []
        if own and max(own, key=lambda each: each.score).kind == Finding.Kind.FAILING:
            traces.sort(key=lambda trace: trace.role != "failed")
        return Panel(evidence, title, None, None, own, traces=traces, newest=newest)
    finding = own[0] if own else None
    fires_at = threshold_words(evidence.request.threshold)
    chart = draw_evidence(evidence, finding, marks) if finding or fires_at else None
    return Panel(evidence, title, chart, finding, [], fires_at=fires_at, newest=newest)


@dataclass
class CheckResult:
    """A check of a cause with its run for one incident, if there is one."""

    check: Check
    run: CheckRun | None


def present_checks(incident: Incident) -> dict[int, list[CheckResult]]:
    """Every check by its cause. Checks are few: those of all causes are read at once."""
    runs = {run.check_asked_id: run for run in incident.check_runs.all()}
    results: dict[int, list[CheckResult]] = {}
    for check in Check.objects.all():
        results.setdefault(check.cause_id, []).append(CheckResult(check, runs.get(check.pk)))
    return results
