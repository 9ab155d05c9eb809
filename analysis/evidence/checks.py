"""Runs checks: whether what proved a cause last time holds for an incident now."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.utils import timezone

from analysis.evidence.pulling import DEADLINE, LEASE, MAX_ATTEMPTS
from analysis.evidence.source_plugins import plugin_of
from analysis.models import CheckRun, Source
from analysis.sources.base import (
    Series,
    SourceAnswer,
    SourceError,
    SourcePlugin,
    SourceQuery,
    Target,
    Window,
    fill,
)
from common import leased_jobs
from incidents.models import Incident
from kb.models import Check

logger = logging.getLogger(__name__)
AROUND = timedelta(minutes=15)
"""The window of a check, before and after impact began."""
MAX_SERVICES = 3
HOLDS, DOES_NOT_HOLD = 1.5, 0.6
"""Factors of the score of a cause whose checks all hold, or none of them."""


def plan_checks(incident: Incident, causes: Iterable[int], again: bool = False) -> list[int]:
    """Write a run for every check of `causes` and return the ids to work on.

    A check that ran already is not run again unless `again`.
    """
    rows = [
        CheckRun(check_asked=check, incident=incident)
        for check in Check.objects.filter(cause__in=causes)
    ]
    runs = incident.check_runs.filter(check_asked__cause__in=causes)
    with transaction.atomic():
        CheckRun.objects.bulk_create(rows, ignore_conflicts=True)
        if again:
            finished = runs.exclude(state__in=leased_jobs.PENDING)
            for run in finished.select_for_update():
                run.requeue()
                run.holds = run.value = None
                run.save()
    return list(runs.filter(state=CheckRun.State.WAITING).values_list("pk", flat=True))


@transaction.atomic
def requeue_early(incident: Incident) -> None:
    """Let checks run again that ran before their window was over; results stay until replaced."""
    over = incident.impact_started_at + AROUND
    early = incident.check_runs.exclude(state__in=leased_jobs.PENDING).filter(finished_at__lt=over)
    for run in early.select_for_update():
        run.requeue()
        run.save()


def run_check(run_id: int) -> bool:
    """Claim one run, query its source, write the outcome. False when it is not ours to do."""
    rows = CheckRun.objects.select_related("check_asked", "incident")
    run = leased_jobs.claim(rows, run_id, LEASE)
    if run is None:
        return False
    error, outcome = "", None
    try:
        if run.attempts > MAX_ATTEMPTS:
            error = "Workers died on this check again and again; gave up."
        else:
            outcome = _query_source(run.check_asked, run.incident)
    except SourceError as problem:
        if problem.passing and run.attempts < MAX_ATTEMPTS:
            leased_jobs.retry_later(run, str(problem))
            return True
        error = str(problem)
    except SoftTimeLimitExceeded:
        error = f"Stopped: it took longer than {DEADLINE:.0f} s."
    except Exception:
        logger.exception("Check %s failed", run)
        error = "The check failed unexpectedly; the worker's log has the details."
    with transaction.atomic():
        current = leased_jobs.finish(run, error)
        if current is not None and outcome is not None:
            current.value, current.detail = outcome
            current.holds = current.check_asked.holds(current.value)
            current.save()
    return True


def _query_source(check: Check, incident: Incident) -> tuple[float, str]:
    """The value that supports the check most, among the incident's services, and whose it is."""
    source = Source.objects.filter(name=check.source).first()
    if source is None:
        raise SourceError(
            "no-source", f"There is no source named {check.source!r}. Edit the check."
        )
    plugin = plugin_of(source)
    start = incident.impact_started_at
    window = Window(start - AROUND, max(start, min(timezone.now(), start + AROUND)))
    queries = _queries(check, incident)
    until = time.monotonic() + DEADLINE
    values: list[tuple[float, str]] = []
    for service, text in queries:
        answer = plugin.pull(
            SourceQuery(check.name, text), window, max(1.0, until - time.monotonic())
        )
        value = _value(check, answer, plugin)
        if value is not None:
            values.append((value, service))
    if not values:
        raise SourceError("no-data", f"{source.name} has no values for it around the impact.")
    above = check.comparison == Check.Comparison.ABOVE
    return max(values) if above else min(values)


def _queries(check: Check, incident: Incident) -> list[tuple[str, str]]:
    if "$service" not in check.query:
        return [("", check.query)]
    services = list(incident.services.all()[:MAX_SERVICES])
    if not services:
        raise SourceError("no-service", "The incident names no service to query.")
    return [
        (service.name, fill(check.query, Target(service.name, service.kind)))
        for service in services
    ]


def _value(check: Check, answer: SourceAnswer, plugin: SourcePlugin) -> float | None:
    if check.statistic == Check.Statistic.COUNT:
        if plugin.items != "lines":
            raise SourceError("mismatch", "Only a source of log lines can count lines.")
        return float(len(answer.items))
    series = [item for item in answer.items if isinstance(item, Series) and item.values]
    if plugin.items != "series":
        raise SourceError("mismatch", "This source returns log lines: choose to count them.")
    if not series:
        return None
    values = [value for item in series for value in item.values]
    if check.statistic == Check.Statistic.LAST:
        values = [item.values[-1] for item in series]
    if check.statistic == Check.Statistic.MEAN:
        return sum(values) / len(values)
    if check.statistic == Check.Statistic.MIN:
        return min(values)
    if check.statistic == Check.Statistic.LAST and check.comparison == Check.Comparison.BELOW:
        return min(values)
    return max(values)


def factors(incident: Incident) -> dict[int, float]:
    """By cause: the factor of its score that the outcomes of its checks give."""
    outcomes: dict[int, list[bool]] = {}
    for cause, holds in incident.check_runs.values_list("check_asked__cause", "holds"):
        if holds is not None:
            outcomes.setdefault(cause, []).append(holds)
    return {
        cause: HOLDS if all(holds) else DOES_NOT_HOLD if not any(holds) else 1.0
        for cause, holds in outcomes.items()
    }
