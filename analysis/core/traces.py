"""What the spans of requests say: in which service, or on the way to it, time was lost.

A visit is what one request does in one service, from the span that enters it to those that leave
it. The visit's own time is its duration without the calls to other services; the time on the way is
what a caller waited for a call beyond what the callee took (network, queues, starvation). The idea
of blaming a service for what it adds itself goes back to Aguilera et al., "Performance debugging
for distributed systems of black boxes" (SOSP 2003).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_ERROR = re.compile(r"error|exception|failure", re.I)
DIGITS = 2
"""Of milliseconds: epoch seconds as floats are not more exact."""


@dataclass(frozen=True, slots=True)
class Span:
    """One operation of one request: start in epoch seconds, duration in ms, parent "" at a root.

    `failed` as its status says.
    """

    start: float
    trace: str
    id: str
    parent: str
    service: str
    operation: str
    duration: float
    failed: bool = False


class Timing(NamedTuple):
    """Milliseconds spent in a service (caller is "") or on the way from `caller` to it."""

    caller: str
    service: str
    operation: str
    spent: float
    span: Span
    """The one that enters the service, or the caller's that waits for it."""


@dataclass
class TimeLost:
    """The share of all requests' time that a service lost, with its largest contribution."""

    share: float = 0.0
    caller: str = ""
    operation: str = ""
    usual: float = 0.0
    now: float = 0.0


@dataclass
class _Excess:
    total: float = 0.0
    values: list[float] = field(default_factory=list)


def timings(spans: Sequence[Span]) -> list[Timing]:
    """Own time of every visit and time on the way of every call that two spans describe."""
    places = {(span.trace, span.id): place for place, span in enumerate(spans)}
    parents = [places.get((span.trace, span.parent), -1) for span in spans]
    children: list[list[int]] = [[] for _ in spans]
    for place, parent in enumerate(parents):
        if parent not in (-1, place):
            children[parent].append(place)
    services = [span.service for span in spans]
    # Operations that wait for another service. Without a child, its span was lost.
    clients = {
        (services[place], spans[place].operation)
        for place, below in enumerate(children)
        if len(below) == 1 and services[below[0]] != services[place]
    }
    entries = _entries(parents, services)
    away: list[list[Span]] = [[] for _ in spans]
    found = []
    for place, span in enumerate(spans):
        below = children[place]
        remote = [spans[child] for child in below if services[child] != span.service]
        is_client = len(remote) == len(below) and (span.service, span.operation) in clients
        if is_client:
            away[entries[place]].append(span)
            if len(remote) == 1:
                callee = remote[0]
                lost = round(max(0.0, span.duration - callee.duration), DIGITS)
                found.append(Timing(span.service, callee.service, callee.operation, lost, span))
        else:
            away[entries[place]] += remote
    for place, span in enumerate(spans):
        if entries[place] == place:
            own = _outside(span, away[place])
            found.append(Timing("", span.service, span.operation, own, span))
    return found


def _entries(parents: Sequence[int], services: Sequence[str]) -> list[int]:
    """For each span, the one by which its request entered the service."""
    entries = [-1] * len(parents)
    for place in range(len(parents)):
        path, current = [], place
        while entries[current] == -1:
            entries[current] = current  # ends a circle of spans too
            path.append(current)
            parent = parents[current]
            if parent != -1 and services[parent] == services[current]:
                current = parent
        for each in path:
            entries[each] = entries[current]
    return entries


def _outside(span: Span, others: Sequence[Span]) -> float:
    """Milliseconds of `span` in which none of `others` ran."""
    if not others:
        return round(max(0.0, span.duration), DIGITS)
    end = span.start
    last = span.start + span.duration / 1000
    covered = 0.0
    for other in sorted(others, key=lambda other: other.start):
        first, until = max(other.start, end), min(other.start + other.duration / 1000, last)
        if until > first:
            covered += until - first
            end = until
    return round(max(0.0, span.duration - covered * 1000), DIGITS)


