"""How far each service's metrics left their normal level, compared with the same metric elsewhere.

The change of a series is its peak after the onset relative to its own level before. How large a
change is unusual differs from metric to metric: latency doubles where memory moves by a percent.
The other services show what is usual for a metric right now, whatever it is called and measures,
and what all of them share, such as a busier hour, is nobody's fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.core.onset import Array

MIN_SAMPLES = 3
LARGEST = 1e100
MIN_COUNTER = 10
"""Samples in which no gauge rises all the time by chance."""
MIN_PEERS = 3
"""Metrics that fewer services have are compared with one another."""


@dataclass(frozen=True)
class Metric:
    """One series of one service: epoch seconds and values, no NaN."""

    service: str
    name: str
    times: Array
    values: Array
    unit: str = ""

    def usable(self) -> Metric:
        """The same without samples that are no numbers, or too large to be multiplied."""
        fine = np.abs(self.values) < LARGEST  # false for nan
        return (
            self if fine.all() else replace(self, times=self.times[fine], values=self.values[fine])
        )


def as_rate(metric: Metric, at: float) -> Metric:
    """A counter's increments; any other metric as it is. A fall is a counter's restart at zero.

    A counter rose at most samples before `at` and did not fall, except for one restart.
    """
    start = int(np.searchsorted(metric.times, at))
    if start < MIN_COUNTER or (metric.values < 0).any():
        return metric
    steps = np.diff(metric.values)
    before = steps[: start - 1]
    restarts = metric.values[1:start] < np.abs(before)
    falls = before < 0
    if (before > 0).mean() <= 0.5 or falls.sum() > 1 or (falls & ~restarts).any():
        return metric
    increments = np.where(steps < 0, metric.values[1:], steps)
    return Metric(metric.service, metric.name, metric.times[1:], increments)


@dataclass(frozen=True)
class Change:
    """The peak of a series after the onset beside its mean before; `size` is relative.

    It is abnormal when the peak was never reached before the onset.
    """

    service: str
    name: str
    before: float
    peak: float
    size: float
    abnormal: bool


@dataclass(frozen=True)
class Surprise:
    """A change and by how many mean absolute deviations it exceeds the median of its peers."""

    change: Change
    score: float


def change_of(metric: Metric, at: float) -> Change | None:
    """The change of a series at `at` (epoch seconds); None with too few samples."""
    start = int(np.searchsorted(metric.times, at))
    before, after = metric.values[:start], metric.values[start:]
    if len(before) < MIN_SAMPLES or not len(after):
        return None
    level = float(before.mean())
    peak = float(after[np.argmax(np.abs(after - level))])
    scale = float(np.abs(before).mean())
    # A series that was zero before has no scale of its own: it rose by all it now is.
    size = 0.0 if peak == level else abs(peak - level) / (scale or abs(peak))
    abnormal = bool(peak > before.max() or peak < before.min())
    return Change(metric.service, metric.name, level, peak, size, abnormal)


def surprises(metrics: Sequence[Metric], at: float) -> dict[str, list[Surprise]]:
    """The surprises of each service, largest first, from changes at `at` (epoch seconds).

    A series that several services share exactly, such as the load of their host, says nothing about
    one of them and is left out.
    """
    groups: dict[str, list[Change]] = {}
    for metric in _unshared(metrics):
        change = change_of(metric, at)
        if change is not None:
            groups.setdefault(metric.name, []).append(change)
    rare = [name for name, changes in groups.items() if len(changes) < MIN_PEERS]
    compared = [changes for name, changes in groups.items() if name not in rare]
    compared.append([change for name in rare for change in groups[name]])
    found: dict[str, list[Surprise]] = {}
    for changes in compared:
        sizes = np.array([change.size for change in changes])
        for change, score in zip(changes, _above_peers(sizes), strict=True):
            found.setdefault(change.service, []).append(Surprise(change, float(score)))
    for each in found.values():
        each.sort(key=lambda surprise: (-surprise.score, surprise.change.name))
    return found


def _above_peers(sizes: Array) -> Array:
    """Each one's distance above the median in mean absolute deviations; 0 below it.

    One more peer that did not change at all leaves something to say where peers are few.
    """
    peers = np.append(sizes, 0.0)
    middle = np.median(peers)
    usual = float(np.abs(peers - middle).mean())
    return np.maximum(0.0, sizes - middle) / usual if usual > 0 else np.zeros(len(sizes))


def _unshared(metrics: Iterable[Metric]) -> list[Metric]:
    """The metrics whose values are not those of another service's metric of the same name."""
    found: dict[tuple[str, bytes], list[Metric]] = {}
    for metric in metrics:
        found.setdefault((metric.name, metric.values.tobytes()), []).append(metric)
    chosen: list[Metric] = []
    for same in found.values():
        is_flat = bool((same[0].values == same[0].values[:1]).all())
        if is_flat or len({metric.service for metric in same}) == 1:
            chosen += same
    return chosen
