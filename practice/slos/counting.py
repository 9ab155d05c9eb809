"""Counts events for objectives, day by day, from Prometheus. Safe to run twice; nothing is lost."""

from __future__ import annotations

import logging
import math
import time
from datetime import UTC, date, datetime, timedelta

import numpy as np
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from analysis.sources.base import SourceError
from analysis.sources.prometheus import Prometheus
from practice.core import error_budget
from practice.core.error_budget import STEP
from practice.core.prometheus_rules import Objective, bad_and_total
from practice.models import Slo, SloDay
from practice.prometheus import prometheus_of
from practice.slos.status import BUCKETS, remember

logger = logging.getLogger(__name__)
EPOCH = date(1970, 1, 1)
WINDOW_DAYS = {**error_budget.ROLLING, "month": 30, "quarter": 91, "year": 365}
"""Days of a window; calendar ones by their usual length."""
LATE = timedelta(minutes=15)
"""What was counted this lately is counted again: scrapes come in late."""
DEADLINE = 15.0
DAYS_AT_ONCE = 4
"""Days asked for in one query: 1,152 points."""
CHUNKS = 8
"""Queries of one run for one objective; the next run goes on from there."""
ALL_AT_ONCE = 60.0
"""Seconds a run may take in all; the rest waits for the next."""


def objective_of(slo: Slo) -> Objective:
    return Objective(
        str(slo.pk), slo.service.name, slo.name, slo.ratio, WINDOW_DAYS[slo.window], slo.counts,
        slo.numerator, slo.total,
    )  # fmt: skip


def pull_all(now: datetime | None = None) -> int:
    """Count for every enabled objective that has a new bucket.

    Those tried longest ago come first, so that some that fail slowly do not hold up the others.
    """
    until = time.monotonic() + ALL_AT_ONCE
    counted = 0
    fresh = (now or timezone.now()) - timedelta(seconds=STEP)
    due = Slo.objects.filter(enabled=True).exclude(pulled_until__gt=fresh)
    for slo in due.order_by(F("tried_at").asc(nulls_first=True), "pk"):
        if time.monotonic() > until:
            break
        counted += pull(slo, now)
    return counted


def pull(slo: Slo, now: datetime | None = None) -> int:
    """Count what is new; how many buckets were written. Trouble stands with the objective."""
    now = now or timezone.now()
    end = datetime.fromtimestamp(now.timestamp() // STEP * STEP, UTC)
    start = error_budget.window(slo.window, now)[0].replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    if slo.pulled_until:
        start = max(start, slo.pulled_until - LATE)
    written = 0
    Slo.objects.filter(pk=slo.pk).update(tried_at=now)
    try:
        plugin = prometheus_of(slo.source)
        if plugin is None:
            raise SourceError("no-source", "No Prometheus is set up as a source to count with.")
        for _ in range(CHUNKS):
            if start >= end:
                break
            upto = min(end, start + timedelta(days=DAYS_AT_ONCE))
            written += _count(slo, plugin, start, upto)
            Slo.objects.filter(pk=slo.pk).update(pulled_until=upto, problem="")
            start = upto
    except SourceError as error:
        logger.warning("Counting for objective %s: %s", slo.pk, error)
        Slo.objects.filter(pk=slo.pk).update(problem=str(error)[:500])
    slo.refresh_from_db(fields=["pulled_until", "problem"])
    remember(slo, now)
    return written


def _count(slo: Slo, plugin: Prometheus, start: datetime, end: datetime) -> int:
    first = math.ceil(start.timestamp() / STEP - 1e-9)
    last = int(end.timestamp() / STEP)
    # The point at the end of a bucket tells of the five minutes before it.
    asked = (first + 1) * STEP, last * STEP
    if asked[1] < asked[0]:
        return 0
    found = []
    for query in bad_and_total(objective_of(slo)):
        series = plugin.points(query, *asked, STEP, DEADLINE)
        values = np.full(last - first, np.nan)
        for each in series[:1]:
            places = np.round(np.asarray(each.times) / STEP).astype(int) - first - 1
            inside = (places >= 0) & (places < len(values))
            values[places[inside]] = np.asarray(each.values)[inside] * STEP
        found.append(values)
    bad, total = found
    known = np.isfinite(total) & (np.isfinite(bad) | (total <= 0))
    bad = np.where(known, np.nan_to_num(bad), np.nan)
    _write(slo, first, bad, np.where(known, total, np.nan))
    return int(known.sum())


@transaction.atomic
def _write(slo: Slo, first: int, bad: np.ndarray, total: np.ndarray) -> None:
    """Put buckets into their days. A bucket known before stays when it is not told again."""
    Slo.objects.select_for_update().get(pk=slo.pk)
    whole = range(first // BUCKETS, (first + len(bad) - 1) // BUCKETS + 1)
    days = [EPOCH + timedelta(days=each) for each in whole]
    rows = {row.day: row for row in SloDay.objects.filter(slo=slo, day__in=days)}
    for day in days:
        row = rows.get(day) or SloDay(
            slo=slo, day=day, bad=[None] * BUCKETS, total=[None] * BUCKETS
        )
        begins = (day - EPOCH).days * BUCKETS - first
        for bucket in range(max(0, -begins), min(BUCKETS, len(bad) - begins)):
            if np.isfinite(total[begins + bucket]):
                row.bad[bucket] = float(bad[begins + bucket])
                row.total[bucket] = float(total[begins + bucket])
        row.save()
