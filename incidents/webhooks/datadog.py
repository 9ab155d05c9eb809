"""Datadog's webhooks integration, with the body that our guide gives."""

from __future__ import annotations

from common.payloads import required_text, text, time_at
from common.payloads import web_address as web
from incidents.webhooks.base import AlertEvent, Event, Incoming, Webhook

ENDED = {"recovered", "success", "ok", "no data recovered"}


class Datadog(Webhook):
    kind = "datadog"
    title = "Datadog"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        state = required_text(data, "transition").lower()
        named = {}
        for tag in text(data, "tags", 3000).split(","):
            key, _, value = tag.strip().partition(":")
            if key and value:
                named[key[:100]] = value[:500]
        firing = state not in ENDED
        at = time_at(data, "date")
        return [
            AlertEvent(
                fingerprint=f"{required_text(data, 'monitor')}/{text(data, 'scope', 150)}"[:200],
                name=text(data, "title", 200) or "Datadog monitor",
                firing=firing,
                starts_at=None,
                ends_at=None if firing else at,
                summary=text(data, "message", 500),
                severity=text(data, "priority", 50) or text(data, "type", 50),
                labels=named,
                url=web(data, "url"),
            )
        ]
