"""Icinga 2, by the notification command of our guide, which runs curl."""

from __future__ import annotations

from incidents.webhooks.base import Event, Incoming, Webhook
from incidents.webhooks.nagios import notification_of


class Icinga2(Webhook):
    kind = "icinga2"
    title = "Icinga 2"
    content = "any"

    def read(self, incoming: Incoming) -> list[Event]:
        return [notification_of(incoming.body, incoming.received_at)]
