"""Which service is likely the origin of a fault, from metrics, logs and the call graph."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis.core.log_templates import mask
from analysis.core.onset import MAD_TO_SIGMA, Array


@dataclass(frozen=True)
class Metric:
    """One series of one service: epoch seconds and values, no NaN."""

    service: str
    name: str
    times: Array
    values: Array


@dataclass(frozen=True)
class LogLine:
    """A line of a service's log; lines of one request share a trace, where there is tracing."""

    service: str
    at: float
    text: str
    trace: str = ""


@dataclass
class Suspect:
    """A service with its score and, in words, the evidence against it."""

    service: str
    score: float
    reasons: list[str] = field(default_factory=list)


KINDS = (
    ("host", re.compile(r"node|host", re.I), 0.0),
    ("calls", re.compile(r"client|outgoing|upstream", re.I), 0.3),
    ("memory", re.compile(r"mem|heap|rss", re.I), 2.0),
    ("cpu", re.compile(r"cpu|throttl", re.I), 1.5),
    ("latency", re.compile(r"latency|duration|response.?time|p9\d", re.I), 1.0),
    ("errors", re.compile(r"success|availab|error|fault|fail|5xx", re.I), 1.0),
    (
        "traffic",
        re.compile(r"ops|request|rps|qps|network|bytes|syscall|workload|count", re.I),
        0.15,
    ),
)
"""Kinds of metrics and their weight. A service's own resources indicate an origin most; how long
its calls to others take points to those; traffic follows whatever happens elsewhere; and a host's
load is that of all services on it."""
GOOD = re.compile(r"success|availab", re.I)
OTHER_WEIGHT = 0.5
MIN_SAMPLES = 3
PEAK_SAMPLES = 2
"""Samples that the height of a departure is read from: a fault may be over soon."""
SMALLEST_SPREAD = 0.05
MIN_MEMORY_STEP = 0.005
"""Memory hardly changes by itself: a lasting step indicates a restart, other code or a leak."""
LARGEST_DEVIATION = 200.0
"""Beyond, a deviation measures how flat the series was before, not how bad it is now."""
ALIKE_METRICS = 2
"""Metrics of one kind, such as percentiles of one latency, that are averaged."""
LOG_WEIGHT = 3.0
IGNORED_ERRORS = 2
"""So many unusual error lines occur without a fault."""
MIN_REPORTED = float(np.log1p(4.0))
_ERROR = re.compile(r"\b(?:error|fatal|critical|panic|exception|traceback|severe)\b", re.I)


def kind_of(metric: str) -> tuple[str, float]:
    """What a metric of this name measures, and its weight."""
    for kind, pattern, weight in KINDS:
        if pattern.search(metric):
            return kind, weight
    return "other", OTHER_WEIGHT


def _deviation(metric: Metric, at: float, kind: str) -> float:
    """Robust standard deviations between normal and the peak after `at`; 0 for a good direction."""
    start = int(np.searchsorted(metric.times, at))
    before, after = metric.values[:start], metric.values[start:]
    if len(before) < MIN_SAMPLES or not len(after):
        return 0.0
    middle = float(np.median(before))
    low, first, third, high = np.percentile(before, [1, 25, 75, 99])
    usual = max(
        MAD_TO_SIGMA * float(np.median(np.abs(before - middle))), float(third - first) / 1.35, 1e-6
    )
    if kind == "memory":
        step = abs(float(np.median(after)) - middle) / max(usual, MIN_MEMORY_STEP * abs(middle))
        return min(step, LARGEST_DEVIATION)
    spread = max(usual, float(high - low) / 5, SMALLEST_SPREAD * abs(middle))
    apart = np.sort((after - middle) / spread)
    up, down = float(apart[-PEAK_SAMPLES:].mean()), float(apart[:PEAK_SAMPLES].mean())
    peak = float(
        np.clip(up if abs(up) >= abs(down) else down, -LARGEST_DEVIATION, LARGEST_DEVIATION)
    )
    if kind == "errors":
        return max(0.0, -peak if GOOD.search(metric.name) else peak)
    return max(0.0, peak) if kind in ("cpu", "latency", "calls") else abs(peak)


def _errors_first_seen(
    lines: Sequence[LogLine], usual: Iterable[LogLine]
) -> tuple[Counter[str], dict[str, str]]:
    """Unusual error lines by service, and an example of each.

    An error travels from callee to caller: of the lines of one trace only the earliest counts. A
    line whose time was lost on its way (before 1970) is never the earliest.
    """
    known = {(line.service, mask(line.text)) for line in usual}
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    blamed: set[str] = set()
    for line in sorted(lines, key=lambda line: (line.at <= 0, line.at)):
        if not _ERROR.search(line.text) or (line.trace and line.trace in blamed):
            continue
        template = mask(line.text)
        if (line.service, template) not in known:
            blamed.add(line.trace)
            counts[line.service] += 1
            examples.setdefault(line.service, template)
    return counts, examples


def rank_services(
    metrics: Sequence[Metric],
    at: float,
    calls: Sequence[tuple[str, str]] = (),
    seen: str | None = None,
    lines: Sequence[LogLine] = (),
    usual_lines: Sequence[LogLine] = (),
) -> list[Suspect]:
    """Suspects, most likely origin first; `at` is the onset in epoch seconds.

    A service's score is that of its kind of metric that deviates most, plus that of its unusual
    error lines. Symptoms travel from callee to caller: with the call graph (pairs of caller and
    callee) and the service where users noticed it, what that service calls, directly or not, comes
    before everything else. `usual_lines` are log lines from a normal time.
    """
    deviations: dict[str, dict[str, list[tuple[float, str]]]] = {}
    for metric in metrics:
        kind, weight = kind_of(metric.name)
        value = weight * float(np.log1p(_deviation(metric, at, kind)))
        deviations.setdefault(metric.service, {}).setdefault(kind, []).append((value, metric.name))
    errors, examples = _errors_first_seen(lines, usual_lines)
    downstream = _downstream(calls, seen)
    suspects = []
    for service in sorted({*deviations, *errors}):
        kinds = [sorted(values, reverse=True) for values in deviations.get(service, {}).values()]
        score = max(
            (float(np.mean([value for value, _ in values[:ALIKE_METRICS]])) for values in kinds),
            default=0.0,
        )
        score += LOG_WEIGHT * float(np.log1p(max(0, errors[service] - IGNORED_ERRORS)))
        reasons = [
            f"{name} left its normal range"
            for value, name in sorted((values[0] for values in kinds), reverse=True)[:3]
            if value > MIN_REPORTED
        ]
        if errors[service] > IGNORED_ERRORS:
            reasons.insert(0, f"{errors[service]} unusual errors: {examples[service][:120]}")
        suspects.append(Suspect(service, score, reasons))
    suspects.sort(key=lambda each: (each.service not in downstream, -each.score, each.service))
    return suspects


def _downstream(calls: Sequence[tuple[str, str]], seen: str | None) -> set[str]:
    """`seen` and all it calls, directly or not; empty when either is unknown."""
    callees: dict[str, set[str]] = {}
    for caller, callee in calls:
        callees.setdefault(caller, set()).add(callee)
    if seen is None or seen not in callees:
        return set()
    reached, to_visit = {seen}, [seen]
    while to_visit:
        unseen = callees.get(to_visit.pop(), set()) - reached
        reached |= unseen
        to_visit += unseen
    return reached
