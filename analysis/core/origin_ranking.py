"""Which service is likely the origin of a fault, from metrics, logs, spans and the call graph.

Each kind of evidence gives every service a share: of the time that requests lost, of the requests
that failed, of the symptom that users noticed, of the surprising changes of metrics. The shares are
multiplied as independent evidence, each with one uniform share added (Laplace's rule), so that
evidence that is silent about a service does not acquit it, and a kind that a system does not
have has no say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analysis.core.log_templates import mask
from analysis.core.surprise import Metric, Surprise, as_rate, surprises
from analysis.core.symptom_flow import KINDS, below, flows, is_symptom, kind_of
from analysis.core.traces import Span, failures, time_lost
from analysis.core.units import milliseconds, quantity

__all__ = ["LogLine", "Metric", "Observed", "Span", "Suspect", "rank_services"]

Shares = dict[str, float]


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


@dataclass(frozen=True)
class Observed:
    """What is known of a fault; what is missing has no say.

    `calls` are pairs of caller and callee, `seen` is the service where users noticed `symptom`, the
    name of a metric or an alert. `usual_lines` and `usual_spans` are from a normal time; where they
    are given, all of `lines` and `spans` are compared with them, so that the onset need not be
    exact.
    """

    metrics: Sequence[Metric] = ()
    calls: Sequence[tuple[str, str]] = ()
    seen: str | None = None
    symptom: str = ""
    lines: Sequence[LogLine] = ()
    usual_lines: Sequence[LogLine] = ()
    spans: Sequence[Span] = ()
    usual_spans: Sequence[Span] = ()


_ERROR = re.compile(r"\b(?:error|fatal|critical|panic|exception|traceback|severe)\b", re.I)
MOST_REASONS = 3
AGREEING = 2
"""Metrics of a service whose surprise is averaged: one alone may be a coincidence."""


Reasons = dict[str, list[str]]
Remembered = dict[tuple[int, int], tuple[list[Shares], Reasons]]


def rank_services(
    observed: Observed, at: float, remembered: Remembered | None = None
) -> list[Suspect]:
    """Suspects, most likely origin first; `at` is the onset in epoch seconds.

    Who ranks the same lists of spans and lines with several onsets passes the same `remembered`:
    compared with a normal time, what they say does not depend on the onset.

    Services that serve no request, by the spans, and those that `seen` does not call, come last. A
    suspect without reasons is not abnormal.
    """
    observed = replace(observed, metrics=[as_rate(each.usable(), at) for each in observed.metrics])
    kinds, reasons = _of_requests(observed, at, remembered)
    involved: set[str] = set()
    if observed.spans:
        involved |= {span.service for span in [*observed.spans, *observed.usual_spans]}
    accounted = bool(observed.spans)
    if observed.seen is not None and any(observed.seen in pair for pair in observed.calls):
        involved |= below(observed.calls, observed.seen)
        followed = _flow_shares(observed, at, reasons)
        kinds += followed
        accounted = accounted or any(any(shares.values()) for shares in followed)
    kinds.append(_metric_shares(observed, at, accounted, reasons))
    named = involved | {metric.service for metric in observed.metrics}
    named |= {line.service for line in observed.lines}
    scores = _combined([shares for shares in kinds if any(shares.values())], named)
    suspects = [Suspect(name, scores[name], reasons.get(name, [])[:MOST_REASONS]) for name in named]
    # A caller that is as suspect as its callee suffers from it.
    callers = {caller for caller, _ in observed.calls}
    suspects.sort(
        key=lambda each: (
            bool(involved) and each.service not in involved,
            -each.score,
            each.service in callers,
            each.service,
        )
    )
    return suspects


def _of_requests(
    observed: Observed, at: float, remembered: Remembered | None
) -> tuple[list[Shares], Reasons]:
    """What spans and lines say."""
    key = (id(observed.spans), id(observed.lines))
    if remembered is not None and observed.usual_spans and key in remembered:
        kinds, reasons = remembered[key]
    else:
        kinds, reasons = [], {}
        if observed.spans:
            kinds += [_time_shares(observed, at, reasons), _failure_shares(observed, reasons)]
        if observed.lines:
            kinds.append(_error_shares(observed, reasons))
        if remembered is not None:
            remembered[key] = kinds, reasons
    return list(kinds), {service: list(each) for service, each in reasons.items()}


def _combined(kinds: Sequence[Shares], services: Iterable[str]) -> dict[str, float]:
    """The product of a service's shares, each with one uniform share added, as shares."""
    names = sorted(services)
    weights = np.zeros(len(names))
    for shares in kinds:
        weights += np.log([shares.get(name, 0.0) + 1 / len(names) for name in names])
    if not len(names):
        return {}
    weights = np.exp(weights - weights.max())
    return dict(zip(names, (weights / weights.sum()).tolist(), strict=True))


