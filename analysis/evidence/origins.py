"""Which of an incident's services and their neighbours is likely the origin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db.models import Count, Max

from analysis.core.origin_ranking import LogLine, Metric, Observed, Suspect, rank_services
from analysis.core.symptom_flow import below
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
        frozenset(calls), _symptom(incident),
    )  # fmt: skip
    return _suspects.get(key, lambda: _ranked(incident, calls, own))


def _ranked(incident: Incident, calls: list[tuple[str, str]], own: Sequence[str]) -> list[Suspect]:
    metrics: list[Metric] = []
    lines: list[LogLine] = []
    at = incident.impact_started_at.timestamp()
    for row in incident.evidence.select_related("service"):
        if row.service is None:
            continue
        name = row.service.name
        for item in row.items():
            if row.kind == Evidence.Kind.SERIES:
                times, values = np.array(item["times"]), np.array(item["values"])
                metrics.append(Metric(name, row.what, times, values))
            else:
                lines.append(LogLine(name, item["at"], item["text"]))
    if len({metric.service for metric in metrics} | {line.service for line in lines}) < 2:
        return []
    onset = _first_onset(incident, at)
    usual = [line for line in lines if line.at < onset]
    since = [line for line in lines if line.at >= onset]
    observed = Observed(
        metrics,
        calls,
        _noticed_at(calls, own),
        _symptom(incident),
        since,
        usual,
    )
    suspects = rank_services(observed, onset)
    return [suspect for suspect in suspects if suspect.reasons][:MAX_SHOWN]


def _noticed_at(calls: Sequence[tuple[str, str]], own: Sequence[str]) -> str | None:
    """Of the incident's services the one that calls most others of them, directly or not.

    A fault travels from callee to caller: users notice it at its far end.
    """
    return max(own, key=lambda name: len(below(calls, name).intersection(own)), default=None)


def _symptom(incident: Incident) -> str:
    """What users or monitors noticed, as far as the names of alerts say it."""
    return " ".join(incident.alerts.order_by("starts_at").values_list("name", flat=True))


def _first_onset(incident: Incident, at: float) -> float:
    """Faults begin before users are affected: the earliest onset up to an hour before impact."""
    onsets = incident.findings.values_list("onset", flat=True)
    times = [onset.timestamp() for onset in onsets if onset is not None]
    return min((time for time in times if at - 3600 <= time <= at), default=at)
