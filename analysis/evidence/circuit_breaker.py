"""Not asking a source more than it can bear, and leaving one alone for a while that is down.

A source that hangs would otherwise hold a worker for a full time-out with every request of every
incident. After a few failures in a row it rests; then one request tries it again (the pattern is
known as a circuit breaker: Nygard, “Release It!”, 2007).
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from analysis.models import Source
from analysis.sources.base import AT_ONCE, PER_MINUTE
from common.leased_jobs import Errand

FAILURES = 3
"""In a row, before a source is left alone."""
REST = timedelta(seconds=30)


def wait_for(source: Source) -> timedelta:
    """How long to leave a source alone, by its own caps; zero when it may be asked now."""
    now = timezone.now()
    requests = source.requests.filter(claimed_at__gte=now - timedelta(minutes=1))
    at_once = int(source.settings.get("at_once") or AT_ONCE)
    claimed = requests.filter(state=Errand.State.CLAIMED, lease_until__gte=now)
    if claimed.count() >= at_once:
        return timedelta(seconds=1)
    if requests.count() >= int(source.settings.get("per_minute") or PER_MINUTE):
        return timedelta(seconds=5)
    return timedelta(0)


def resting(source: Source) -> str:
    """Why the source is not asked now; empty when it is.

    Of the requests that come after a rest one goes through, and the others wait for its outcome.
    """
    now = timezone.now()
    row = Source.objects.filter(pk=source.pk, failures__gte=FAILURES)
    if not row.exists() or row.filter(resting_until__lte=now).update(resting_until=now + REST):
        return ""
    source.refresh_from_db(fields=["trouble"])
    return f"Not asked: it failed {FAILURES} times in a row, last with “{source.trouble}”"


def went_wrong(source: Source, reason: str) -> None:
    """The source hung, broke off or could not be reached."""
    Source.objects.filter(pk=source.pk).update(
        failures=F("failures") + 1, resting_until=timezone.now() + REST, trouble=reason[:500]
    )


def answered(source: Source) -> None:
    Source.objects.filter(pk=source.pk, failures__gt=0).update(
        failures=0, resting_until=None, trouble=""
    )