def _time_shares(observed: Observed, at: float, reasons: dict[str, list[str]]) -> Shares:
    lost = time_lost(observed.spans, observed.usual_spans, at)
    for service, each in lost.items():
        where = f"time on the way between {each.caller} and it" if each.caller else "own time"
        reasons.setdefault(service, []).append(
            f"{where} of {each.operation} rose "
            f"from {milliseconds(each.usual)} to {milliseconds(each.now)}"
        )
    return {service: each.share for service, each in lost.items()}


def _failure_shares(observed: Observed, reasons: dict[str, list[str]]) -> Shares:
    found = failures(observed.spans, observed.usual_spans) if observed.usual_spans else {}
    for service, each in found.items():
        how = "stopped early" if each.stopped > each.share / 2 else "failed"
        reasons.setdefault(service, []).append(
            f"{each.share:.0%} of requests {how} first here, or on its answer"
        )
    return {service: each.share for service, each in found.items()}


def _error_shares(observed: Observed, reasons: dict[str, list[str]]) -> Shares:
    counts, examples = _errors_first_seen(observed.lines, observed.usual_lines)
    traces = {line.trace for line in observed.lines if line.trace}
    for service, count in counts.items():
        reasons.setdefault(service, []).append(f"{count} unusual errors: {examples[service][:120]}")
    whole = len(traces) or len(observed.lines)
    return {service: min(1.0, count / whole) for service, count in counts.items()}


def _errors_first_seen(
    lines: Sequence[LogLine], usual: Iterable[LogLine]
) -> tuple[Counter[str], dict[str, str]]:
    """Unusual error lines by service, and an example of each.

    An error travels from callee to caller: of the lines of one trace only the earliest counts. A
    line whose time was lost on its way (before 1970) is never the earliest.
    """
    known = {(line.service, mask(line.text)) for line in usual if _ERROR.search(line.text)}
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


def _flow_shares(observed: Observed, at: float, reasons: dict[str, list[str]]) -> list[Shares]:
    """Shares of the symptom that was seen; of each kind, when it is not known which."""
    assert observed.seen is not None
    known, units = kind_of(observed.symptom), _units(observed)
    kinds: list[Shares] = []
    for kind in [known] if known else KINDS:
        found = flows(observed.metrics, at, observed.calls, observed.seen, kind)
        whole = sum(flow.own for flow in found.values())
        kinds.append(
            {service: flow.own / whole if whole else 0.0 for service, flow in found.items()}
        )
        for service, flow in found.items():
            if flow.own > 0 and flow.abnormal:
                reasons.setdefault(service, []).append(
                    f"{flow.own / whole:.0%} of the symptom seen at {observed.seen} begins here: "
                    + _went(flow.metric, flow.before, flow.peak, units.get((service, flow.metric)))
                )
    return kinds


def _metric_shares(
    observed: Observed, at: float, accounted: bool, reasons: dict[str, list[str]]
) -> Shares:
    """Shares of surprise.

    Where spans or flows account for calls, what metrics say of calls is known already: only
    resources count, and of services that serve requests.
    """
    serving = {span.service for span in [*observed.spans, *observed.usual_spans]}
    compared = [
        metric
        for metric in observed.metrics
        if (not serving or metric.service in serving)
        and not (accounted and is_symptom(metric.name))
    ]
    found, units = surprises(compared, at), _units(observed)
    for service, each in found.items():
        reasons.setdefault(service, []).extend(
            _in_words(surprise, units.get((service, surprise.change.name)))
            for surprise in each
            if surprise.score > 0 and surprise.change.abnormal
        )
    sizes = {
        service: float(np.mean([surprise.score for surprise in each[:AGREEING]]))
        for service, each in found.items()
    }
    whole = sum(sizes.values())
    return {service: size / whole if whole else 0.0 for service, size in sizes.items()}


def _units(observed: Observed) -> dict[tuple[str, str], str]:
    """By service and metric."""
    return {(metric.service, metric.name): metric.unit for metric in observed.metrics}


def _in_words(surprise: Surprise, unit: str | None) -> str:
    change = surprise.change
    return _went(change.name, change.before, change.peak, unit)


def _went(metric: str, before: float, peak: float, unit: str | None) -> str:
    return f"{metric} went from {quantity(before, unit or '')} to {quantity(peak, unit or '')}"
