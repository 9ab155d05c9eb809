"""Opsgenie's outgoing webhooks, also of Jira Service Management.

Actions and their fields are those of “Alert action data” in the documentation of both, as of
November 2026. `username` is the mail address of a person, or the name of whatever acted.
"""

from __future__ import annotations

from typing import Any

from common.alert_fields import (
    APPLICATIONS,
    SERVICES,
    labels,
    link_label,
    tags,
    value_of,
    web_links,
)
from common.alert_names import alert_name
from common.pager_notes import is_ours
from common.payload_text import paragraphs, prose
from common.payloads import listed, required_text, text, time_at
from common.placeholders import first_text
from incidents.webhooks.base import (
    AlertEvent,
    Event,
    Ignored,
    Incoming,
    PagerEvent,
    PagerPerson,
    Webhook,
    change_id,
)

MEANT = {
    "create": True, "acknowledge": True, "updatepriority": True, "close": False, "delete": False,
}  # fmt: skip

ACTS = {
    "unacknowledge": "unacknowledge",
    "addnote": "note",
    "assignownership": "own",
    "takeownership": "own",
    "addrecipient": "respond",
    "addresponder": "respond",
    "addteam": "escalate",
    "escalate": "escalate",
    "escalatenext": "escalate",
}
OURS = "Causebook"
"""As whom we write there."""


class Opsgenie(Webhook):
    kind = "opsgenie"
    title = "Opsgenie"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        action = required_text(data, "action")
        if action.lower() in MEANT:
            return [_alert(data, action.lower()), *_note_beside(data, action.lower())]
        if action.lower() in ACTS:
            return [_act(data, action.lower())]
        return [Ignored(f"“{action}” needs nothing from us.")]


def _alert(data: Any, action: str) -> AlertEvent:
    firing = MEANT[action]
    details = labels(data, "alert.details", 2000)
    named = {**tags(data, "alert.tags"), **labels(data, "alert.details")}
    entity = text(data, "alert.entity", 200)
    if entity:
        named.setdefault("entity", entity)
    service = value_of(named, *SERVICES, *APPLICATIONS) or entity
    written = text(data, "alert.description", 10_000)
    summary, _, rest = written.partition("\n")
    acknowledged = action == "acknowledge"
    return AlertEvent(
        fingerprint=_record(data),
        name=alert_name(required_text(data, "alert.message", 500)),
        firing=firing,
        starts_at=time_at(data, "alert.createdAt"),
        ends_at=None if firing else _at(data),
        summary=summary,
        description=paragraphs(rest, *_details(data, details)),
        links=web_links(*((link_label(name), value) for name, value in details.items())),
        severity=text(data, "alert.priority", 50),
        service=service[:100],
        labels=named,
        group_key=text(data, "alert.alias", 500),
        acknowledged=acknowledged,
        acknowledged_at=_at(data) if acknowledged else None,
        acknowledged_by=_person(data, "alert.username") if acknowledged else PagerPerson(),
    )


def _record(data: Any) -> str:
    named = first_text(data, "alert.alertId", "alert.id", limit=200)
    return named or required_text(data, "alert.alias", 200)


def _at(data: Any) -> Any:
    """When it was done: of an act, the alert's last change."""
    return time_at(data, "alert.updatedAt")


def _person(data: Any, *paths: str) -> PagerPerson:
    """A person by their address; whatever acts without one is no person."""
    named = first_text(data, *paths, limit=200)
    return PagerPerson(name=named, email=named) if "@" in named else PagerPerson(name=named)


def _id(data: Any, action: str) -> str:
    """Opsgenie gives its acts no ids: what happened to which alert at which nanosecond is one."""
    parts = ("updatedAt", "username", "owner", "recipient", "note")
    return change_id(action, *(text(data, f"alert.{part}", 25_000) for part in parts))


def _is_ours(data: Any) -> bool:
    actors = (text(data, "alert.username"), text(data, "source.name"))
    return is_ours(text(data, "alert.note")) or OURS in actors


def _note_beside(data: Any, action: str) -> list[Event]:
    """Who acknowledges or closes an alert may write a note with it."""
    written = text(data, "alert.note", 25_000)
    if action not in ("acknowledge", "close") or not written or _is_ours(data):
        return []
    by = _person(data, "alert.username")
    return [PagerEvent("note", _record(data), _id(data, action), _at(data), by, text=written)]


def _act(data: Any, action: str) -> Event:
    act, about, written = ACTS[action], PagerPerson(), ""
    if _is_ours(data):
        return Ignored("We did this ourselves.")
    if act == "note":
        written = text(data, "alert.note", 25_000)
        if not written:
            return Ignored("The note is empty.")
    elif action == "takeownership":
        about = _person(data, "alert.username")
    elif act == "own":
        about = _person(data, "alert.owner", "alert.ownerUsername")
    elif act == "respond":
        about = _person(data, "alert.recipient", "alert.responder.username", "alert.responder.name")
        if not about.email:
            named = about.name or first_text(data, "alert.team", "alert.responder.id", limit=100)
            act, about, written = "escalate", PagerPerson(), named
    elif act == "escalate":
        written = first_text(
            data, "alert.escalationNotify.name", "alert.escalationName", "alert.team", limit=100
        )
    return PagerEvent(
        act,
        _record(data),
        _id(data, action),
        _at(data),
        by=_person(data, "alert.username"),
        about=about,
        text=written,
    )


def _details(data: Any, details: dict[str, str]) -> list[str]:
    lines = [f"{name}: {value}" for name, value in details.items() if not web_links((name, value))]
    if not details:
        lines.append(prose(data, "alert.details"))
    people = listed(data, "alert.responders")
    named = ", ".join(filter(None, (first_text(each, "name", "username") for each in people)))
    source = text(data, "alert.source", 200)
    return [
        *lines,
        f"Responders: {named}" if named else "",
        f"Source: {source}" if source else "",
    ]
