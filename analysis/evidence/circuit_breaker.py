"""Limits the load on each source and pauses a source that is down (Nygard, “Release It!”, 2007).

A source that hangs would otherwise block a worker for a full time-out with every request of every
incident. After a few failures in a row the circuit opens; after a pause one request tries again.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from analysis.models import Source
from analysis.sources.base import MAX_AT_ONCE, MAX_PER_MINUTE, SourceError
from common.leased_jobs import LeasedJob

MAX_FAILURES = 3
"""In a row, before the circuit of a source opens."""
PAUSE = timedelta(seconds=30)


def wait_for(source: Source) -> timedelta:
    """How long a request must wait for the limits of its source; zero when it may run now."""
    now = timezone.now()
    requests = source.requests.filter(claimed_at__gte=now - timedelta(minutes=1))
    at_once = int(source.settings.get("at_once") or MAX_AT_ONCE)
    claimed = requests.filter(state=LeasedJob.State.CLAIMED, lease_until__gte=now)
    if claimed.count() >= at_once:
        return timedelta(seconds=1)
    if requests.count() >= int(source.settings.get("per_minute") or MAX_PER_MINUTE):
        return timedelta(seconds=5)
    return timedelta(0)


def open_reason(source: Source) -> str:
    """Why the circuit of a source is open; empty when requests may run.

    After a pause one request runs, and the others wait for its outcome.
    """
    now = timezone.now()
    row = Source.objects.filter(pk=source.pk, failures__gte=MAX_FAILURES)
    if not row.exists() or row.filter(resting_until__lte=now).update(resting_until=now + PAUSE):
        return ""
    source.refresh_from_db(fields=["trouble"])
    return f"Not queried: it failed {MAX_FAILURES} times in a row, last with “{source.trouble}”"


def record_failure(source: Source, reason: str) -> None:
    """The source hung, broke off or could not be reached."""
    Source.objects.filter(pk=source.pk).update(
        failures=F("failures") + 1, resting_until=timezone.now() + PAUSE, trouble=reason[:500]
    )


def record_refusal(source: Source, error: SourceError) -> None:
    """Remember what the server itself wrote, for the page of the source."""
    if error.detail:
        Source.objects.filter(pk=source.pk).update(last_refusal=error.in_full[:1000])


def record_success(source: Source) -> None:
    Source.objects.filter(pk=source.pk, failures__gt=0).update(
        failures=0, resting_until=None, trouble=""
    )
    if source.answered_at is None:
        Source.objects.filter(pk=source.pk, answered_at=None).update(answered_at=timezone.now())
