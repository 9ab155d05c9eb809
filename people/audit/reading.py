"""Readings of private records: one entry for each person, record and hour."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Model
from django.utils import timezone

from common.origin import origin
from people.audit.recording import record
from people.models import AuditEntry

AT_MOST_EVERY = timedelta(hours=1)


def record_reading(subject: Model) -> None:
    """Somebody reads a private record."""
    event = f"{subject._meta.verbose_name}.read".replace(" ", "_").lower()
    by = origin()
    earlier = AuditEntry.objects.filter(
        event=event,
        record_type=subject._meta.label_lower,
        record_id=str(subject.pk),
        actor=by.actor,
        actor_name=by.name[:200],
        at__gt=timezone.now() - AT_MOST_EVERY,
    )
    if not earlier.exists():
        record(event, subject, private=True)
