"""Processes stored deliveries: parses them, stores their events and records the outcome.

One worker at a time does this (an advisory lock), in batches of one transaction each: a worker
that dies leaves its batch waiting, and alerts of one storm are grouped together.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone

from common.counting import Durations
from common.log_context import logging_about
from common.payloads import BadPayload
from incidents.alerts.episodes import ingest_alerts
from incidents.alerts.severity import severity_note
from incidents.intake import changes
from incidents.intake.announced import take_announcement
from incidents.intake.marked_as_test import as_test
from incidents.intake.receiving import REQUEST_ID, TEST_MARK
from incidents.models import Delivery
from incidents.pager_acts import act_of_acknowledgement, take_over
from incidents.webhooks import registry
from incidents.webhooks.base import (
    AlertEvent,
    AnnouncementEvent,
    ChangeEvent,
    Event,
    Ignored,
    Incoming,
    PagerEvent,
)

logger = logging.getLogger(__name__)

BATCH = 200
MAX_EVENTS = 10_000
LOCK = 7_301_905
MAX_ATTEMPTS = 3
OVERTOOK = timedelta(seconds=15)
"""Before an act of a pager is tried again whose alert is not here; doubled with each attempt."""
PROCESSED = Durations(
    "deliveries_processed", "Deliveries by kind of sender and outcome, from receipt to the end.",
    ["sender", "outcome"], [0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
)  # fmt: skip


@dataclass
class ParsedDelivery:
    """A delivery with its events, or the reason why it has none."""

    delivery: Delivery
    events: list[Event] = field(default_factory=list)
    problem: str = ""
    outcomes: list[str] = field(default_factory=list)
    waits: bool = False
    """It overtook the alert that it is about: it is processed again a little later."""


def process_waiting(seconds: float = 15.0) -> int:
    """Process batches until none waits or the time is up; returns the number of deliveries."""
    until = timezone.now() + timedelta(seconds=seconds)
    processed = 0
    while timezone.now() < until:
        count = _process_batch()
        processed += count
        if not count:
            break
    return processed


def _process_batch() -> int:
    """Process one batch; 0 when none waits or another worker holds the lock."""
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
                _process(batch)
        except OperationalError:
            raise
        except Exception:
            # One delivery that the database rejects must not block the others.
            logger.exception("%d deliveries failed as a batch; processing each alone", len(batch))
            _process_singly(batch)
    _count(batch)
    return len(batch)


def _count(batch: Sequence[Delivery]) -> None:
    now = timezone.now()
    for delivery in batch:
        outcome = delivery.state if delivery.state != Delivery.State.WAITING else "retried"
        seconds = max(0.0, (now - delivery.received_at).total_seconds())
        PROCESSED.observe(seconds, delivery.integration.kind, outcome)


def _about(delivery: Delivery) -> AbstractContextManager[None]:
    request_id = delivery.headers.get(REQUEST_ID)
    return logging_about(delivery_id=delivery.sender_id, request_id=request_id)


def _process_singly(batch: Sequence[Delivery]) -> None:
    for delivery in batch:
        try:
            with transaction.atomic():
                _process([delivery])
        except OperationalError:
            raise
        except Exception as error:
            with _about(delivery):
                logger.exception("Processing delivery %s failed", delivery.pk)
            delivery.attempts += 1
            reason = (
                str(error).splitlines()[0][:300]
                if isinstance(error, DatabaseError)
                else type(error).__name__
            )
            gave_up = delivery.attempts >= MAX_ATTEMPTS
            delivery.state = Delivery.State.FAILED if gave_up else Delivery.State.WAITING
            delivery.not_before = timezone.now() + timedelta(seconds=10 * 2**delivery.attempts)
            delivery.outcome = f"It could not be processed ({reason}); the worker's log says more."
            delivery.save(update_fields=["attempts", "state", "not_before", "outcome"])


def parse_delivery(delivery: Delivery) -> ParsedDelivery:
    """The events of a stored delivery."""
    plugin = registry().get(delivery.integration.kind)
    if plugin is None:
        return ParsedDelivery(
            delivery, problem=f"No plug-in {delivery.integration.kind!r} is installed."
        )
    incoming = Incoming(
        delivery.headers,
        bytes(delivery.body),
        delivery.received_at,
        delivery.integration.settings,
    )
    try:
        events = plugin().read(incoming)
    except BadPayload as error:
        return ParsedDelivery(delivery, problem=str(error))
    except Exception:
        # A bug in a plug-in must end as a recorded failure that can be replayed.
        with _about(delivery):
            logger.exception("Parsing delivery %s failed", delivery.pk)
        return ParsedDelivery(
            delivery, problem="The plug-in failed on it; the worker's log says more."
        )
    if TEST_MARK in incoming.headers:
        events = as_test(events, incoming.headers[TEST_MARK])
    if len(events) > MAX_EVENTS:
        return ParsedDelivery(delivery, problem=f"It holds more than {MAX_EVENTS} events.")
    return ParsedDelivery(delivery, events)


def _store(delivery: Delivery, event: ChangeEvent | AnnouncementEvent) -> tuple[bool, str]:
    """Whether it could be stored, and the outcome in words."""
    if isinstance(event, AnnouncementEvent):
        return take_announcement(delivery.integration, event)
    return changes.ingest_change(delivery.integration, event, delivery.received_at)


def _process(batch: Sequence[Delivery]) -> None:
    parsed = [parse_delivery(delivery) for delivery in batch]
    alerts = [
        (each, event) for each in parsed for event in each.events if isinstance(event, AlertEvent)
    ]
    alert_outcomes = ingest_alerts(
        [(each.delivery.integration, each.delivery.received_at, event) for each, event in alerts]
    )
    for (each, alert), outcome in zip(alerts, alert_outcomes, strict=True):
        note = severity_note(alert.severity)
        each.outcomes.append(f"{outcome}; {note}" if note else outcome)
    for each in parsed:
        for event in each.events:
            if isinstance(event, Ignored):
                each.outcomes.append(event.why)
            elif isinstance(event, ChangeEvent | AnnouncementEvent):
                stored, outcome = _store(each.delivery, event)
                each.outcomes.append(outcome)
                each.problem = each.problem or ("" if stored else outcome)
        _take_over_acts(each)
    now = timezone.now()
    for each in parsed:
        each.delivery.state = _state_of(each)
        if each.delivery.state == Delivery.State.WAITING:
            each.delivery.not_before = now + OVERTOOK * 2**each.delivery.attempts
        each.delivery.outcome = each.problem or _summary(each.outcomes)
        each.delivery.worked_at = now
        each.delivery.attempts += 1
    Delivery.objects.bulk_update(
        [each.delivery for each in parsed],
        ["state", "outcome", "worked_at", "attempts", "not_before"],
    )


def _take_over_acts(parsed: ParsedDelivery) -> None:
    """What people did in a pager, after the alerts of the batch are known."""
    for event in parsed.events:
        act = act_of_acknowledgement(event) if isinstance(event, AlertEvent) else event
        if isinstance(act, PagerEvent):
            delivery = parsed.delivery
            outcome = take_over(delivery.integration, act, delivery.received_at)
            parsed.outcomes.append(outcome.text)
            parsed.waits = parsed.waits or outcome.waits


def _state_of(parsed: ParsedDelivery) -> str:
    if parsed.problem:
        return Delivery.State.FAILED
    again = parsed.waits and parsed.delivery.attempts + 1 < MAX_ATTEMPTS
    return Delivery.State.WAITING if again else Delivery.State.DONE


def _summary(outcomes: list[str]) -> str:
    """Each outcome once, with its count."""
    if not outcomes:
        return "It holds no event."
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[outcome] = counts.get(outcome, 0) + 1
    texts = [text if n == 1 else f"{text} ({n} times)" for text, n in counts.items()]
    return "; ".join(texts[:20]) + (f"; and {len(texts) - 20} more" if len(texts) > 20 else "")


def replay(delivery: Delivery) -> None:
    """Process a delivery again, for instance after a rule or a service was added."""
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.WAITING, attempts=0, not_before=timezone.now(), outcome=""
    )
