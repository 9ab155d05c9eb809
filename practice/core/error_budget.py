"""Error budgets, in plain arithmetic. No Django in it.

Events are counted in buckets of equal length. The error ratio of a period is its bad events over
all its events; a burn rate is that ratio over the ratio the objective allows (1 spends the budget
exactly by the end of the window). Budgets are in minutes: those of the window times what the
objective allows. What was spent is the error ratio times the minutes with data. So time without
traffic spends nothing; time without data spends nothing either, and is reported.

Source: Beyer et al., "The Site Reliability Workbook", 2018, chapters 2 and 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

STEP = 300.0
"""Seconds of a bucket."""
PACE = 3 * 86_400.0
"""Seconds that a forecast extrapolates from."""
WARN_SHARE, FROZEN_SHARE = 0.75, 1.0
"""Shares of the budget spent from which people are warned, and from which releases stop."""


@dataclass(frozen=True)
class Counts:
    """Bad and all events per bucket (float64[n]), NaN where unknown; `start` in epoch seconds."""

    start: float
    bad: FloatArray
    total: FloatArray
    step: float = STEP

    def __post_init__(self) -> None:
        if len(self.bad) != len(self.total):
            raise ValueError("bad and total differ in length")

    @property
    def end(self) -> float:
        return self.start + len(self.total) * self.step

    def between(self, start: float, end: float) -> Counts:
        """The buckets that lie wholly in [start, end)."""
        first = max(0, math.ceil((start - self.start) / self.step - 1e-9))
        last = max(first, min(len(self.total), int((end - self.start) / self.step + 1e-9)))
        return Counts(
            self.start + first * self.step, self.bad[first:last], self.total[first:last], self.step
        )

    def known(self) -> NDArray[np.bool_]:
        """bool[n]: whether the events of a bucket are known, even if there were none."""
        known: NDArray[np.bool_] = np.isfinite(self.total) & np.isfinite(self.bad)
        return known

    def events(self) -> tuple[FloatArray, FloatArray]:
        """Bad and all events per bucket, 0 where unknown; bad at most as many as all."""
        known = self.known()
        total = np.where(known, np.maximum(self.total, 0.0), 0.0)
        return np.clip(np.where(known, self.bad, 0.0), 0.0, total), total

    def sums(self) -> tuple[float, float]:
        """Bad and all events of the known buckets."""
        bad, total = self.events()
        return float(bad.sum()), float(total.sum())

    def minutes_known(self) -> float:
        return int(self.known().sum()) * self.step / 60

    def minutes_spent(self) -> FloatArray:
        """Minutes of budget spent in each bucket; the sum is the error ratio times those known."""
        bad, total = self.events()
        events = float(total.sum())
        return bad / events * self.minutes_known() if events else np.zeros(len(bad))


def budget_minutes(target: float, start: datetime, end: datetime) -> float:
    """Minutes that may fail between two times.

    >>> round(budget_minutes(0.9993, datetime(2026, 1, 1), datetime(2027, 1, 1)))
    368
    """
    return (1.0 - target) * (end - start).total_seconds() / 60


@dataclass(frozen=True)
class Budget:
    """An error budget. Times in minutes, shares from 0 to 1."""

    minutes: float
    spent: float
    ratio: float | None
    """bad over all events; None without a known event"""
    known: float
    """share of the elapsed time with data"""
    quiet: float
    """share of the elapsed time with data and without traffic"""

    @property
    def left(self) -> float:
        return self.minutes - self.spent

    @property
    def share(self) -> float:
        """The share that is spent; above 1 when overspent."""
        return self.spent / self.minutes if self.minutes else 0.0

    @property
    def state(self) -> str:
        """ "unknown", "fine", "warn" or "frozen"."""
        if self.ratio is None:
            return "unknown"
        if self.share >= FROZEN_SHARE:
            return "frozen"
        return "warn" if self.share >= WARN_SHARE else "fine"


def budget(counts: Counts, target: float, start: datetime, end: datetime, now: datetime) -> Budget:
    """The budget of the window from `start` to `end` at `now`."""
    elapsed = counts.between(start.timestamp(), min(end, now).timestamp())
    buckets = max(1.0, (min(end, now) - start).total_seconds() // counts.step)
    known = elapsed.known()
    bad, total = elapsed.sums()
    ratio = bad / total if total else None
    quiet = int((known & (elapsed.total <= 0)).sum())
    return Budget(
        minutes=budget_minutes(target, start, end),
        spent=(ratio or 0.0) * elapsed.minutes_known(),
        ratio=ratio,
        known=min(1.0, int(known.sum()) / buckets),
        quiet=min(1.0, quiet / buckets),
    )


def burn_rate(counts: Counts, target: float, now: float, seconds: float) -> float | None:
    """The burn rate of the `seconds` before `now`; None without data."""
    part = counts.between(now - seconds, now)
    if not part.known().any():
        return None
    bad, total = part.sums()
    return bad / total / (1.0 - target) if total else 0.0


@dataclass(frozen=True)
class BurnAlert:
    """Fires when both windows (in seconds) burn at a rate of at least `factor`."""

    long: int
    short: int
    factor: float
    severity: str


def burn_alerts(window_seconds: float) -> list[BurnAlert]:
    """Multi-window alerts: 2 % of the budget in an hour, 5 % in six, 10 % in a day or three."""
    hour = 3600
    pairs = [
        (0.02, hour, 300, "page"),
        (0.05, 6 * hour, 1800, "page"),
        (0.10, 24 * hour, 2 * hour, "ticket"),
        (0.10, 72 * hour, 6 * hour, "ticket"),
    ]
    # Slower than at a rate of 1 the budget lasts, however much of a short window an hour is.
    return [
        BurnAlert(long, short, max(1.0, round(share * window_seconds / long, 4)), severity)
        for share, long, short, severity in pairs
        if long <= window_seconds
    ]


@dataclass(frozen=True)
class Burn:
    """An alert and the burn rates of both its windows now."""

    alert: BurnAlert
    long: float | None
    short: float | None

    @property
    def firing(self) -> bool:
        return min(self.long or 0.0, self.short or 0.0) >= self.alert.factor


def burns(counts: Counts, target: float, now: float, window_seconds: float) -> list[Burn]:
    return [
        Burn(
            alert,
            burn_rate(counts, target, now, alert.long),
            burn_rate(counts, target, now, alert.short),
        )
        for alert in burn_alerts(window_seconds)
    ]


def spent_by(counts: Counts, periods: Sequence[tuple[float, float]]) -> tuple[list[float], float]:
    """Minutes of budget spent in each period (epoch seconds), and outside all of them.

    What failed in a bucket that several periods overlap is divided among them by how much of it
    each overlaps; the rest is outside. The sum is what `budget` calls spent.
    """
    minutes = counts.minutes_spent()
    starts = counts.start + np.arange(len(minutes)) * counts.step
    overlaps = [
        np.clip(np.minimum(end, starts + counts.step) - np.maximum(begin, starts), 0.0, None)
        / counts.step
        for begin, end in periods
    ]
    # Periods that together overlap more than the whole bucket share it in proportion.
    together = np.maximum(1.0, np.sum(overlaps, axis=0)) if overlaps else np.ones(len(minutes))
    spent = [float((minutes * overlap / together).sum()) for overlap in overlaps]
    return spent, max(0.0, float(minutes.sum()) - sum(spent))


def left_over_time(
    counts: Counts, target: float, start: datetime, end: datetime
) -> tuple[FloatArray, FloatArray]:
    """Times (epoch seconds, ends of buckets) and the share of the budget left at each.

    The last point is what `budget` says: the events of the whole window weigh every bucket.
    """
    part = counts.between(start.timestamp(), end.timestamp())
    minutes = np.cumsum(part.minutes_spent())
    times = part.start + np.arange(1, len(minutes) + 1, dtype=float) * part.step
    return times, 1.0 - minutes / budget_minutes(target, start, end)


def days_left(counts: Counts, budget: Budget, now: float) -> float | None:
    """Days until the budget is spent at the burn rate of the last three days.

    0 when it is spent, None when nothing burns or nothing is known.
    """
    if budget.left <= 0:
        return 0.0
    bad, total = counts.between(now - PACE, now).sums()
    if not bad or not total:
        return None
    return budget.left / (bad / total * 1440)
