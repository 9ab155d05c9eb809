"""What happened, written with what made it happen: the outbox of notifications and streams."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from incidents.models.event import Event
from incidents.permissions import Viewer, visible

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


def record(kind: str, incident: Any, text: str, path: str = "") -> Event:
    """Write an event, within the caller's transaction. `incident` decides who may see it."""
    return Event.objects.create(
        kind=kind, incident=incident, text=text[:500], path=path or incident.get_absolute_url()
    )


def visible_events(viewer: Viewer) -> QuerySet[Event]:
    return Event.objects.filter(visible(viewer, "incident__"))
