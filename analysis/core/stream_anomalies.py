"""Anomalies of a long series in one causal pass: nothing is learnt from what comes later.

A sample is odd when it lies further from what was expected than nearly all samples before it did,
in each series' own measure: what often happens is not odd, however far out it lies. It is compared
with three expectations, each with its own record: the last day's median for the sample
itself, and the same time of the last days and weeks for the mean of half a day.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass

import numpy as np

from analysis.core.onset import Array

DAY, HALF_DAY, HOUR = 86_400.0, 43_200.0, 3_600.0
SAME_EPISODE = DAY
"""Odd samples no further apart than this are one anomaly."""
LEARNING_DAYS = 2
"""Days that are only learnt from."""
SEASONS = ((1, 7), (7, 4))
"""Lengths of a season in days, and how many earlier ones are compared with."""


@dataclass(frozen=True)
class Anomaly:
    """A stretch that does not fit what came before; `score` is how far beyond the usual record."""

    start: float
    end: float
    score: float


@dataclass(frozen=True)
class _Expectation:
    """Distances from one expectation, and when one of them is odd.

    A distance is odd above `factor` times the `quantile` of all earlier ones.
    """

    distances: Array
    quantile: float
    factor: float

    def oddity(self, learn: int) -> Array:
        """How far beyond the usual each sample lies; 0 where it does not, or is NaN."""
        odd = np.zeros(len(self.distances))
        record: list[float] = []
        for number, distance in enumerate(self.distances):
            if not np.isfinite(distance):
                continue
            if len(record) >= learn:
                usual = record[min(len(record) - 1, int(self.quantile * len(record)))]
                if usual > 0 and distance > self.factor * usual:
                    odd[number] = distance / usual
            insort(record, float(distance))
        return odd


def _trailing_median(values: Array, width: int, stride: int) -> Array:
    """The median of the `width` samples before each, refreshed every `stride` samples."""
    medians = np.empty(len(values))
    for start in range(0, len(values), stride):
        before = values[max(0, start - width) : start]
        medians[start : start + stride] = np.median(before) if len(before) > 5 else values[0]
    return medians


def _trailing_mean(values: Array, width: int) -> Array:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - width)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts))


def _same_time_before(values: Array, period: int, most: int) -> Array:
    """The median of up to `most` samples at the same time of earlier periods; NaN under two."""
    earlier = np.full((most, len(values)), np.nan)
    for number in range(1, most + 1):
        if number * period < len(values):
            earlier[number - 1, number * period :] = values[: -number * period]
    medians = np.full(len(values), np.nan)
    enough = np.count_nonzero(np.isfinite(earlier), axis=0) >= 2
    if enough.any():
        medians[enough] = np.nanmedian(earlier[:, enough], axis=0)
    return medians


def detect(times: Array, values: Array) -> list[Anomaly]:
    """Anomalies of a series; `times` are epoch seconds, ascending, at a roughly even pace."""
    if len(times) < 3:
        return []
    step = max(1.0, float(np.median(np.diff(times))))
    day, hour = max(2, int(DAY / step)), max(1, int(HOUR / step))
    middles = _trailing_median(values, day, max(1, hour // 4))
    half_days = _trailing_mean(values, max(1, int(HALF_DAY / step)))
    expectations = [_Expectation(np.abs(values - middles), 0.999, 1.2)]
    for (days, most), (quantile, factor) in zip(SEASONS, ((0.999, 1.02), (1.0, 1.0)), strict=True):
        expected = _same_time_before(half_days, days * day, most)
        expectations.append(_Expectation(np.abs(half_days - expected), quantile, factor))
    odd = np.max([expectation.oddity(LEARNING_DAYS * day) for expectation in expectations], axis=0)
    anomalies: list[Anomaly] = []
    for number in np.flatnonzero(odd):
        at, score = float(times[number]), float(odd[number])
        if anomalies and at - anomalies[-1].end <= SAME_EPISODE:
            last = anomalies[-1]
            anomalies[-1] = Anomaly(last.start, at, max(last.score, score))
        else:
            anomalies.append(Anomaly(at, at, score))
    return anomalies