def time_lost(spans: Sequence[Span], usual: Sequence[Span], at: float) -> dict[str, TimeLost]:
    """The share of the time of all requests that each service lost.

    `usual` are spans of a normal time; without them those before `at` are, and those since are
    compared with them. Time counts as lost in an operation or on a call when it took longer than it
    ever did in normal time, and it counts beyond the median of that. Time on the way may be lost at
    either end: the service that explains most is blamed first, and what it explains is nobody
    else's.
    """
    since = spans if usual else [span for span in spans if span.start >= at]
    normal = timings(usual or [span for span in spans if span.start < at])
    known: dict[tuple[str, str, str], list[float]] = {}
    for each in normal:
        known.setdefault((each.caller, each.service, each.operation), []).append(each.spent)
    ranges = {key: (sorted(values)[len(values) // 2], max(values)) for key, values in known.items()}
    excess: dict[tuple[str, str, str], _Excess] = {}
    for each in timings(since):
        key = (each.caller, each.service, each.operation)
        middle, most = ranges.get(key, (0.0, float("inf")))
        if each.spent > most:
            here = excess.setdefault(key, _Excess())
            here.total += each.spent - middle
            here.values.append(each.spent)
    everything = sum(span.duration for span in since if not span.parent)
    blamed: dict[str, TimeLost] = {}
    if everything < 10**-DIGITS:
        return blamed  # Less than what is measured: nothing is a share of it.
    for service, keys in _explained_by(excess):
        largest = max(keys, key=lambda key: (excess[key].total, key))
        caller, callee, operation = largest
        values = sorted(excess[largest].values)
        blamed[service] = TimeLost(
            sum(excess[key].total for key in keys) / everything,
            caller if callee == service else callee,
            operation,
            ranges[largest][0],
            values[len(values) // 2],
        )
    return blamed


def _explained_by(
    excess: dict[tuple[str, str, str], _Excess],
) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Services and what each explains, the one that explains most first (greedy cover)."""
    left = dict(excess)
    order = []
    while left:
        totals: dict[str, float] = {}
        as_callee: dict[str, float] = {}
        for (caller, service, _), here in left.items():
            as_callee[service] = as_callee.get(service, 0.0) + here.total
            for end in {caller, service} - {""}:
                totals[end] = totals.get(end, 0.0) + here.total
        # Where both ends of a call explain as much, the caller waited for the callee.
        chosen = max(totals, key=lambda name: (totals[name], as_callee.get(name, 0.0), name))
        order.append((chosen, [key for key in left if chosen in key[:2]]))
        left = {key: here for key, here in left.items() if chosen not in key[:2]}
    return order


@dataclass(frozen=True)
class Failing:
    """Requests that failed first in a service: their share, and how many merely stopped early."""

    share: float
    stopped: float


Operation = tuple[str, str]


@dataclass
class _Visit:
    service: str
    operation: str
    failed: bool = False
    stopped: bool = False
    calls: list[Span] = field(default_factory=list)
    callees: list[int] = field(default_factory=list)

    def at(self) -> Operation:
        return self.service, self.operation

    def called(self) -> set[Operation]:
        return {(span.service, span.operation) for span in self.calls}


def failures(spans: Sequence[Span], usual: Sequence[Span]) -> dict[str, Failing]:
    """The share of requests that failed first in each service, beyond what is normal.

    A visit failed when one of its spans did, whatever the operation is called, when one is named
    after an error or was written by an error handler, or when it stopped early: it made only some
    of the calls that its operation always made in normal time, and no others. A caller's failure is
    explained by its callee's. What the service called last may have given the answer that it failed
    on: each gets half the blame. `usual` are spans of a normal time; how often an operation fails
    then is estimated by Laplace's rule.
    """
    normal = _visits(usual)
    always: dict[Operation, set[Operation]] = {}
    for visit in normal:
        always[visit.at()] = always.get(visit.at(), visit.called()) & visit.called()
    seen_before = Counter(visit.at() for visit in normal)
    failed_before = Counter(visit.at() for visit in _failed_first(normal, {}))
    visits = _visits(spans)
    seen = Counter(visit.at() for visit in visits)
    first = _failed_first(visits, always)
    failed = Counter(visit.at() for visit in first)
    requests = len({span.trace for span in spans})
    shares: dict[str, float] = {}
    stopped: dict[str, float] = {}
    for visit in first:
        key = visit.at()
        rate = (failed_before[key] + 1) / (seen_before[key] + 2)
        beyond = max(0.0, 1 - rate * seen[key] / failed[key])
        last = max(visit.calls, key=lambda span: span.start + span.duration / 1000, default=None)
        for service in (visit.service, last.service if last else visit.service):
            half = beyond / 2 / requests
            shares[service] = shares.get(service, 0.0) + half
            stopped[service] = stopped.get(service, 0.0) + (0.0 if visit.failed else half)
    return {name: Failing(share, stopped[name]) for name, share in shares.items() if share > 0}


def _visits(spans: Sequence[Span]) -> list[_Visit]:
    places = {(span.trace, span.id): place for place, span in enumerate(spans)}
    parents = [places.get((span.trace, span.parent), -1) for span in spans]
    entries = _entries(parents, [span.service for span in spans])
    visits: dict[int, _Visit] = {}
    for place, span in enumerate(spans):
        if entries[place] == place:
            visits[place] = _Visit(span.service, span.operation)
    order = {place: number for number, place in enumerate(visits)}
    for place, span in enumerate(spans):
        if span.failed or _ERROR.search(span.operation):
            visits[entries[place]].failed = True
        parent = parents[place]
        if entries[place] == place and parent not in (-1, place):
            caller = visits[entries[parent]]
            caller.calls.append(span)
            caller.callees.append(order[place])
    return list(visits.values())


def _failed_first(
    visits: Sequence[_Visit], always: dict[Operation, set[Operation]]
) -> list[_Visit]:
    """The visits that failed or stopped early while none of their callees did."""
    for visit in visits:
        visit.stopped = visit.called() < always.get(visit.at(), set())
    return [
        visit
        for visit in visits
        if (visit.failed or visit.stopped)
        and not any(visits[place].failed or visits[place].stopped for place in visit.callees)
    ]
