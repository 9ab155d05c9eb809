"""The outbox: events are written in the transaction of the change that they report."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from incidents.events.pages import may_open, with_open_pages
from incidents.models.event import Event
from incidents.permissions import Nobody, Viewer, can_see, visible

KINDS = {
    "incident.filed": "An incident was filed",
    "incident.status": "An incident's status changed",
    "incident.severity": "An incident's severity changed",
    "incident.resolved": "An incident was resolved",
    "incident.acknowledged": "An incident was acknowledged",
    "incident.owner": "An incident's owner changed",
    "incident.answer": "Its likely cause or the confidence in it changed",
    "cause.confirmed": "A cause was confirmed",
    "cause.returned": "A cause came back after its fix",
    "postmortem.published": "A postmortem was published",
    "action.overdue": "An action item is overdue",
}


def record(kind: str, incident: Any, text: str, path: str = "") -> Event:
    """Write an event in the caller's transaction.

    Who may see both `incident` and the record at `path` may see the event.
    """
    return Event.objects.create(
        kind=kind, incident=incident, text=text[:500], path=path or incident.get_absolute_url()
    )


def visible_events(viewer: Viewer) -> QuerySet[Event]:
    return with_open_pages(Event.objects.filter(visible(viewer, "incident__")), viewer)


def is_public(event: Event) -> bool:
    """Whether everybody may see an event, now; channels, mails and subscribers get no other."""
    return can_see(Nobody(), event.incident) and may_open(Nobody(), event.path)
