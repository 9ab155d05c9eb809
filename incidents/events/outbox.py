"""What happened, written with what made it happen: the outbox of notifications and streams."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from incidents.models.event import Event

KINDS = {
    "incident.filed": "An incident was filed",
    "incident.status": "An incident's status changed",
    "incident.severity": "An incident's severity changed",
    "incident.resolved": "An incident was resolved",
    "cause.confirmed": "A cause was confirmed",
    "cause.returned": "A cause came back after its fix",
    "postmortem.published": "A postmortem was published",
    "action.overdue": "An action item is overdue",
}


KEPT_FOR = timedelta(days=30)


def record(kind: str, incident: Any, text: str, path: str = "") -> Event:
    """Write an event, within the caller's transaction. `incident` decides who may see it."""
    return Event.objects.create(
        kind=kind, incident=incident, text=text[:500], path=path or incident.get_absolute_url()
    )


def visible_events(user: Any) -> QuerySet[Event]:
    from incidents.permissions import visible

    return Event.objects.filter(visible(user, "incident__"))


def forget_events() -> int:
    return Event.objects.filter(at__lt=timezone.now() - KEPT_FOR).delete()[0]
