"""How a budget stands, from what was counted: worked out, and as remembered with the objective."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from practice.core import error_budget
from practice.core.error_budget import STEP, Budget, Burn, BurnAlert, Counts
from practice.models import Slo, SloDay

BUCKETS = int(86_400 / STEP)
WARN, FROZEN = 0.75, 1.0


@dataclass(frozen=True)
class Stand:
    slo: Slo
    start: datetime
    end: datetime
    budget: Budget
    burns: list[Burn]
    days_left: float | None
    counts: Counts
    """of the window as far as it is gone"""

    @property
    def state(self) -> str:
        """ "unknown", "fine", "warn" or "frozen"."""
        if self.budget.ratio is None:
            return "unknown"
        if self.budget.share >= FROZEN:
            return "frozen"
        return "warn" if self.budget.share >= WARN else "fine"

    @property
    def in_words(self) -> str:
        return {
            "unknown": "nothing counted yet",
            "fine": "within budget",
            "warn": "three quarters spent",
            "frozen": "spent: releases stop",
        }[self.state]

    @property
    def spent_percent(self) -> float:
        return 100 * self.budget.share

    @property
    def firing(self) -> list[Burn]:
        return [burn for burn in self.burns if burn.firing]

    @property
    def may_release(self) -> bool:
        return self.state != "frozen"


def counts_of(slo: Slo, start: datetime, end: datetime) -> Counts:
    """What was counted between two moments, whole days; unknown where nothing was."""
    return counts_of_all([slo], start, end)[slo.pk]


def counts_of_all(slos: Sequence[Slo], start: datetime, end: datetime) -> dict[int, Counts]:
    """The same for several, by their ids. One query."""
    first, last = start.astimezone(UTC).date(), end.astimezone(UTC).date()
    days: dict[int, list[SloDay]] = {slo.pk: [] for slo in slos}
    for row in SloDay.objects.filter(slo__in=slos, day__gte=first, day__lte=last).order_by():
        days[row.slo_id].append(row)
    return {key: _counts(rows, first, last) for key, rows in days.items()}


def _counts(rows: Iterable[SloDay], first: date, last: date) -> Counts:
    length = ((last - first).days + 1) * BUCKETS
    bad, total = np.full(length, np.nan), np.full(length, np.nan)
    for row in rows:
        at = (row.day - first).days * BUCKETS
        bad[at : at + BUCKETS] = np.asarray(row.bad, float)
        total[at : at + BUCKETS] = np.asarray(row.total, float)
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return Counts(begin.timestamp(), bad, total)


def stand(slo: Slo, now: datetime) -> Stand:
    """Worked out from the counts: some milliseconds for each month of the window."""
    start, end = error_budget.window(slo.window, now)
    counts = counts_of(slo, start, min(end, now))
    found = error_budget.budget(counts, slo.ratio, start, end, now)
    # To the end of what was counted: the newest minutes are not known yet.
    known_until = slo.pulled_until.timestamp() if slo.pulled_until else now.timestamp()
    at = min(now.timestamp(), known_until)
    return Stand(
        slo, start, end, found,
        error_budget.burns(counts, slo.ratio, at, (end - start).total_seconds()),
        error_budget.days_left(counts, found, at),
        counts.between(start.timestamp(), min(end, now).timestamp()),
    )  # fmt: skip


def remember(slo: Slo, now: datetime) -> None:
    """Keep how it stands with the objective, for lists of many."""
    found = stand(slo, now)
    slo.summary = {
        "start": found.start.isoformat(),
        "end": found.end.isoformat(),
        "budget": asdict(found.budget),
        "burns": [asdict(burn) for burn in found.burns],
        "days_left": found.days_left,
    }
    Slo.objects.filter(pk=slo.pk).update(summary=slo.summary)


def remembered(slo: Slo, now: datetime) -> Stand:
    """As it stood when it was counted last; of one never counted, that nothing is known."""
    told: dict[str, Any] = slo.summary
    nothing = Counts(0.0, np.zeros(0), np.zeros(0))
    if not told:
        start, end = error_budget.window(slo.window, now)
        minutes = error_budget.budget_minutes(slo.ratio, start, end)
        return Stand(slo, start, end, Budget(minutes, 0.0, None, 0.0, 0.0), [], None, nothing)
    burns = [
        Burn(BurnAlert(**each["alert"]), each["long"], each["short"]) for each in told["burns"]
    ]
    return Stand(
        slo, datetime.fromisoformat(told["start"]), datetime.fromisoformat(told["end"]),
        Budget(**told["budget"]), burns, told["days_left"], nothing,
    )  # fmt: skip
