"""Forecasts when a resource will be full, from its use so far. No Django in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEWEST_POINTS = 24
"""Points below which there is no trend."""
MOST_POINTS = 500
"""All pairs of points are compared; more points are thinned out evenly."""
MOST_DAYS = 3650.0
"""A forecast further ahead is none."""


@dataclass(frozen=True)
class Trend:
    """`now` and `per_day` in the unit of the values; `days` until the limit, None for never."""

    now: float
    per_day: float
    days: float | None


def trend(times: list[float], values: list[float], limit: float) -> Trend | None:
    """The robust trend of values over epoch seconds; None for too few points.

    The slope is the median of the slopes between all pairs of points, which a few outliers, such
    as a night of clean-up, do not bend. "Now" is the median of the last tenth.
    Source: Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968.
    """
    t, v = np.asarray(times, float), np.asarray(values, float)
    known = np.isfinite(t) & np.isfinite(v)
    t, v = t[known], v[known]
    if len(t) < FEWEST_POINTS:
        return None
    if len(t) > MOST_POINTS:
        thinned = np.linspace(0, len(t) - 1, MOST_POINTS).astype(int)
        t, v = t[thinned], v[thinned]
    first, second = np.triu_indices(len(t), 1)
    seconds = t[second] - t[first]
    later = seconds > 0
    slope = float(np.median((v[second] - v[first])[later] / seconds[later])) * 86_400
    now = float(np.median(v[-max(1, len(v) // 10) :]))
    if now >= limit:
        return Trend(now, slope, 0.0)
    days = (limit - now) / slope if slope > 0 else None
    return Trend(now, slope, days if days is not None and days < MOST_DAYS else None)
