"""Follows the symptom that users noticed along the call graph, as an amount and not as a sign.

Calls that fail and time that calls take add up from callee to caller: calls × failing share, and
calls × latency, above their normal level. What a service shows beyond what its callees show
is its own. So a small part with a hundred slow calls explains less than one with ten thousand, and
a service whose callees show the same amount is explained by them. That effects shrink to nothing
once the causes below them are taken away is the idea of Chen et al., "CauseInfer" (INFOCOM 2014).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.core.onset import Array
from analysis.core.surprise import MIN_SAMPLES, Metric

LATENCY = re.compile(r"latency|duration|response.?time|(?:^|_)lat(?:_|$)", re.I)
GOOD = re.compile(r"avail|success", re.I)
FAILING = re.compile(r"error|fault|fail|5xx", re.I)
CALLS = re.compile(r"request|(?<![a-z])(?:calls|ops|rps|qps)|throughput|invocation|workload", re.I)
MEAN = re.compile(r"average|avg|mean", re.I)


@dataclass(frozen=True)
class Flow:
    """What a service contributes to the symptom: its whole amount and the part of its own."""

    whole: float
    own: float
    metric: str
    before: float
    peak: float
    abnormal: bool
    """Whether the metric was never as bad before."""


KINDS = ("latency", "failing")


@dataclass(frozen=True)
class _Amount:
    size: float
    metric: str
    before: float
    peak: float
    abnormal: bool


def kind_of(metric: str) -> str | None:
    """`latency` or `failing`, when the name of a metric says that it measures a symptom."""
    if LATENCY.search(metric):
        return "latency"
    return "failing" if GOOD.search(metric) or FAILING.search(metric) else None


def is_symptom(metric: str) -> bool:
    """Whether a metric describes calls (how long, how many, failing) and not a resource."""
    return kind_of(metric) is not None or CALLS.search(metric) is not None


def flows(
    metrics: Sequence[Metric],
    at: float,
    calls: Sequence[tuple[str, str]],
    seen: str,
    kind: str,
) -> dict[str, Flow]:
    """What `seen` and each service below it contribute to a symptom since `at` (epoch seconds).

    `calls` are pairs of caller and callee; `kind` is one of KINDS. Services without telemetry are
    passed through: their callees count as their callers'.
    """
    reached = below(calls, seen)
    by_service: dict[str, list[Metric]] = {}
    for metric in metrics:
        if metric.service in reached:
            by_service.setdefault(metric.service, []).append(metric)
    amounts = {}
    for service, measured in sorted(by_service.items()):
        amount = _amount(measured, at, kind)
        if amount is not None:
            amounts[service] = amount
    callees = _callees_by_caller(calls)
    found = {}
    for service, each in amounts.items():
        explained = sum(amounts[name].size for name in _measured(service, callees, set(amounts)))
        own = max(0.0, each.size - explained)
        found[service] = Flow(each.size, own, each.metric, each.before, each.peak, each.abnormal)
    return found


def _amount(metrics: Sequence[Metric], at: float, kind: str) -> _Amount | None:
    """The symptom's amount above normal, and the metric that shows it most."""
    symptomatic = [metric for metric in metrics if kind_of(metric.name) == kind]
    means = [metric for metric in symptomatic if MEAN.search(metric.name)]
    counts = [metric for metric in metrics if CALLS.search(metric.name)]
    amounts = []
    for metric in means or symptomatic:
        start = int(np.searchsorted(metric.times, at))
        before, after = metric.values[:start], metric.values[start:]
        if len(before) < MIN_SAMPLES or not len(after):
            continue
        sign = -1.0 if kind == "failing" and GOOD.search(metric.name) else 1.0
        level = float(np.median(before))
        beyond = np.maximum(0.0, sign * (after - level))
        beyond_before = np.maximum(0.0, sign * (before - level))
        number = _calls_at(counts, metric.times[start:])
        size = float((number * beyond).mean() - number.mean() * beyond_before.mean())
        peak = float(after[np.argmax(beyond)])
        abnormal = bool(beyond.max() > beyond_before.max())
        amounts.append(_Amount(max(0.0, size), metric.name, level, peak, abnormal))
    if not amounts:
        return None
    # Percentiles of one latency say the same thing: their mean is one amount.
    largest = max(amounts, key=lambda amount: (amount.size, amount.metric))
    return replace(largest, size=float(np.mean([amount.size for amount in amounts])))


def _calls_at(counts: Sequence[Metric], times: Array) -> Array:
    """How many calls there were at `times`; 1 each, where nothing counts them."""
    for metric in counts:
        if len(metric.times):
            return np.interp(times, metric.times, metric.values)
    return np.ones(len(times))


def _callees_by_caller(calls: Sequence[tuple[str, str]]) -> dict[str, set[str]]:
    callees: dict[str, set[str]] = {}
    for caller, callee in calls:
        callees.setdefault(caller, set()).add(callee)
    return callees


def below(calls: Sequence[tuple[str, str]], seen: str) -> set[str]:
    """`seen` and all it calls, directly or not."""
    callees = _callees_by_caller(calls)
    reached, to_visit = {seen}, [seen]
    while to_visit:
        unseen = callees.get(to_visit.pop(), set()) - reached
        reached |= unseen
        to_visit += sorted(unseen)
    return reached


def _measured(service: str, callees: dict[str, set[str]], telemetry: set[str]) -> set[str]:
    """The nearest callees with telemetry."""
    reached: set[str] = set()
    to_visit = sorted(callees.get(service, set()))
    visited = {service}
    while to_visit:
        callee = to_visit.pop()
        if callee in visited:
            continue
        visited.add(callee)
        if callee in telemetry:
            reached.add(callee)
        else:
            to_visit += sorted(callees.get(callee, set()))
    return reached
