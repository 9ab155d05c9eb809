"""Opsgenie's outgoing webhooks."""

from __future__ import annotations

from common.payloads import dig, labels, required_text, text, time_at
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

MEANT = {"Create": True, "Close": False, "Delete": False}


class Opsgenie(Webhook):
    kind = "opsgenie"
    title = "Opsgenie"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        action = required_text(data, "action")
        if action not in MEANT:
            return [Ignored(f"“{action}” needs nothing from us.")]
        named = labels(data, "alert.details")
        tags = dig(data, "alert.tags", [])
        for tag in tags if isinstance(tags, list) else []:
            key, _, value = text(tag).partition(":")
            named.setdefault(key, value or "true")
        firing = MEANT[action]
        return [
            AlertEvent(
                fingerprint=required_text(data, "alert.alertId", 200),
                name=required_text(data, "alert.message", 200),
                firing=firing,
                starts_at=time_at(data, "alert.createdAt"),
                ends_at=None if firing else time_at(data, "alert.updatedAt"),
                summary=text(data, "alert.description", 500),
                severity=text(data, "alert.priority", 50),
                service=text(data, "alert.entity", 100),
                labels={key: value for key, value in named.items() if key},
                group_key=text(data, "alert.alias", 500),
            )
        ]
