"""Which of an incident's services and their neighbours is likely the origin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db.models import Count, Max

from analysis.core.origin_ranking import LogLine, Metric, Observed, Suspect, rank_services
from analysis.core.symptom_flow import below
from analysis.evidence.findings import fault_end
from analysis.evidence.reach import own_services
from analysis.models import Evidence
from common.process_cache import ProcessCache
from incidents.catalogue.dependencies import dependency_pairs
from incidents.models import Incident

MAX_SHOWN = 3

# Pages reload while evidence arrives and stay open afterwards: reading all of it takes 0.2 s.
_suspects: ProcessCache[Any, list[Suspect]] = ProcessCache("origins", 200, max_age=600)


def likely_origins(incident: Incident) -> list[Suspect]:
    """Services with evidence against them, most likely origin first; at most MAX_SHOWN.

    The call graph is what services depend on, and the evidence reaches two hops along it; users
    noticed at the incident's own services.
    """
    state = incident.evidence.aggregate(newest=Max("taken_at"), count=Count("pk"))
    calls, own = dependency_pairs("name"), [service.name for service in own_services(incident)]
    key = (
        incident.pk, incident.impact_started_at, state["newest"], state["count"], tuple(own),
        frozenset(calls), incident.alerts.count(), fault_end(incident),
    )  # fmt: skip
    return _suspects.get(key, lambda: _ranked(incident, calls, own))


def _ranked(incident: Incident, calls: list[tuple[str, str]], own: Sequence[str]) -> list[Suspect]:
    metrics: list[Metric] = []
    lines: list[LogLine] = []
    at, end = incident.impact_started_at.timestamp(), fault_end(incident)
    for row in incident.evidence.select_related("service"):
        if row.service is None:
            continue
        name = row.service.name
        for item in row.items():
            if row.kind == Evidence.Kind.SERIES:
                times, values = np.array(item["times"]), np.array(item["values"])
                during = times <= end
                metrics.append(Metric(name, row.what, times[during], values[during]))
            elif item["at"] <= end:
                lines.append(LogLine(name, item["at"], item["text"]))
    if len({metric.service for metric in metrics} | {line.service for line in lines}) < 2:
        return []
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
    )
    suspects = rank_services(observed, onset)
    return [suspect for suspect in suspects if suspect.reasons][:MAX_SHOWN]


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
