"""When and how far a series left its normal range: its onset, direction and size.

`departure` looks back on a window around a known moment, as an incident gives one. For long series
without such a moment, see analysis.core.stream_anomalies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RANGE_WIDTH = 4.0
"""Half-width of the normal range in robust standard deviations."""
MAD_TO_SIGMA = 1.4826
"""Scales the median absolute deviation to a standard deviation under normal noise."""
ONSET_SHARE = 0.1
"""The share of a jump at which it counts as begun."""


@dataclass(frozen=True)
class NormalRange:
    """Where a series usually lies."""

    low: float
    high: float
    middle: float
    spread: float


def normal_range(values: Array) -> NormalRange:
    """Median and scaled MAD, widened to the values' own 1 % and 99 % quantiles.

    The spread never falls below 2 % of the level, or a thousandth of the largest value: a flat
    series with one rounding step is not an anomaly. `values` must not be empty.
    """
    middle = float(np.median(values))
    spread = MAD_TO_SIGMA * float(np.median(np.abs(values - middle)))
    low_quantile, high_quantile = np.quantile(values, [0.01, 0.99])
    floor = max(0.02 * abs(middle), 1e-3 * float(np.max(np.abs(values))), 1e-9)
    spread = max(spread, floor, float(high_quantile - low_quantile) / 6)
    return NormalRange(
        min(middle - RANGE_WIDTH * spread, float(low_quantile)),
        max(middle + RANGE_WIDTH * spread, float(high_quantile)),
        middle,
        spread,
    )


@dataclass(frozen=True)
class Departure:
    """A series left its normal range at `onset` (epoch seconds)."""

    onset: float
    direction: str
    size: float
    """Robust standard deviations between the normal middle and the typical value after onset."""
    extreme: float
    normal: NormalRange


def departure(
    times: Array,
    values: Array,
    moment: float,
    lookback: float = 3600.0,
    sustained: int = 3,
    usual: tuple[Array, Array] | None = None,
) -> Departure | None:
    """The strongest lasting departure that began between `moment - lookback` and the end.

    What came before that is normal by definition; of a series younger than twice `lookback`, the
    older half is. A departure lasts when at least `sustained`
    samples in a row, or all that are left, lie outside the range. The onset is its first sample,
    moved back to the beginning of the climb as long as that stands out too.
    `usual` are the lowest and highest values that this time of day is known for: within them
    nothing is a departure. Returns None when the series stayed normal or has under 10 samples to
    learn from.
    """
    if len(times):
        lookback = min(lookback, (moment - times[0]) / 2)
    start = int(np.searchsorted(times, moment - lookback))
    if start < 10 or start >= len(times):
        return None
    normal = normal_range(values[:start])
    need = min(sustained, len(values) - start)
    best: tuple[float, int, int, int] | None = None
    margin = normal.spread
    lowest, highest = np.full(len(values), normal.low), np.full(len(values), normal.high)
    if usual is not None:
        lowest = np.minimum(lowest, usual[0] - margin)
        highest = np.maximum(highest, usual[1] + margin)
    for sign, bound in ((1, highest[start:]), (-1, lowest[start:])):
        excess = np.maximum(sign * (values[start:] - bound), 0.0)
        for first, end in _runs(excess > 0):
            strength = float(excess[first:end].sum())
            if end - first >= need and (best is None or strength > best[0]):
                best = (strength, sign, start + first, start + end)
    if best is None:
        return None
    _, sign, first, end = best
    jump = sign * (values - normal.middle)
    # A slow drift may cross the bound long before the break: the onset is where the jump begins.
    full = float(np.quantile(jump[first:end], 0.9))
    foot = max(RANGE_WIDTH / 2 * normal.spread, ONSET_SHARE * full)
    first += int(np.argmax(jump[first:end] > foot))
    while first > start and jump[first - 1] > foot:
        first -= 1
    during = values[first:end]
    return Departure(
        float(times[first]),
        "up" if sign > 0 else "down",
        abs(float(np.median(during)) - normal.middle) / normal.spread,
        float(during.max() if sign > 0 else during.min()),
        normal,
    )


@dataclass(frozen=True)
class Crossing:
    """A series met a condition from `onset` (epoch seconds) on."""

    onset: float
    direction: str
    extreme: float


def crossing(times: Array, bad: NDArray[np.bool_], values: Array, moment: float) -> Crossing | None:
    """When the condition `bad` of a known moment began to hold, by its samples alone.

    Of several runs of samples the one that `moment` lies in or that is nearest to it. None if no
    sample meets the condition.
    """
    runs = _runs(bad)
    if not runs:
        return None

    def apart(run: tuple[int, int]) -> float:
        return max(float(times[run[0]]) - moment, moment - float(times[run[1] - 1]), 0.0)

    first, end = min(runs, key=apart)
    during, others = values[first:end], values[~bad]
    middle = float(np.median(others)) if len(others) else 0.0
    up = float(np.median(during)) >= middle
    extreme = float(during.max() if up else during.min())
    return Crossing(float(times[first]), "up" if up else "down", extreme)


def _runs(outside: NDArray[np.bool_], max_gap: int = 2) -> list[tuple[int, int]]:
    """Stretches (start, end) of True; gaps of up to `max_gap` samples do not end one."""
    numbers = np.flatnonzero(outside)
    if not len(numbers):
        return []
    parts = np.split(numbers, np.flatnonzero(np.diff(numbers) > max_gap + 1) + 1)
    return [(int(part[0]), int(part[-1]) + 1) for part in parts]
