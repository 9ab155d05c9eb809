"""Jobs as database rows. The row is the truth; a Celery message only carries its id.

A worker claims a row with a lease. If it dies, the lease expires and a periodic task enqueues the
row again. A worker that lost its claim writes nothing, so that a job has one outcome however often
it ran.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

logger = logging.getLogger(__name__)
RETRY_AFTER = timedelta(seconds=5)
"""Before the second attempt; doubled with each further one."""


class LeasedJob(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        CLAIMED = "claimed", "Under way"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.CharField(max_length=40, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(default=timezone.now)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def requeue(self) -> None:
        """Reset to waiting, unsaved; former results stay until they are replaced."""
        self.state, self.attempts, self.error = self.State.WAITING, 0, ""
        self.not_before, self.finished_at = timezone.now(), None


Job = TypeVar("Job", bound=LeasedJob)
Error = TypeVar("Error", bound=Exception)
PENDING = [LeasedJob.State.WAITING, LeasedJob.State.CLAIMED]


def claimable(overdue: timedelta = timedelta(0)) -> Q:
    """Waiting and due since `overdue`, or claimed with a lease that has expired."""
    now = timezone.now()
    waiting = Q(state=LeasedJob.State.WAITING, not_before__lte=now - overdue)
    return waiting | Q(state=LeasedJob.State.CLAIMED, lease_until__lt=now)


def claim(rows: models.QuerySet[Job], pk: int, lease: timedelta) -> Job | None:
    """Claim a job; None if it was deleted, is finished or claimed by another worker."""
    now = timezone.now()
    updated = rows.filter(claimable(), pk=pk).update(
        state=LeasedJob.State.CLAIMED,
        claimed_by=uuid.uuid4().hex,
        claimed_at=now,
        lease_until=now + lease,
        attempts=F("attempts") + 1,
    )
    return rows.get(pk=pk) if updated else None


def claim_due(
    due: models.QuerySet[Job], rows: models.QuerySet[Job], pk: int, lease: timedelta
) -> Job | None:
    """Claim a job of `rows` if it is among those that are `due`."""
    return claim(rows, pk, lease) if due.filter(pk=pk).exists() else None


def outcome_of(
    job: Job,
    work: Callable[[Job], str],
    expected: type[Error],
    fail: Callable[[Job, Error], str],
    end: Callable[[Job, str], None],
) -> str:
    """What `work` on a claimed job returns, or what `fail` makes of an `expected` error.

    A bug ends the job with a stated failure: it would be claimed again without end.
    """
    try:
        return work(job)
    except expected as error:
        return fail(job, error)
    except Exception:
        logger.exception("%s failed", job)
        end(job, "It failed unexpectedly; the worker's log has the details.")
        return "error"


def requeue(rows: models.QuerySet[Any], **changed: Any) -> None:
    """Have jobs done again at once, but for those that a worker is busy with."""
    rows.exclude(state=LeasedJob.State.CLAIMED).update(
        state=LeasedJob.State.WAITING,
        attempts=0,
        not_before=timezone.now(),
        finished_at=None,
        **changed,
    )


class RequestedJobs(models.QuerySet[Job]):
    """Jobs with a count of `requests`: it says that one came while a worker was busy."""

    def request(self) -> None:
        """Have these done; one that a worker is busy with is done again afterwards."""
        self.update(requests=F("requests") + 1)
        requeue(self)


def retry_later(job: LeasedJob, error: str, at_least: timedelta = timedelta(0)) -> None:
    """Schedule another attempt, not before `at_least`, unless the claim was lost meanwhile."""
    type(job)._default_manager.filter(pk=job.pk, claimed_by=job.claimed_by).update(
        state=LeasedJob.State.WAITING,
        not_before=timezone.now() + max(at_least, RETRY_AFTER * 2 ** (job.attempts - 1)),
        error=error,
        lease_until=None,
    )


def finish(job: Job, error: str = "") -> Job | None:
    """Store the outcome in the caller's transaction; None if the claim was lost."""
    rows = type(job)._default_manager.select_for_update()
    current: Job | None = rows.filter(
        pk=job.pk, claimed_by=job.claimed_by, state=LeasedJob.State.CLAIMED
    ).first()
    if current is None:
        return None
    current.state = LeasedJob.State.FAILED if error else LeasedJob.State.DONE
    current.error, current.lease_until, current.finished_at = error, None, timezone.now()
    current.save()
    return current
