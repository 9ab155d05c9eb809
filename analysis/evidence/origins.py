"""Which of an incident's services and their neighbours is likely the origin, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from analysis.core.origin_confidence import Confidence, confidence
from analysis.core.origin_ranking import LogLine, Metric, Observed, Suspect, rank_services
from analysis.core.trace_changes import with_peers
from analysis.core.traces import Span
from analysis.evidence.trace_findings import calls_of
from analysis.models import Evidence
from incidents.catalogue.dependencies import dependency_pairs
from incidents.models import Incident

MAX_SHOWN = 3


@dataclass(frozen=True)
class Origins:
    """Services with evidence against them, most likely origin first, and how sure the first is."""

    suspects: list[Suspect]
    confidence: Confidence

    @property
    def certainty(self) -> str:
        """How sure the first one is, in words."""
        weaker, windows = self.confidence.weaker, self.confidence.windows
        if not windows:
            return "there is too little normal time to say how sure this is"
        if self.confidence.tells:
            return f"stronger than in {weaker} of {windows} normal stretches before"
        return f"{windows - weaker} of {windows} normal stretches before name one as strongly"


def likely_origins(incident: Incident) -> Origins:
    """At most MAX_SHOWN services with evidence against them.

    The call graph is what services depend on; users noticed at the incident's own services.
    """
    metrics: list[Metric] = []
    lines: list[LogLine] = []
    traces: dict[str, dict[str, Any]] = {}
    at = incident.impact_started_at.timestamp()
    for row in incident.evidence.select_related("service"):
        if row.service is None:
            continue
        name = row.service.name
        for item in row.items():
            if row.kind == Evidence.Kind.SERIES:
                times, values = np.array(item["times"]), np.array(item["values"])
                metrics.append(Metric(name, row.what, times, values))
            elif row.kind == Evidence.Kind.TRACES:
                # The same request is in the traces of every service that it passed.
                traces.setdefault(item["id"], item)
            else:
                lines.append(LogLine(name, item["at"], item["text"]))
    calls, _ = with_peers(calls_of(traces.values()))
    spans = [call.span for call in calls]
    if not {metric.service for metric in metrics} <= {span.service for span in spans}:
        # Where only some services are traced, spans would speak against these alone.
        spans = []
    recorded: Iterable[Metric | LogLine | Span] = chain(metrics, lines, spans)
    if len({each.service for each in recorded}) < 2:
        return Origins([], Confidence(0, 0, abnormal=False))
    onset = _first_onset(incident, at)
    usual = [line for line in lines if line.at < onset]
    since = [line for line in lines if line.at >= onset]
    seen = incident.services.values_list("name", flat=True).first()
    observed = Observed(
        metrics,
        dependency_pairs("name"),
        seen,
        _symptom(incident),
        since,
        usual,
        [span for span in spans if span.start >= onset],
        [span for span in spans if span.start < onset],
    )
    suspects = rank_services(observed, onset)
    shown = [suspect for suspect in suspects if suspect.reasons][:MAX_SHOWN]
    return Origins(shown, confidence(observed, onset, shown))


def _symptom(incident: Incident) -> str:
    """What users or monitors noticed, as far as the names of alerts say it."""
    return " ".join(incident.alerts.order_by("starts_at").values_list("name", flat=True))


def _first_onset(incident: Incident, at: float) -> float:
    """Faults begin before users are affected: the earliest onset up to an hour before impact."""
    onsets = incident.findings.values_list("onset", flat=True)
    times = [onset.timestamp() for onset in onsets if onset is not None]
    return min((time for time in times if at - 3600 <= time <= at), default=at)
