"""PagerDuty webhooks V3: its incidents become alerts here, and what people do there follows.

Event types and the shapes of their data are those of developer.pagerduty.com/docs/webhooks, as of
November 2026. It names people by an id and a name, never by their address.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from common.alert_fields import (
    APPLICATIONS,
    SERVICES,
    labels,
    links_in,
    severity_in,
    tags,
    value_of,
)
from common.alert_names import alert_name, priority_in
from common.pager_notes import is_ours
from common.payload_text import paragraphs, prose
from common.payloads import BadPayload, dig, listed, required_text, text, time_at, web_address
from common.placeholders import first_text
from common.signing import Hmac
from incidents.webhooks.base import (
    AlertEvent,
    Event,
    Ignored,
    Incoming,
    PagerEvent,
    PagerPerson,
    Webhook,
)

MEANT = {
    "incident.triggered": True,
    "incident.reopened": True,
    "incident.acknowledged": True,
    "incident.priority_updated": True,
    "incident.resolved": False,
}
DETAILS = (
    "body.details",
    "details",
    "custom_details",
    "first_trigger_log_entry.channel.details",
    "alerts.0.body.details",
    "alerts.0.body.cef_details.details",
)
"""Where custom details are, by the sender's version and what it includes."""


class PagerDuty(Webhook):
    kind = "pagerduty"
    title = "PagerDuty webhooks V3"
    scheme = Hmac("x-pagerduty-signature", prefix="v1=")

    def sender_id(self, incoming: Incoming) -> str:
        return text(incoming.json(), "event.id", 200)

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        if dig(data, "event") is None and dig(data, "messages.0") is not None:
            raise BadPayload(
                "“event.event_type” is missing: this is an older webhook. Add a webhook"
                " subscription of version 3 in PagerDuty."
            )
        what = required_text(data, "event.event_type")
        if what in MEANT:
            return [_alert(data, what), *_merge(data, what)]
        if what in ACTS:
            return [ACTS[what](data)]
        return [Ignored(f"“{what}” needs nothing from us.")]


def _alert(data: Any, what: str) -> AlertEvent:
    firing = MEANT[what]
    incident = dig(data, "event.data", {})
    at = time_at(data, "event.occurred_at")
    started = time_at(incident, "created_at")
    title = first_text(incident, "title", "summary", "description", limit=1000)
    named = _labels(incident)
    explicit = value_of(named, *SERVICES, *APPLICATIONS)
    summary = text(incident, "description", 2000)
    acknowledged = what == "incident.acknowledged"
    return AlertEvent(
        fingerprint=required_text(data, "event.data.id", 200),
        name=alert_name(title) or "PagerDuty incident",
        firing=firing,
        starts_at=at if what == "incident.reopened" else started if firing else None,
        ends_at=None if firing else at,
        summary=summary if summary != title else "",
        description=paragraphs(*_details(incident)),
        links=links_in(named),
        severity=first_text(incident, "priority.summary", "priority.name", limit=50)
        or severity_in(named)
        or priority_in(title),
        service=explicit[:100] or text(incident, "service.summary", 100),
        labels=named,
        group_key=text(incident, "incident_key", 500),
        url=web_address(incident, "html_url"),
        acknowledged=acknowledged,
        acknowledged_at=at if acknowledged else None,
        acknowledged_by=_person(data, "event.agent") if acknowledged else PagerPerson(),
    )


def _person(data: Any, path: str) -> PagerPerson:
    """The person at a reference; nobody where it is a service or an integration."""
    if not text(data, f"{path}.type", 50).startswith("user"):
        return PagerPerson()
    return PagerPerson(text(data, f"{path}.id", 100), text(data, f"{path}.summary", 100))


def _act(data: Any, act: str, path: str = "event.data.incident.id", **more: Any) -> PagerEvent:
    at: datetime | None = time_at(data, "event.occurred_at")
    return PagerEvent(
        act,
        required_text(data, path, 200),
        more.pop("id", "") or required_text(data, "event.id", 200),
        at,
        by=_person(data, "event.agent"),
        **more,
    )


def _merge(data: Any, what: str) -> list[Event]:
    """PagerDuty resolves an incident that it merges into another, and says so in the reason."""
    into = text(data, "event.data.resolve_reason.incident.id", 200)
    if MEANT[what] or not into:
        return []
    return [_act(data, "merge", "event.data.id", into=into)]


def _written(data: Any) -> Event:
    """A note or a status update; both have an id of their own."""
    written = text(data, "event.data.content", 25_000) or text(data, "event.data.message", 25_000)
    if is_ours(written):
        return Ignored("This note is ours.")
    if not written:
        return Ignored("The note is empty.")
    cut = " … (PagerDuty cut the rest off)" if dig(data, "event.data.trimmed") is True else ""
    key = f"note {required_text(data, 'event.data.id', 150)}"
    return _act(data, "note", text=written + cut, id=key)


def _responder(data: Any) -> Event:
    """Called to help, or the reply: `state` is pending, accepted or declined."""
    act = "decline" if text(data, "event.data.state", 20) == "declined" else "respond"
    person = _person(data, "event.data.user")
    if not person:
        return Ignored("It called no person to help.")
    return _act(data, act, about=person)


def _reassigned(data: Any) -> Event:
    return _act(data, "own", "event.data.id", about=_person(data, "event.data.assignees.0"))


def _escalated(data: Any) -> Event:
    """To the next level, or to another policy: those who are paged have not taken it on yet."""
    people = [text(each, "summary", 100) for each in listed(data, "event.data.assignees")]
    policy = text(data, "event.data.escalation_policy.summary", 100)
    named = ", ".join(filter(None, people[:5]))
    to = f"{named} ({policy})" if named and policy else named or policy
    return _act(data, "escalate", "event.data.id", text=to)


ACTS: dict[str, Callable[[Any], Event]] = {
    "incident.annotated": _written,
    "incident.status_update_published": _written,
    "incident.unacknowledged": lambda data: _act(data, "unacknowledge", "event.data.id"),
    "incident.reassigned": _reassigned,
    "incident.delegated": _escalated,
    "incident.escalated": _escalated,
    "incident.responder.added": _responder,
    "incident.responder.replied": _responder,
}


def _labels(incident: Any) -> dict[str, str]:
    named = labels(tags(incident, "custom_fields"))
    for path in DETAILS:
        named |= labels(incident, path)
    return named


def _details(incident: Any) -> list[str]:
    lines = [prose(incident, path) for path in DETAILS]
    fields = tags(incident, "custom_fields")
    lines += [f"{name}: {value}" for name, value in fields.items() if value != "true"]
    about = {
        "Urgency": text(incident, "urgency", 50),
        "Escalation policy": text(incident, "escalation_policy.summary", 200),
        "Team": text(incident, "teams.0.summary", 200),
    }
    return [*lines, *(f"{name}: {value}" for name, value in about.items() if value)]
