"""Which calls between services, and which services, became slower or fail, compared with before.

Both are one question: did more of them than before exceed what was usual? It is answered by
Fisher's exact test (Fisher, "Statistical Methods for Research Workers", 1934) on counts: of calls
that took longer than nearly all did before, and of calls that failed. So few calls prove little, an
outlier proves nothing, and neither a distribution nor a unit is assumed. The onset is the lowest
point of the cumulative sum of (exceeded - usual share) (Page, "Continuous inspection schemes",
Biometrika 1954).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import exp, lgamma
from typing import TypeVar

import numpy as np

from analysis.core.traces import Span, timings

USUAL = 0.95
"""Of the calls before, the share that a call must have outlasted to count as longer than usual."""
SURE = 0.01
"""Chance of a wrong finding, shared among all that are tested."""
LEAST_SHARE = 0.01
"""Of the time of requests: less is proved sooner or later by many calls, and matters to nobody."""

Key = tuple[str, str, str]
"""Caller ("" for a service's own time), service, operation."""


@dataclass(frozen=True)
class TracedCall:
    """A span with whether it failed, and what it called as far as its own service knows."""

    span: Span
    failed: bool = False
    peer: str = ""


@dataclass(frozen=True)
class Row:
    """What calls of one kind did before and since: milliseconds, and how many failed.

    `high` is the 95th percentile. What did not occur has nan.
    """

    caller: str
    service: str
    operation: str
    calls: tuple[int, int]
    median: tuple[float, float]
    high: tuple[float, float]
    failed: tuple[int, int]


@dataclass(frozen=True)
class Slower:
    """Calls, or a service itself (caller is ""), that take longer; ms and epoch seconds.

    `usual` and `now` are of the operation that lost most, `share` is how many of its calls take
    longer than usual, `lost` the share of all requests' time.
    """

    caller: str
    service: str
    operation: str
    usual: float
    now: float
    share: float
    lost: float
    since: float


@dataclass(frozen=True)
class Failing:
    """Shares of calls that failed: before the service answers (with a caller), or inside it."""

    caller: str
    service: str
    before: float
    now: float
    since: float


@dataclass
class Comparison:
    """All rows, and what is clearly worse since, largest first."""

    rows: list[Row] = field(default_factory=list)
    slower: list[Slower] = field(default_factory=list)
    failing: list[Failing] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    """What is called and has no spans of its own: databases, foreign systems."""


@dataclass(frozen=True, slots=True)
class _Call:
    at: float
    key: Key
    spent: float
    failed: bool


def compare(calls: Sequence[TracedCall], moment: float) -> Comparison:
    """Spans since `moment` (epoch seconds) against those before."""
    with_callees, silent = with_peers(calls)
    timed = _timed(with_callees)
    found = Comparison(_rows(timed, moment), silent=silent)
    everything = sum(
        call.span.duration for call in calls if not call.span.parent and call.span.start >= moment
    )
    pairs: dict[tuple[str, str], list[_Call]] = {}
    for call in timed:
        pairs.setdefault(call.key[:2], []).append(call)
    slower = [_slower(pair, group, moment, everything) for pair, group in pairs.items()]
    failing = [_failing(pair, group, moment) for pair, group in pairs.items()]
    found.slower = _proved(slower)
    found.failing = _proved(failing)
    found.slower.sort(key=lambda each: (-each.lost, each.service, each.caller))
    found.failing.sort(key=lambda each: (each.before - each.now, each.service, each.caller))
    return found


def with_peers(calls: Sequence[TracedCall]) -> tuple[list[TracedCall], set[str]]:
    """The same with a span for each callee that wrote none, and the names that never write any.

    That span lasts no time: how long the callee took is not known, only how long its caller waited.
    """
    answered = {(call.span.trace, call.span.parent) for call in calls}
    known = {call.span.service for call in calls}
    silent, added = set(), []
    for call in calls:
        span = call.span
        if not call.peer or call.peer == span.service or (span.trace, span.id) in answered:
            continue
        if call.peer not in known:
            silent.add(call.peer)
        added.append(
            TracedCall(
                replace(
                    span,
                    id=f"{span.id}/",
                    parent=span.id,
                    service=call.peer,
                    duration=0.0,
                    failed=False,  # What it says itself is not known.
                )
            )
        )
    return [*calls, *added], silent


def _timed(calls: Sequence[TracedCall]) -> list[_Call]:
    """Own time of visits, time on edges, and whether they failed there and not further on."""
    by_id = {(call.span.trace, call.span.id): call for call in calls}
    inside, beyond = _failures(calls, by_id)
    timed = []
    for each in timings([call.span for call in calls]):
        key = (each.span.trace, each.span.id)
        if each.caller:
            failed = by_id[key].failed and key not in beyond
        else:
            failed = (each.service, each.span.trace) in inside
        timed.append(
            _Call(each.span.start, (each.caller, each.service, each.operation), each.spent, failed)
        )
    # Own time of a callee that wrote no spans is not known.
    written = {call.span.service for call in calls if not call.span.id.endswith("/")}
    return sorted(
        (call for call in timed if call.key[0] or call.key[1] in written),
        key=lambda call: call.at,
    )


def _failures(
    calls: Sequence[TracedCall], by_id: dict[tuple[str, str], TracedCall]
) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Visits (service, trace) that failed by themselves, and callers' spans whose callee failed."""
    failed = {(call.span.service, call.span.trace) for call in calls if call.failed}
    explained, beyond = set(), set()
    for call in calls:
        span = call.span
        caller = by_id.get((span.trace, span.parent))
        if caller is None or caller.span.service == span.service:
            continue
        if call.failed:
            beyond.add((span.trace, span.parent))
        if call.failed or caller.failed:
            explained.add((caller.span.service, span.trace))
    return failed - explained, beyond


def _rows(timed: Sequence[_Call], moment: float) -> list[Row]:
    groups: dict[Key, tuple[list[_Call], list[_Call]]] = {}
    for call in timed:
        groups.setdefault(call.key, ([], []))[call.at >= moment].append(call)
    rows = []
    for (caller, service, operation), parts in groups.items():
        before, since = parts
        spent = [np.array([call.spent for call in part]) for part in parts]
        rows.append(
            Row(
                caller,
                service,
                operation,
                (len(before), len(since)),
                (_quantile(spent[0], 0.5), _quantile(spent[1], 0.5)),
                (_quantile(spent[0], 0.95), _quantile(spent[1], 0.95)),
                (sum(call.failed for call in before), sum(call.failed for call in since)),
            )
        )
    return rows


def _quantile(values: np.ndarray, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")


Changed = TypeVar("Changed", Slower, Failing)


def _proved(candidates: Iterable[tuple[float, Changed] | None]) -> list[Changed]:
    """Those whose chance is below SURE, by Bonferroni among those that are worth reporting.

    What lost no time worth mentioning is no candidate, and weakens no other.
    """
    tested = [each for each in candidates if each is not None]
    return [changed for chance, changed in tested if chance < SURE / len(tested)]


def _slower(
    pair: tuple[str, str], group: Sequence[_Call], moment: float, everything: float
) -> tuple[float, Slower] | None:
    """How slow calls became, with the chance that as many take longer than usual without cause."""
    before: dict[Key, list[float]] = {}
    for call in group:
        if call.at < moment:
            before.setdefault(call.key, []).append(call.spent)
    usual = {key: np.quantile(spent, [0.5, USUAL]) for key, spent in before.items()}
    known = [call for call in group if call.key in usual]
    longer = [call.spent > usual[call.key][1] for call in known]
    long_calls = [call for call, is_longer in zip(known, longer, strict=True) if is_longer]
    lost: dict[Key, float] = {}
    for call in long_calls:
        if call.at >= moment:
            lost[call.key] = lost.get(call.key, 0.0) + call.spent - usual[call.key][0]
    share_lost = sum(lost.values()) / everything if everything else 0.0
    if share_lost < LEAST_SHARE:
        return None
    worst = max(lost, key=lambda key: (lost[key], key))
    since = _onset(known, longer)
    of_worst = [call for call in known if call.key == worst and call.at >= since]
    now = [call.spent for call in long_calls if call.key == worst and call.at >= since]
    if not now:
        return None
    return _chance(longer, [call.at >= moment for call in known]), Slower(
        *pair,
        worst[2],
        float(usual[worst][0]),
        float(np.median(now)),
        len(now) / len(of_worst),
        share_lost,
        since,
    )


def _failing(
    pair: tuple[str, str], group: Sequence[_Call], moment: float
) -> tuple[float, Failing] | None:
    failed = [call.failed for call in group]
    is_since = [call.at >= moment for call in group]
    if not any(call.failed and call.at >= moment for call in group):
        return None
    since = _onset(group, failed)
    before = [each for each, later in zip(failed, is_since, strict=True) if not later]
    now = [each for call, each in zip(group, failed, strict=True) if call.at >= since]
    return _chance(failed, is_since), Failing(
        *pair, sum(before) / max(1, len(before)), sum(now) / len(now), since
    )


def _onset(calls: Sequence[_Call], hit: Sequence[bool]) -> float:
    """When hits became frequent: the first one after the lowest point of their cumulative sum."""
    hits = np.asarray(hit, float)
    lowest = int(np.argmin(np.concatenate([[0.0], np.cumsum(hits - hits.mean())])))
    return calls[lowest].at if lowest < len(calls) else calls[-1].at


def _chance(hit: Sequence[bool], later: Sequence[bool]) -> float:
    """The chance of as many hits among the later ones if they were as likely before; 1 if none."""
    total, hits, since = len(hit), sum(hit), sum(later)
    if since in (0, total):
        return 1.0
    hits_since = sum(each and after for each, after in zip(hit, later, strict=True))
    return hypergeometric_tail(hits_since, since, hits, total)


def hypergeometric_tail(least: int, drawn: int, marked: int, total: int) -> float:
    """Chance of at least `least` marked ones among `drawn` of `total`, of which `marked` are.

    >>> round(hypergeometric_tail(3, 3, 3, 6), 6)
    0.05
    """
    most = min(drawn, marked)
    everything = _log_choose(total, drawn)
    return min(
        1.0,
        sum(
            exp(_log_choose(marked, k) + _log_choose(total - marked, drawn - k) - everything)
            for k in range(least, most + 1)
            if 0 <= drawn - k <= total - marked
        ),
    )


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def examples(durations: Iterable[tuple[str, float, float, bool]], moment: float) -> dict[str, str]:
    """Ids of traces worth a closer view: "slowest", "failed" and "normal", as far as there are any.

    `durations` are id, start in epoch seconds, duration in ms and failure of comparable requests.
    Each trace is chosen once: the slowest since `moment`, of others that failed since the slowest,
    and of those before the one whose duration is the median.
    """
    every = sorted(durations, key=lambda each: (each[2], each[0]))
    since = [each for each in every if each[1] >= moment]
    before = [each for each in every if each[1] < moment and not each[3]]
    chosen = {}
    if since:
        chosen["slowest"] = since[-1][0]
    failed = [each for each in since[:-1] if each[3]]
    if failed:
        chosen["failed"] = failed[-1][0]
    if before:
        chosen["normal"] = before[len(before) // 2][0]
    return chosen
