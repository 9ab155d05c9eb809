"""Counts the events of objectives from Prometheus, day by day. Safe to run twice at a time."""

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
from practice.core import windows
from practice.core.error_budget import STEP
from practice.core.prometheus_rules import Objective, bad_and_total
from practice.models import Slo, SloDay
from practice.prometheus import prometheus_of
from practice.slos.status import BUCKETS, store_status

logger = logging.getLogger(__name__)
EPOCH = date(1970, 1, 1)
LATE = timedelta(minutes=15)
"""The newest part is counted again in the next run: scrapes come in late."""
DEADLINE = 15.0
"""Seconds of one query."""
DAYS_PER_QUERY = 4
"""1,152 points."""
QUERIES_PER_RUN = 8
"""For one objective; the next run continues from there."""
SECONDS_PER_RUN = 60.0
"""For all objectives; the rest waits for the next run."""


def objective_of(slo: Slo) -> Objective:
    return Objective(
        str(slo.pk),
        slo.service.name,
        slo.name,
        slo.ratio,
        windows.usual_length(slo.window),
        slo.counts,
        slo.numerator,
        slo.total,
    )


def count_all(now: datetime | None = None) -> int:
    """Count every enabled objective that has a new bucket; how many buckets were written.

    Those tried longest ago come first: some that fail slowly must not hold up the others.
    """
    until = time.monotonic() + SECONDS_PER_RUN
    written = 0
    newest_bucket = (now or timezone.now()) - timedelta(seconds=STEP)
    due = Slo.objects.filter(enabled=True).exclude(pulled_until__gt=newest_bucket)
    for slo in due.order_by(F("tried_at").asc(nulls_first=True), "pk"):
        if time.monotonic() > until:
            break
        written += count(slo, now)
    return written


def count(slo: Slo, now: datetime | None = None) -> int:
    """Count what is new; how many buckets were written. A failure is stored as `slo.problem`."""
    now = now or timezone.now()
    end = datetime.fromtimestamp(now.timestamp() // STEP * STEP, UTC)
    start = windows.window(slo.window, now)[0].replace(hour=0, minute=0, second=0, microsecond=0)
    if slo.pulled_until:
        start = max(start, slo.pulled_until - LATE)
    written = 0
    Slo.objects.filter(pk=slo.pk).update(tried_at=now)
    try:
        plugin = prometheus_of(slo.source)
        if plugin is None:
            raise SourceError("no-source", "No Prometheus is set up as a source to count with.")
        for _ in range(QUERIES_PER_RUN):
            if start >= end:
                break
            until = min(end, start + timedelta(days=DAYS_PER_QUERY))
            written += _count_between(slo, plugin, start, until)
            Slo.objects.filter(pk=slo.pk).update(pulled_until=until, problem="")
            start = until
    except SourceError as error:
        logger.warning("Counting for objective %s: %s", slo.pk, error)
        Slo.objects.filter(pk=slo.pk).update(problem=str(error)[:500])
    slo.refresh_from_db(fields=["pulled_until", "problem"])
    store_status(slo, now)
    return written


def _count_between(slo: Slo, plugin: Prometheus, start: datetime, end: datetime) -> int:
    first = math.ceil(start.timestamp() / STEP - 1e-9)
    last = int(end.timestamp() / STEP)
    # The point at the end of a bucket is the rate of the five minutes before it.
    first_end, last_end = (first + 1) * STEP, last * STEP
    if last_end < first_end:
        return 0
    counts = []
    for query in bad_and_total(objective_of(slo)):
        series = plugin.points(query, first_end, last_end, STEP, DEADLINE)
        values = np.full(last - first, np.nan)
        for each in series[:1]:
            buckets = np.round(np.asarray(each.times) / STEP).astype(int) - first - 1
            inside = (buckets >= 0) & (buckets < len(values))
            values[buckets[inside]] = np.asarray(each.values)[inside] * STEP
        counts.append(values)
    bad, total = counts
    known = np.isfinite(total) & (np.isfinite(bad) | (total <= 0))
    bad = np.where(known, np.nan_to_num(bad), np.nan)
    _write(slo, first, bad, np.where(known, total, np.nan))
    return int(known.sum())


@transaction.atomic
def _write(slo: Slo, first: int, bad: np.ndarray, total: np.ndarray) -> None:
    """Write buckets into their days. A known bucket stays where the new values are unknown."""
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
