"""Which service is the origin: the product beside trivial baselines, by recorded system.

Nothing is fitted, so that leaving a system or a root out changes nothing. Of the data only the
file `case.json` names the origin, and only this module reads it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from analysis.benchmarks.cases import Case, read_cases
from analysis.benchmarks.comparisons.outcomes import PRODUCT, SEED, Outcome
from analysis.core.origin_confidence import confidence
from analysis.core.origin_ranking import Metric, Observed, rank_services
from analysis.core.symptom_flow import is_symptom, kind_of

Ranking = list[str]
Method = Callable[[Case], Ranking]
MOST = 5
SIGMAS = 3.0


def outcomes(data: Path) -> Iterator[Outcome]:
    """AC@1 and Avg@5 of each method on the cases of each system in `data`/telemetry.

    Of the product also how often it names an origin instead of saying that it cannot tell, and AC@1
    of those that it names.
    """
    for system in sorted({path.parents[1] for path in data.glob("telemetry/*/*/case.json")}):
        cases = list(read_cases(system))
        roots = [_root(system / case.id / "case.json") for case in cases]
        named = [_named(case) for case in cases]
        right = [float(first == root) for first, root in zip(named, roots, strict=True) if first]
        yield Outcome(system.name, "named", PRODUCT, tuple(float(bool(each)) for each in named))
        yield Outcome(system.name, "AC@1 of those named", PRODUCT, tuple(right))
        for name, method in METHODS.items():
            places = [_place(method(case), root) for case, root in zip(cases, roots, strict=True)]
            yield Outcome(system.name, "AC@1", name, tuple(float(place == 1) for place in places))
            yield Outcome(
                system.name,
                "Avg@5",
                name,
                tuple(max(0.0, MOST + 1 - place) / MOST for place in places),
            )


def _root(path: Path) -> str:
    return str(json.loads(path.read_text())["root_cause"]["service"])


def _place(ranking: Ranking, root: str) -> int:
    return ranking.index(root) + 1 if root in ranking else MOST + 1


def _named(case: Case) -> str:
    """The origin that the product names; empty where it cannot tell."""
    suspects = rank_services(case.observed, case.at)
    sure = confidence(case.observed, case.at, suspects)
    return suspects[0].service if sure.tells else ""


def _product(change: Callable[[Observed], Observed] = lambda observed: observed) -> Method:
    return lambda case: [each.service for each in rank_services(change(case.observed), case.at)]


def _moved(seconds: float = 0.0, samples: int = 0) -> Method:
    """The product with the onset moved by seconds, or by samples of the metrics."""

    def method(case: Case) -> Ranking:
        steps = [np.median(np.diff(each.times)) for each in case.observed.metrics if _long(each)]
        at = case.at + seconds + samples * float(np.median(steps))
        return [each.service for each in rank_services(case.observed, at)]

    return method


def _long(metric: Metric) -> bool:
    return len(metric.times) > 1


def _by_score(case: Case, score: Callable[[Metric, float], float]) -> Ranking:
    scores: dict[str, float] = {}
    for metric in case.observed.metrics:
        value = score(metric, case.at)
        scores[metric.service] = max(scores.get(metric.service, 0.0), value)
    return sorted(scores, key=lambda service: (-scores[service], service))


def _sigmas(metric: Metric, at: float) -> float:
    before, after = _split(metric, at)
    if len(before) < 2 or not len(after):
        return 0.0
    return abs(float(after.mean() - before.mean())) / (float(before.std()) + 1e-9)


def _relative(metric: Metric, at: float) -> float:
    before, after = _split(metric, at)
    if not len(before) or not len(after):
        return 0.0
    return abs(float(after.mean() - before.mean())) / (abs(float(before.mean())) + 1e-9)


def _split(metric: Metric, at: float) -> tuple[np.ndarray, np.ndarray]:
    start = int(np.searchsorted(metric.times, at))
    return metric.values[:start], metric.values[start:]


def n_sigma(case: Case) -> Ranking:
    """The service with the metric whose mean moved by most standard deviations."""
    return _by_score(case, _sigmas)


def largest_relative_change(case: Case) -> Ranking:
    """The service with the metric whose mean changed most, relative to itself."""
    return _by_score(case, _relative)


def walk(case: Case) -> Ranking:
    """From where users noticed it to the callee that shows the symptom most, to the end."""
    observed = case.observed
    kind = kind_of(observed.symptom)
    scores: dict[str, float] = {}
    for metric in observed.metrics:
        if kind is None or kind_of(metric.name) == kind:
            value = _sigmas(metric, case.at)
            scores[metric.service] = max(scores.get(metric.service, 0.0), value)
    path = [observed.seen] if observed.seen else []
    while path:
        callees = {callee for caller, callee in observed.calls if caller == path[-1]} - set(path)
        worst = max(callees, key=lambda each: (scores.get(each, 0.0), each), default="")
        if scores.get(worst, 0.0) < SIGMAS:
            break
        path.append(worst)
    rest = sorted(set(scores) - set(path), key=lambda each: (-scores[each], each))
    return path[::-1] + rest


def by_chance(case: Case) -> Ranking:
    """Services in a random order."""
    services = sorted({metric.service for metric in case.observed.metrics})
    np.random.default_rng([SEED, int(case.at)]).shuffle(services)
    return services


METHODS: dict[str, Method] = {
    PRODUCT: _product(),
    "n-sigma": n_sigma,
    "largest relative change": largest_relative_change,
    "walk over the call graph": walk,
    "by chance": by_chance,
    "onset 60 s earlier": _moved(seconds=-60),
    "onset 60 s later": _moved(seconds=60),
    "onset two samples earlier": _moved(samples=-2),
    "onset two samples later": _moved(samples=2),
    "without spans": _product(lambda seen: replace(seen, spans=(), usual_spans=())),
    "without logs": _product(lambda seen: replace(seen, lines=(), usual_lines=())),
    "without the call graph": _product(lambda seen: replace(seen, calls=(), seen=None)),
    "without metrics of resources": _product(
        lambda seen: replace(seen, metrics=[one for one in seen.metrics if is_symptom(one.name)])
    ),
    "without metrics of calls": _product(
        lambda seen: replace(
            seen, metrics=[one for one in seen.metrics if not is_symptom(one.name)]
        )
    ),
}
