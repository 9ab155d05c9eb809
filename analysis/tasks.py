"""Celery tasks. Each may run twice or be lost; the sweep finds what is left to do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from amqp.exceptions import ChannelError
from celery import current_app, shared_task
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import worker_ready
from django.utils import timezone
from kombu.exceptions import OperationalError

from analysis.answers import changes
from analysis.evidence import checks, discovery, following, log_watch, planning, pulling
from analysis.models import CheckRun, Fingerprint
from analysis.suggestions import (
    calibration_versions,
    live_index,
    regression_guard,
    unexplained_groups,
)
from analysis.suggestions.engine import suggest_for_incident
from common.leased_jobs import claimable
from incidents.models import Incident
from incidents.permissions import Nobody

logger = logging.getLogger(__name__)


CHECKED_CAUSES = 3
"""Suggested causes whose checks run by themselves."""


FIRST, LATER = 0, 3
"""Priorities within the queue of pulls; Redis takes the lower number first."""


def enqueue(request_ids: list[int], priority: int = FIRST) -> None:
    _enqueue(lambda key: pull_evidence.apply_async((key,), priority=priority), request_ids)


def _enqueue(send: Callable[[int], Any], ids: list[int]) -> None:
    """Send rows to workers. With the broker down nothing is lost: the sweep sends them later."""
    try:
        for row_id in ids:
            send(row_id)
    except (OperationalError, OSError) as error:
        logger.warning("The broker is unavailable (%s); the sweep will enqueue again.", error)


@shared_task
def plan_evidence(incident_id: int) -> None:
    """The likeliest pulls come before all others, so that a new incident has evidence soon; where
    many wait, the sweep enqueues the rest later."""
    incident = Incident.objects.filter(pk=incident_id).first()
    if incident:
        planned = planning.plan_evidence(incident)
        at_once = max(FIRST_PULLS, MAX_QUEUED - messages_queued())
        enqueue(planned[:FIRST_PULLS])
        enqueue(planned[FIRST_PULLS:at_once], LATER)


@shared_task
def pull_evidence(request_id: int) -> None:
    pulling.pull(request_id)


def run_checks_of_suggested_causes() -> None:
    """Run the checks of the causes that are suggested first, once evidence is complete."""
    for incident in planning.unchecked_incidents():
        suggestions = suggest_for_incident(incident, Nobody(), limit=CHECKED_CAUSES)
        regression_guard.reopen_returned_cause(incident, suggestions)
        causes = [suggestion.cause.pk for suggestion in suggestions.causes]
        # Evidence has changed since: what did not hold a minute into the impact may hold now.
        checks.requeue_early(incident)
        enqueue_checks(checks.plan_checks(incident, causes))
        Fingerprint.objects.filter(incident=incident).update(checked_at=timezone.now())


@shared_task
def run_check(run_id: int) -> None:
    checks.run_check(run_id)


def enqueue_checks(run_ids: list[int]) -> None:
    _enqueue(run_check.delay, run_ids)


MAX_QUEUED = 40
"""Messages the sweep lets queue: those of a new incident wait behind them, for some 3 s at most."""
FIRST_PULLS = 2
"""Pulls of a new incident that come before those of others, however many wait."""
OVERDUE = timedelta(seconds=15)


def messages_queued() -> int:
    """How many messages wait in the queue of the pulls; 0 where that cannot be known."""
    queue = current_app.amqp.router.route({}, pull_evidence.name)["queue"].name
    try:
        with current_app.connection_or_acquire() as connection:
            return connection.default_channel.queue_declare(queue, passive=True).message_count
    except (ChannelError, OperationalError, OSError):
        return 0


@shared_task(expires=10)
def sweep() -> None:
    """Plan and enqueue whatever the database says is still to do.

    While messages are queued, what became due just now is most likely among them; only what is
    overdue is sent again, so that the queue does not fill with copies.
    """
    for incident in planning.unplanned_incidents():
        planning.plan_evidence(incident)
    following.follow_incidents()
    run_checks_of_suggested_causes()
    queued = messages_queued()
    if queued < MAX_QUEUED:
        overdue = OVERDUE if queued else timedelta(0)
        enqueue(pulling.due_requests(MAX_QUEUED - queued, overdue), LATER)
        due = CheckRun.objects.filter(claimable(overdue)).values_list("pk", flat=True)
        enqueue_checks(list(due[:MAX_QUEUED]))


@shared_task
def follow_answers() -> None:
    """Report the answers that evidence, checks or people have changed."""
    changes.follow_answers()


@shared_task(soft_time_limit=3500, time_limit=3600, expires=600)
def write_index() -> None:
    """Rewrite the index file when much has changed; re-weights by today's typical lengths."""
    live_index.write_file()


@shared_task(soft_time_limit=1700, time_limit=1800, expires=600)
def learn() -> None:
    """Learn from history how sure suggestions are, when people have decided since."""
    calibration_versions.learn()


@shared_task(soft_time_limit=1700, time_limit=1800, expires=600)
def find_gaps() -> None:
    """Group the incidents that are alike and have no cause."""
    unexplained_groups.regroup()


LOGS_AT_ONCE = 30
"""Logs read by one run: every ten minutes some 300 can be read."""


@shared_task(soft_time_limit=50, time_limit=60)
def watch_logs() -> None:
    """Read the newest lines of watched logs; those that time does not suffice for come next."""
    try:
        for profile in log_watch.due_profiles(LOGS_AT_ONCE):
            log_watch.read_log(profile)
    except SoftTimeLimitExceeded:
        logger.warning("Time ran out while reading logs; the next run goes on.")


@shared_task(soft_time_limit=280, time_limit=300, expires=1800)
def discover_services() -> None:
    """Find services that sources see and the catalogue does not have."""
    discovery.discover_services()


@worker_ready.connect
def catch_up_on_start(**_: object) -> None:
    sweep.delay()
    write_index.delay()
    learn.delay()
    find_gaps.delay()
    discover_services.delay()
