"""The status of an error budget: computed from event counts, or as stored at the last count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from practice.core import error_budget, windows
from practice.core.error_budget import STEP, WARN_SHARE, Budget, Burn, BurnAlert, Counts
from practice.models import Slo, SloDay

BUCKETS = int(86_400 / STEP)
"""Buckets of a day."""
IN_WORDS = {
    "unknown": _("nothing counted yet"),
    "fine": _("within budget"),
    "warn": format_lazy(_("over {share:.0%} spent"), share=WARN_SHARE),
    "frozen": _("spent: releases stop"),
}


@dataclass(frozen=True)
class SloStatus:
    slo: Slo
    start: datetime
    end: datetime
    budget: Budget
    burns: list[Burn]
    days_left: float | None
    counts: Counts
    """of the part of the window that has elapsed"""

    @property
    def state(self) -> str:
        return self.budget.state

    @property
    def in_words(self) -> str:
        return str(IN_WORDS[self.state])

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
    """Event counts of the days from `start` to `end`; unknown where nothing was counted."""
    return counts_of_all([slo], start, end)[slo.pk]


def counts_of_all(slos: Sequence[Slo], start: datetime, end: datetime) -> dict[int, Counts]:
    """The same for several objectives, by id. One query."""
    first, last = start.astimezone(UTC).date(), end.astimezone(UTC).date()
    days: dict[int, list[SloDay]] = {slo.pk: [] for slo in slos}
    for row in SloDay.objects.filter(slo__in=slos, day__gte=first, day__lte=last).order_by():
        days[row.slo_id].append(row)
    return {key: _joined(rows, first, last) for key, rows in days.items()}


def _joined(days: Iterable[SloDay], first: date, last: date) -> Counts:
    length = ((last - first).days + 1) * BUCKETS
    bad, total = np.full(length, np.nan), np.full(length, np.nan)
    for row in days:
        at = (row.day - first).days * BUCKETS
        bad[at : at + BUCKETS] = np.asarray(row.bad, float)
        total[at : at + BUCKETS] = np.asarray(row.total, float)
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return Counts(begin.timestamp(), bad, total)


def status_of(slo: Slo, now: datetime) -> SloStatus:
    """Compute the status from the counts; takes some milliseconds per month of the window."""
    start, end = windows.window(slo.window, now)
    counts = counts_of(slo, start, min(end, now))
    # Rates end where counting ended: the newest minutes are not known yet.
    counted_until = slo.pulled_until.timestamp() if slo.pulled_until else now.timestamp()
    at = min(now.timestamp(), counted_until)
    budget = error_budget.budget(counts, slo.ratio, start, end, now)
    return SloStatus(
        slo,
        start,
        end,
        budget,
        error_budget.burns(counts, slo.ratio, at, (end - start).total_seconds()),
        error_budget.days_left(counts, budget, at),
        counts.between(start.timestamp(), min(end, now).timestamp()),
    )


def store_status(slo: Slo, now: datetime) -> None:
    """Write the status into the objective, for lists that show many."""
    status = status_of(slo, now)
    slo.summary = {
        "start": status.start.isoformat(),
        "end": status.end.isoformat(),
        "budget": asdict(status.budget),
        "burns": [asdict(burn) for burn in status.burns],
        "days_left": status.days_left,
    }
    Slo.objects.filter(pk=slo.pk).update(summary=slo.summary)


def stored_status(slo: Slo, now: datetime) -> SloStatus:
    """The status at the last count; "unknown" for an objective that was never counted."""
    summary: dict[str, Any] = slo.summary
    no_counts = Counts(0.0, np.zeros(0), np.zeros(0))
    if not summary:
        start, end = windows.window(slo.window, now)
        minutes = error_budget.budget_minutes(slo.ratio, start, end)
        return SloStatus(slo, start, end, Budget(minutes, 0.0, None, 0.0, 0.0), [], None, no_counts)
    burns = [
        Burn(BurnAlert(**each["alert"]), each["long"], each["short"]) for each in summary["burns"]
    ]
    return SloStatus(
        slo,
        datetime.fromisoformat(summary["start"]),
        datetime.fromisoformat(summary["end"]),
        Budget(**summary["budget"]),
        burns,
        summary["days_left"],
        no_counts,
    )
