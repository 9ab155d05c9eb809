"""Progress of the key results that objectives are linked with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from practice.core import okr
from practice.core.okr import Progress
from practice.models import Slo
from practice.slos.status import counts_of_all


def progress_of(slo: Slo, now: datetime) -> Progress | None:
    """How far its key result has come until `now`; None where it has none."""
    return progress_of_all([slo], now).get(slo.pk)


def progress_of_all(slos: Iterable[Slo], now: datetime) -> dict[int, Progress]:
    """The same of several, by id, of those with a key result. Two queries for each quarter."""
    by_quarter: dict[str, list[Slo]] = {}
    for slo in slos:
        if slo.okr_target is not None:
            by_quarter.setdefault(slo.okr_quarter, []).append(slo)
    found = {}
    for quarter, rows in by_quarter.items():
        good = _good_percents(rows, quarter, now)
        before = _good_percents(rows, okr.quarter_before(quarter), now)
        for slo in rows:
            target = float(slo.okr_target or 0)
            found[slo.pk] = Progress(good[slo.pk], before[slo.pk], target)
    return found


def _good_percents(slos: list[Slo], quarter: str, now: datetime) -> dict[int, float | None]:
    """Good events of all in a quarter so far, by objective; None where nothing was counted."""
    start, end = okr.quarter_bounds(quarter)
    until = min(end, now)
    if until <= start:
        return {slo.pk: None for slo in slos}
    percents: dict[int, float | None] = {}
    for pk, counts in counts_of_all(slos, start, until).items():
        bad, total = counts.between(start.timestamp(), until.timestamp()).sums()
        percents[pk] = 100 * (1 - bad / total) if total else None
    return percents
