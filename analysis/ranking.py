"""Which service is likely the origin of a fault, from metrics and the call graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis.anomalies import Array, normal_range


@dataclass(frozen=True)
class Metric:
    """One series of one service: epoch seconds and values, no NaN."""

    service: str
    name: str
    times: Array
    values: Array


@dataclass
class Suspect:
    """A service with its score and the metrics that speak against it, in words."""

    service: str
    score: float
    reasons: list[str] = field(default_factory=list)


STRONGEST = 3
"""How many of a service's metrics count."""
BLAME_PASSED_ON = 0.5
"""The part of a caller's score that its most suspicious callee takes away."""


def _deviation(metric: Metric, at: float) -> float:
    """log(1 + robust z) of the median after `at` against everything before."""
    start = int(np.searchsorted(metric.times, at))
    before, after = metric.values[:start], metric.values[start:]
    if len(before) < 10 or not len(after):
        return 0.0
    normal = normal_range(before)
    return float(np.log1p(abs(float(np.median(after)) - normal.middle) / normal.spread))


def rank_services(
    metrics: Sequence[Metric], at: float, calls: Sequence[tuple[str, str]] = ()
) -> list[Suspect]:
    """Suspects, most likely origin first; `at` is the onset in epoch seconds.

    A service's own score is the mean of its strongest deviations. Symptoms travel from callee to
    caller, so a caller passes blame on to a callee that deviates too.
    """
    deviations: dict[str, list[tuple[float, str]]] = {}
    for metric in metrics:
        deviations.setdefault(metric.service, []).append((_deviation(metric, at), metric.name))
    own: dict[str, float] = {}
    for service, found in deviations.items():
        found.sort(reverse=True)
        own[service] = float(np.mean([value for value, _ in found[:STRONGEST]]))
    callees = _callees(calls)
    suspects = []
    for service, score in own.items():
        below = max((own.get(callee, 0.0) for callee in callees.get(service, ())), default=0.0)
        reasons = [
            f"{name} left its normal range ({np.expm1(value):.1f} deviations)"
            for value, name in deviations[service][:STRONGEST]
            if value > np.log1p(4.0)
        ]
        suspects.append(Suspect(service, score - BLAME_PASSED_ON * min(score, below), reasons))
    suspects.sort(key=lambda suspect: (-suspect.score, suspect.service))
    return suspects


def _callees(calls: Sequence[tuple[str, str]]) -> Mapping[str, set[str]]:
    callees: dict[str, set[str]] = {}
    for caller, callee in calls:
        if caller != callee:
            callees.setdefault(caller, set()).add(callee)
    return callees
