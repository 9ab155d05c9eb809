"""Which of an incident's services and their neighbours is likely the origin, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any

import numpy as np
from django.db.models import Count, Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.core.origin_confidence import Confidence, confidence
from analysis.core.origin_ranking import LogLine, Metric, Observed, Suspect, rank_services
from analysis.core.symptom_flow import below
from analysis.core.trace_changes import with_peers
from analysis.core.traces import Span
from analysis.evidence.moments import fault_end
from analysis.evidence.reach import own_services
from analysis.evidence.trace_findings import calls_of
from analysis.models import Evidence, ThinnedIncident
from common.process_cache import ProcessCache
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
            return _("there is too little normal time to say how sure this is")
        if self.confidence.tells:
            stronger = ngettext(
                "stronger than in %(weaker)s of %(windows)s normal stretch before",
                "stronger than in %(weaker)s of %(windows)s normal stretches before",
                windows,
            )
            return stronger % {"weaker": weaker, "windows": windows}
        strong = ngettext(
            "%(strong)s of %(windows)s normal stretch before names one as strongly",
            "%(strong)s of %(windows)s normal stretches before name one as strongly",
            windows,
        )
        return strong % {"strong": windows - weaker, "windows": windows}


# Pages reload while evidence arrives and stay open afterwards: reading all of it takes 0.2 s.
_origins: ProcessCache[Any, Origins] = ProcessCache("origins", 200, max_age=600)


def likely_origins(incident: Incident) -> Origins:
    """At most MAX_SHOWN services with evidence against them.

    The call graph is what services depend on, and the evidence reaches two hops along it; users
    noticed at the incident's own services.
    """
    thinned = ThinnedIncident.objects.filter(incident=incident).first()
    if thinned is not None:
        return read_stored(thinned.origins)
    state = incident.evidence.aggregate(newest=Max("taken_at"), count=Count("pk"))
    calls, own = dependency_pairs("name"), [service.name for service in own_services(incident)]
    key = (
        incident.pk, incident.impact_started_at, state["newest"], state["count"], tuple(own),
        frozenset(calls), incident.alerts.count(), fault_end(incident),
    )  # fmt: skip
    return _origins.get(key, lambda: _ranked(incident, calls, own))


def stored(origins: Origins) -> dict[str, Any]:
    """As JSON, for when the evidence that says so is reduced."""
    return {
        "suspects": [asdict(suspect) for suspect in origins.suspects],
        "confidence": {name: int(value) for name, value in asdict(origins.confidence).items()},
    }


def read_stored(origins: dict[str, Any]) -> Origins:
    suspects = [Suspect(**suspect) for suspect in origins["suspects"]]
    found = origins["confidence"]
    abnormal = bool(found["abnormal"])
    return Origins(suspects, Confidence(found["weaker"], found["windows"], abnormal))


def _ranked(incident: Incident, calls: list[tuple[str, str]], own: Sequence[str]) -> Origins:
    metrics: list[Metric] = []
    lines: list[LogLine] = []
    traces: dict[str, dict[str, Any]] = {}
    at, end = incident.impact_started_at.timestamp(), fault_end(incident)
    for row in incident.evidence.select_related("service"):
        if row.service is None:
            continue
        name = row.service.name
        for item in row.items():
            if row.kind == Evidence.Kind.SERIES:
                times, values = np.array(item["times"]), np.array(item["values"])
                during = times <= end
                metrics.append(Metric(name, row.what, times[during], values[during], row.unit))
            elif row.kind == Evidence.Kind.TRACES:
                # The same request is in the traces of every service that it passed.
                traces.setdefault(item["id"], item)
            elif item["at"] <= end:
                lines.append(LogLine(name, item["at"], item["text"]))
    traced, _ = with_peers(calls_of(traces.values()))
    spans = [call.span for call in traced if call.span.start <= end]
    if not {metric.service for metric in metrics} <= {span.service for span in spans}:
        # Where only some services are traced, spans would speak against these alone.
        spans = []
    recorded: Iterable[Metric | LogLine | Span] = chain(metrics, lines, spans)
    if len({each.service for each in recorded}) < 2:
        return Origins([], Confidence(0, 0, abnormal=False))
    onset = _first_onset(incident, at)
    noticed_at = _noticed_at(incident, calls, own)
    usual = [line for line in lines if line.at < onset]
    since = [line for line in lines if line.at >= onset]
    observed = Observed(
        metrics,
        calls,
        noticed_at,
        _symptom(incident, noticed_at),
        since,
        usual,
        [span for span in spans if span.start >= onset],
        [span for span in spans if span.start < onset],
    )
    suspects = rank_services(observed, onset)
    shown = [suspect for suspect in suspects if suspect.reasons][:MAX_SHOWN]
    return Origins(shown, confidence(observed, onset, shown))


def _noticed_at(
    incident: Incident, calls: Sequence[tuple[str, str]], own: Sequence[str]
) -> str | None:
    """Where it was noticed: the service that alerted first.

    A fault travels from callee to caller, so that what alerts later may suffer from it. Where
    nothing alerted it is the service that calls most of the others, directly or not: people notice
    a fault at its far end.
    """
    alerts = incident.alerts.filter(service__name__in=own).order_by("starts_at", "pk")
    first = alerts.values_list("service__name", flat=True).first()
    if first is not None:
        return first
    return max(own, key=lambda name: len(below(calls, name).intersection(own)), default=None)


def _symptom(incident: Incident, noticed_at: str | None) -> str:
    """What monitors noticed there, as far as the names of alerts say it; else anywhere."""
    rows = incident.alerts.order_by("starts_at").values_list("name", "service__name")
    names = [name for name, service in rows if service == noticed_at]
    return " ".join(names or [name for name, _ in rows])


def _first_onset(incident: Incident, at: float) -> float:
    """Faults begin before users are affected: the earliest onset up to an hour before impact."""
    onsets = incident.findings.values_list("onset", flat=True)
    times = [onset.timestamp() for onset in onsets if onset is not None]
    return min((time for time in times if at - 3600 <= time <= at), default=at)
