"""Opsgenie's outgoing webhooks, also of Jira Service Management."""

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
from common.payload_text import paragraphs, prose
from common.payloads import listed, required_text, text, time_at
from common.placeholders import first_text
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

MEANT = {"create": True, "acknowledge": True, "close": False, "delete": False}


class Opsgenie(Webhook):
    kind = "opsgenie"
    title = "Opsgenie"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        action = required_text(data, "action")
        if action.lower() not in MEANT:
            return [Ignored(f"“{action}” needs nothing from us.")]
        firing = MEANT[action.lower()]
        details = labels(data, "alert.details", 2000)
        named = {**tags(data, "alert.tags"), **labels(data, "alert.details")}
        entity = text(data, "alert.entity", 200)
        if entity:
            named.setdefault("entity", entity)
        service = value_of(named, *SERVICES, *APPLICATIONS) or entity
        written = text(data, "alert.description", 10_000)
        summary, _, rest = written.partition("\n")
        return [
            AlertEvent(
                fingerprint=first_text(data, "alert.alertId", "alert.id", limit=200)
                or required_text(data, "alert.alias", 200),
                name=alert_name(required_text(data, "alert.message", 500)),
                firing=firing,
                starts_at=time_at(data, "alert.createdAt"),
                ends_at=None if firing else time_at(data, "alert.updatedAt"),
                summary=summary,
                description=paragraphs(rest, *_details(data, details)),
                links=web_links(*((link_label(name), value) for name, value in details.items())),
                severity=text(data, "alert.priority", 50),
                service=service[:100],
                labels=named,
                group_key=text(data, "alert.alias", 500),
                acknowledged=action.lower() == "acknowledge",
            )
        ]


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
