"""When something will be full, from how full it was. No Django in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ENOUGH = 24
"""Points below which no trend is told."""
MOST = 500
"""Points of which all pairs are compared; more are thinned out evenly."""
FAR = 3650.0


@dataclass(frozen=True)
class Trend:
    """`now` and `a_day` in the unit of the values; `days` until the limit, None when never."""

    now: float
    a_day: float
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
    if len(t) < ENOUGH:
        return None
    if len(t) > MOST:
        kept = np.linspace(0, len(t) - 1, MOST).astype(int)
        t, v = t[kept], v[kept]
    first, second = np.triu_indices(len(t), 1)
    apart = t[second] - t[first]
    slope = float(np.median((v[second] - v[first])[apart > 0] / apart[apart > 0])) * 86_400
    now = float(np.median(v[-max(1, len(v) // 10) :]))
    if now >= limit:
        return Trend(now, slope, 0.0)
    days = (limit - now) / slope if slope > 0 else None
    return Trend(now, slope, days if days is not None and days < FAR else None)
