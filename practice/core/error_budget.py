"""Error budgets, in plain arithmetic. No Django in it.

Events are counted in buckets of equal length. The error ratio of a stretch of time is its bad
events over all its events; a burn rate is that ratio over the ratio the objective allows (1 spends
the budget exactly by the end of the window). Budgets are told in minutes: those of the window times
what the objective allows. What was spent is the error ratio times the minutes known. So time
without traffic spends nothing, and time without data spends nothing either but is told.

Source: Beyer et al., "The Site Reliability Workbook", 2018, chapters 2 and 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

STEP = 300.0
"""Seconds a bucket."""
ROLLING = {"7d": 7, "28d": 28, "30d": 30, "90d": 90}
CALENDAR = {"month": 1, "quarter": 3, "year": 12}
PACE = 3 * 86_400.0
"""Seconds from which the pace of a forecast is read."""


@dataclass(frozen=True)
class Counts:
    """Bad and all events a bucket (float64[n]), NaN where nothing is known.

    `start` is the begin of the first bucket in epoch seconds.
    """

    start: float
    bad: np.ndarray
    total: np.ndarray
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

    def known(self) -> np.ndarray:
        """bool a bucket: whether its events are known, none included."""
        return np.isfinite(self.total) & np.isfinite(self.bad)

    def events(self) -> tuple[np.ndarray, np.ndarray]:
        """Bad and all events a bucket, 0 where unknown. More bad than all counts as all."""
        known = self.known()
        total = np.where(known, np.maximum(self.total, 0.0), 0.0)
        return np.clip(np.where(known, self.bad, 0.0), 0.0, total), total

    def sums(self) -> tuple[float, float]:
        """Bad and all events of the known buckets."""
        bad, total = self.events()
        return float(bad.sum()), float(total.sum())

    def minutes_known(self) -> float:
        return int(self.known().sum()) * self.step / 60

    def minutes_spent(self) -> np.ndarray:
        """Minutes of budget spent in each bucket; together, bad over all times those known."""
        bad, total = self.events()
        events = float(total.sum())
        return bad / events * self.minutes_known() if events else np.zeros(len(bad))


def window(kind: str, now: datetime) -> tuple[datetime, datetime]:
    """The window of an objective at `now`: rolling ones end with it, calendar ones hold it (UTC).

    Raises KeyError for a kind that is neither.
    """
    now = now.astimezone(UTC)
    if kind in ROLLING:
        return now - timedelta(days=ROLLING[kind]), now
    months = CALENDAR[kind]
    first = (now.month - 1) // months * months + 1
    start = datetime(now.year, first, 1, tzinfo=UTC)
    after = first - 1 + months
    return start, datetime(now.year + after // 12, after % 12 + 1, 1, tzinfo=UTC)


def budget_minutes(target: float, start: datetime, end: datetime) -> float:
    """Minutes that may fail between two moments.

    >>> round(budget_minutes(0.9993, datetime(2026, 1, 1), datetime(2027, 1, 1)))
    368
    """
    return (1.0 - target) * (end - start).total_seconds() / 60


@dataclass(frozen=True)
class Budget:
    """How a budget stands. Times in minutes, shares from 0 to 1."""

    minutes: float
    spent: float
    ratio: float | None
    """bad over all events; None where no event is known"""
    known: float
    """share of the time gone by that is known"""
    quiet: float
    """share of the time gone by that is known to have had no traffic"""

    @property
    def left(self) -> float:
        return self.minutes - self.spent

    @property
    def share(self) -> float:
        """Spent, of the whole; above 1 when overspent."""
        return self.spent / self.minutes if self.minutes else 0.0


def budget(counts: Counts, target: float, start: datetime, end: datetime, now: datetime) -> Budget:
    """The budget of the window from `start` to `end` at `now`."""
    gone = counts.between(start.timestamp(), min(end, now).timestamp())
    elapsed = max(1.0, (min(end, now) - start).total_seconds() // counts.step)
    known = gone.known()
    bad, total = gone.sums()
    ratio = bad / total if total else None
    quiet = int((known & (gone.total <= 0)).sum())
    return Budget(
        budget_minutes(target, start, end), (ratio or 0.0) * gone.minutes_known(), ratio,
        min(1.0, int(known.sum()) / elapsed), min(1.0, quiet / elapsed),
    )  # fmt: skip


def burn_rate(counts: Counts, target: float, now: float, seconds: float) -> float | None:
    """How fast the budget burnt in the `seconds` before `now`; None where nothing is known."""
    part = counts.between(now - seconds, now)
    if not part.known().any():
        return None
    bad, total = part.sums()
    return bad / total / (1.0 - target) if total else 0.0


@dataclass(frozen=True)
class BurnAlert:
    """Fires when both windows burn at least `factor`. Windows in seconds."""

    long: int
    short: int
    factor: float
    severity: str


def burn_alerts(window_seconds: float) -> list[BurnAlert]:
    """Multi-window alerts: 2 % of the budget in an hour, 5 % in six, 10 % in a day or three."""
    hour = 3600
    pairs = [
        (0.02, hour, 300, "page"), (0.05, 6 * hour, 1800, "page"),
        (0.10, 24 * hour, 2 * hour, "ticket"), (0.10, 72 * hour, 6 * hour, "ticket"),
    ]  # fmt: skip
    return [
        BurnAlert(long, short, round(share * window_seconds / long, 4), severity)
        for share, long, short, severity in pairs
    ]


@dataclass(frozen=True)
class Burn:
    """An alert with what both its windows burn now."""

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


def spent_by(counts: Counts, stretches: Sequence[tuple[float, float]]) -> tuple[list[float], float]:
    """Minutes of budget spent in each stretch of time (epoch seconds), and outside all of them.

    What failed in a bucket that several stretches cover is divided among them by how much of it
    each covers; the rest of it lies outside. All together is what `budget` calls spent.
    """
    minutes = counts.minutes_spent()
    starts = counts.start + np.arange(len(minutes)) * counts.step
    covers = [
        np.clip(np.minimum(end, starts + counts.step) - np.maximum(begin, starts), 0.0, None)
        / counts.step
        for begin, end in stretches
    ]
    # Where stretches together cover more than the bucket they share it in proportion.
    together = np.maximum(1.0, np.sum(covers, axis=0)) if covers else np.ones(len(minutes))
    found = [float((minutes * cover / together).sum()) for cover in covers]
    return found, max(0.0, float(minutes.sum()) - sum(found))


def left_over_time(
    counts: Counts, target: float, start: datetime, end: datetime
) -> tuple[np.ndarray, np.ndarray]:
    """Times (epoch seconds, ends of buckets) and the share of the budget left at each.

    Of the events of the whole window as they are known now, so that the last point is what
    `budget` says.
    """
    part = counts.between(start.timestamp(), end.timestamp())
    minutes = np.cumsum(part.minutes_spent())
    times = part.start + (np.arange(len(minutes)) + 1) * part.step
    return times, 1.0 - minutes / budget_minutes(target, start, end)


def days_left(counts: Counts, found: Budget, now: float) -> float | None:
    """Days until the budget is spent at the pace of the last three days.

    0 when it is spent, None when nothing burns or nothing is known.
    """
    if found.left <= 0:
        return 0.0
    bad, total = counts.between(now - PACE, now).sums()
    if not bad or not total:
        return None
    return found.left / (bad / total * 1440)
