"""Checkmk, by the notification script of our guide, which sends its variables as they are."""

from __future__ import annotations

from incidents.webhooks.base import Event, Incoming, Webhook
from incidents.webhooks.nagios import notification_of


class Checkmk(Webhook):
    kind = "checkmk"
    title = "Checkmk"
    content = "any"

    def read(self, incoming: Incoming) -> list[Event]:
        return [notification_of(incoming.body, incoming.received_at)]
