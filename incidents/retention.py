"""How long short-lived records are retained, and their deletion."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from incidents.models import Delivery, Event, IdempotentResponse

DELIVERY_RETENTION = timedelta(days=30)
"""Deliveries with their bodies: long enough to investigate a failure and replay it."""
EVENT_RETENTION = timedelta(days=30)
"""Events of the outbox: notifications were sent long before, event streams resume here."""
IDEMPOTENT_RESPONSE_RETENTION = timedelta(days=2)
"""Responses for repeated requests with the same Idempotency-Key."""


def delete_old_deliveries() -> int:
    """Delete deliveries that were no longer waiting to be processed; returns how many."""
    limit = timezone.now() - DELIVERY_RETENTION
    old = Delivery.objects.filter(received_at__lt=limit)
    return old.exclude(state=Delivery.State.WAITING).delete()[0]


def delete_old_events() -> int:
    return Event.objects.filter(at__lt=timezone.now() - EVENT_RETENTION).delete()[0]


def delete_old_idempotent_responses() -> int:
    limit = timezone.now() - IDEMPOTENT_RESPONSE_RETENTION
    return IdempotentResponse.objects.filter(created_at__lt=limit).delete()[0]
