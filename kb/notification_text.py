"""The texts of notifications: what a channel reads when something happens, on every platform.

The headline is the kind of event (`KINDS` in incidents/events/outbox.py) and the text that was
recorded with the event where it happened. How a platform lays it out is in `kb/chat/<platform>.py`.
"""

from __future__ import annotations

from typing import Any

from common.redaction import redact
from incidents.events.outbox import KINDS
from incidents.models import Event
from kb.chat.base import AnswerItem, ChatAnswer


def notification_text(event: Event) -> ChatAnswer:
    """What people read: the headline, the incident with its state, and the page of the event."""
    incident = event.incident
    services = ", ".join(service.name for service in incident.services.all())
    state = " · ".join(filter(None, [incident.severity, incident.get_status_display(), services]))
    items = [AnswerItem(str(incident), incident.get_absolute_url(), [state])]
    if event.path != incident.get_absolute_url():
        items.append(AnswerItem(event.text, event.path))
    headline = f"{KINDS.get(event.kind, event.kind)}: {event.text}"
    return ChatAnswer(headline, items, private=False).redacted()


def notification_data(event: Event, base: str = "") -> dict[str, Any]:
    """The same for programs that subscribe with a plain webhook."""
    incident = event.incident
    return {
        "id": event.pk,
        "kind": event.kind,
        "at": event.at.isoformat(),
        "text": redact(event.text),
        "url": f"{base}{event.path}",
        "incident": {
            "id": incident.pk,
            "reference": incident.reference,
            "title": redact(incident.title),
            "severity": incident.severity,
            "status": incident.status,
        },
    }
