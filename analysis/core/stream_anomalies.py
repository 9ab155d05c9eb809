"""Anomalies of a long series in one causal pass: nothing is learnt from what comes later.

A sample is odd when it lies further from what was expected than any sample before it did, and
further than the tail of those distances lets one expect: their largest are fitted with a
generalised Pareto distribution, as Siffer et al. do ("Anomaly detection in streams with extreme
value theory", KDD 2017), by probability-weighted moments (Hosking and Wallis, Technometrics 1987).
So what often happens is not odd, however far out it lies. There are four expectations, each with
its own record: the last day's median for the sample itself, and for how far it moves from sample
to sample in an hour (flat lines, changed variance); and for the mean of half a day the same time of
the days before, where that has predicted better than the day just past, and of the weeks
before, where days of the week have differed.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.core.onset import Array

DAY, HOUR = 86_400.0, 3_600.0
SAME_EPISODE = DAY
"""Odd samples no further apart than this are one anomaly."""
ONE_IN = 10_000
"""Samples among which each expectation may call one odd that is not."""
TAIL = 0.015
"""Share of the earlier distances that counts as their tail."""
ENOUGH = 10
"""Distances that a tail needs."""
SHORTEST_TAIL = -0.5
"""Shape below which the moments of a tail say nothing certain (Hosking and Wallis)."""
FEWEST_STEPS = 8
"""Steps from sample to sample that the movement of an hour needs."""
DAYS_BEFORE, WEEKS_BEFORE = 7, 4
"""How many earlier days and weeks the same time is compared with."""


@dataclass(frozen=True)
class Anomaly:
    """A stretch that does not fit what came before; `score` is how far beyond the usual record."""

    start: float
    end: float
    score: float


def _beyond_tail(record: list[float]) -> float:
    """The distance that one in `ONE_IN` samples exceeds, by the tail of a sorted record."""
    first = int(len(record) * (1 - TAIL))
    excess = np.array(record[first:]) - record[first - 1]
    count = len(excess)
    mean = float(excess.mean())
    weighted = float(np.mean(excess * np.arange(count - 1, -1, -1))) / (count - 1)
    spread = mean - 2 * weighted
    if spread <= 0:
        # All of them are equal: there is no tail to go on with.
        return record[-1]
    shape = min(1.0, max(SHORTEST_TAIL, 2 - mean / spread))
    scale = 2 * mean * weighted / spread
    rarity = len(record) / count / ONE_IN
    beyond = -np.log(rarity) if abs(shape) < 1e-6 else (rarity**-shape - 1) / shape
    return float(record[first - 1] + scale * beyond)


def _oddity(distances: Array, learn: int, delay: int) -> Array:
    """How far beyond the usual each sample lies; 0 where it does not, or is NaN.

    The first `learn` distances are only learnt from. A distance becomes usual `delay` samples
    later, so that one event is not measured by its own beginning.
    """
    odd = np.zeros(len(distances))
    record: list[float] = []
    listed = distances.tolist()
    for number, distance in enumerate(listed):
        if number >= delay and np.isfinite(listed[number - delay]):
            insort(record, listed[number - delay])
        if len(record) < max(learn, ENOUGH / TAIL) or not distance > record[-1]:
            continue
        usual = max(record[-1], _beyond_tail(record))
        if distance > usual > 0:
            odd[number] = distance / usual
    return odd


def _trailing_median(values: Array, width: int, stride: int) -> Array:
    """The median of the `width` samples before each, refreshed every `stride` samples."""
    medians = np.empty(len(values))
    for start in range(0, len(values), stride):
        before = values[max(0, start - width) : start]
        medians[start : start + stride] = np.median(before) if len(before) > 5 else values[0]
    return medians


def _trailing_mean(values: Array, width: int) -> Array:
    """The mean of the `width` samples up to each; NaN where there are fewer."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    means = np.full(len(values), np.nan)
    if width > len(values):
        return means
    means[width - 1 :] = (sums[width:] - sums[:-width]) / width
    return means


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


def _weeks_differ(values: Array, day: int) -> NDArray[np.bool_]:
    """Whether by then a series resembled itself a week later more than a day later.

    Computed once a week, from what was known by then; false in the first two weeks.
    """
    differ = np.zeros(len(values), dtype=bool)
    week = 7 * day
    for known in range(2 * week, len(values), week):
        centred = values[:known] - values[:known].mean()
        after_day, after_week = (np.mean(centred[lag:] * centred[:-lag]) for lag in (day, week))
        differ[known : known + week] = after_week > after_day
    return differ


def _from_usual_movement(values: Array, day: int, hour: int) -> Array:
    """How much more or less a series moves in an hour than in the last day; 1 is infinitely."""
    movement = _trailing_mean(np.abs(np.diff(values, prepend=values[:1])), max(hour, FEWEST_STEPS))
    usual = _trailing_median(np.nan_to_num(movement), day, max(1, hour // 4))
    apart = np.full(len(values), np.nan)
    known = usual > 0
    apart[known] = np.abs(movement - usual)[known] / (movement + usual)[known]
    return apart


def _days_resemble(
    values: Array, half_days: Array, from_days: Array, day: int
) -> NDArray[np.bool_]:
    """Whether by then the same time of days before had predicted better than the day just past."""
    before = max(1, day // 2)
    past_day = _trailing_mean(values, day)
    from_past_day = np.full(len(half_days), np.nan)
    if before < len(values):
        from_past_day[before:] = np.abs(half_days[before:] - past_day[:-before])
    gain = np.cumsum(np.nan_to_num(from_past_day - from_days))
    known = np.zeros(len(half_days))
    if before < len(values):
        known[before:] = gain[:-before]
    return known > 0


def detect(times: Array, values: Array) -> list[Anomaly]:
    """Anomalies of a series; `times` are epoch seconds, ascending, at a roughly even pace."""
    if len(times) < 3:
        return []
    step = max(1.0, float(np.median(np.diff(times))))
    day, hour = max(2, int(DAY / step)), max(1, int(HOUR / step))
    half_days = _trailing_mean(values, max(1, day // 2))
    from_middle = np.abs(values - _trailing_median(values, day, max(1, hour // 4)))
    from_days, from_weeks = (
        np.abs(half_days - _same_time_before(half_days, period * day, most))
        for period, most in ((1, DAYS_BEFORE), (7, WEEKS_BEFORE))
    )
    learn, delay = DAYS_BEFORE * day, max(1, day // 2)
    odd = np.max(
        [
            _oddity(from_middle, 0, hour),
            _oddity(_from_usual_movement(values, day, hour), 2 * learn, hour),
            np.where(
                _days_resemble(values, half_days, from_days, day),
                _oddity(from_days, learn, delay),
                0.0,
            ),
            np.where(_weeks_differ(values, day), _oddity(from_weeks, learn, delay), 0.0),
        ],
        axis=0,
    )
    anomalies: list[Anomaly] = []
    for number in np.flatnonzero(odd):
        at, score = float(times[number]), float(odd[number])
        if anomalies and at - anomalies[-1].end <= SAME_EPISODE:
            last = anomalies[-1]
            anomalies[-1] = Anomaly(last.start, at, max(last.score, score))
        else:
            anomalies.append(Anomaly(at, at, score))
    return anomalies
