"""Working stored deliveries: read them, write what they tell, say what came of it.

One worker at a time does this (an advisory lock), in batches, each in one transaction: a worker
that dies leaves its batch waiting as it was, and alerts of one storm are seen together.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone

from common.payloads import BadPayload
from incidents.alerts.episodes import take_alerts
from incidents.intake import changes
from incidents.models import Delivery
from incidents.webhooks import registry
from incidents.webhooks.base import AlertEvent, ChangeEvent, Event, Ignored, Incoming

logger = logging.getLogger(__name__)

BATCH = 200
MOST_EVENTS = 10_000
LOCK = 7_301_905
ATTEMPTS = 3


@dataclass
class Read:
    """A delivery and what it tells, or why it tells nothing."""

    delivery: Delivery
    events: list[Event] = field(default_factory=list)
    problem: str = ""
    outcomes: list[str] = field(default_factory=list)


def work_waiting(seconds: float = 15.0) -> int:
    """Work batches until none waits or the time is up; how many deliveries were worked."""
    until = timezone.now() + timedelta(seconds=seconds)
    worked = 0
    while timezone.now() < until:
        count = _work_batch()
        worked += count
        if not count:
            break
    return worked


def _work_batch() -> int:
    """Work one batch; 0 when none waits or somebody else is at it."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return 0
        due = Delivery.objects.filter(
            state=Delivery.State.WAITING, not_before__lte=timezone.now()
        ).select_related("integration__service")
        batch = list(due.select_for_update(of=("self",)).order_by("pk")[:BATCH])
        if not batch:
            return 0
        try:
            with transaction.atomic():
                _work(batch)
        except OperationalError:
            raise
        except Exception:
            # One delivery the database will not have must not hold up the others.
            logger.exception("A batch of %d deliveries failed; working them one by one", len(batch))
            _work_singly(batch)
    return len(batch)


def _work_singly(batch: Sequence[Delivery]) -> None:
    for delivery in batch:
        try:
            with transaction.atomic():
                _work([delivery])
        except OperationalError:
            raise
        except Exception as error:
            logger.exception("Working delivery %s failed", delivery.pk)
            delivery.attempts += 1
            reason = (
                str(error).splitlines()[0][:300]
                if isinstance(error, DatabaseError)
                else type(error).__name__
            )
            gave_up = delivery.attempts >= ATTEMPTS
            delivery.state = Delivery.State.FAILED if gave_up else Delivery.State.WAITING
            delivery.not_before = timezone.now() + timedelta(seconds=10 * 2**delivery.attempts)
            delivery.outcome = f"It could not be worked ({reason}); the worker's log says more."
            delivery.save(update_fields=["attempts", "state", "not_before", "outcome"])


def read(delivery: Delivery) -> Read:
    """What a stored delivery tells."""
    plugin = registry().get(delivery.integration.kind)
    if plugin is None:
        return Read(delivery, problem=f"No plug-in {delivery.integration.kind!r} is installed.")
    incoming = Incoming(
        delivery.headers,
        bytes(delivery.body),
        delivery.received_at,
        delivery.integration.settings,
    )
    try:
        events = plugin().read(incoming)
    except BadPayload as error:
        return Read(delivery, problem=str(error))
    except Exception:
        # A plug-in's own mistake must end as a stated failure, with the delivery kept for replay.
        logger.exception("Reading delivery %s failed", delivery.pk)
        return Read(delivery, problem="The plug-in failed on it; the worker's log says more.")
    if len(events) > MOST_EVENTS:
        return Read(delivery, problem=f"It holds more than {MOST_EVENTS} events.")
    return Read(delivery, events)


def _work(batch: Sequence[Delivery]) -> None:
    found = [read(delivery) for delivery in batch]
    alerts = [(each, event) for each in found for event in each.events
              if isinstance(event, AlertEvent)]  # fmt: skip
    told = take_alerts(
        [(each.delivery.integration, each.delivery.received_at, event) for each, event in alerts]
    )
    for (each, _), outcome in zip(alerts, told, strict=True):
        each.outcomes.append(outcome)
    for each in found:
        for event in each.events:
            if isinstance(event, Ignored):
                each.outcomes.append(event.why)
            elif isinstance(event, ChangeEvent):
                taken, outcome = changes.take_change(
                    each.delivery.integration, event, each.delivery.received_at
                )
                each.outcomes.append(outcome)
                each.problem = each.problem or ("" if taken else outcome)
    now = timezone.now()
    for each in found:
        each.delivery.state = Delivery.State.FAILED if each.problem else Delivery.State.DONE
        each.delivery.outcome = each.problem or _in_short(each.outcomes)
        each.delivery.worked_at = now
        each.delivery.attempts += 1
    Delivery.objects.bulk_update(
        [each.delivery for each in found], ["state", "outcome", "worked_at", "attempts"]
    )


def _in_short(outcomes: list[str]) -> str:
    """Each outcome once, with how often it came."""
    if not outcomes:
        return "It holds no event."
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[outcome] = counts.get(outcome, 0) + 1
    told = [text if n == 1 else f"{text} ({n} times)" for text, n in counts.items()]
    return "; ".join(told[:20]) + (f"; and {len(told) - 20} more" if len(told) > 20 else "")


def replay(delivery: Delivery) -> None:
    """Work a delivery again, for instance after a rule or a service was added."""
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.WAITING, attempts=0, not_before=timezone.now(), outcome=""
    )
