"""How long records that only matter for a while are kept, and their deletion."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from incidents.models import Delivery, Event, KeptAnswer

DELIVERIES_KEPT_FOR = timedelta(days=30)
"""What senders delivered, with bodies: long enough to see what went wrong and replay it."""
EVENTS_KEPT_FOR = timedelta(days=30)
"""Rows of the outbox: notifications went out long before, streams resume from here."""
IDEMPOTENT_RESPONSES_KEPT_FOR = timedelta(days=2)
"""Responses for repeated requests with the same Idempotency-Key."""


def delete_old_deliveries() -> int:
    """Delete deliveries that were no longer waiting to be processed; returns how many."""
    limit = timezone.now() - DELIVERIES_KEPT_FOR
    old = Delivery.objects.filter(received_at__lt=limit)
    return old.exclude(state=Delivery.State.WAITING).delete()[0]


def delete_old_events() -> int:
    return Event.objects.filter(at__lt=timezone.now() - EVENTS_KEPT_FOR).delete()[0]


def delete_old_idempotent_responses() -> int:
    limit = timezone.now() - IDEMPOTENT_RESPONSES_KEPT_FOR
    return KeptAnswer.objects.filter(created_at__lt=limit).delete()[0]
