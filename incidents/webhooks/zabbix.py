"""Zabbix, media type “Webhook” with the script that our guide gives."""

from __future__ import annotations

from common.payloads import labels, required_text, text, time_at, web_address
from incidents.webhooks.base import AlertEvent, Event, Incoming, Webhook


class Zabbix(Webhook):
    kind = "zabbix"
    title = "Zabbix"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        firing = required_text(data, "value") == "1"
        named = labels(data, "tags")
        named.setdefault("host", text(data, "host", 200))
        return [
            AlertEvent(
                fingerprint=required_text(data, "event_id", 200),
                name=required_text(data, "name", 200),
                firing=firing,
                starts_at=time_at(data, "clock"),
                ends_at=None if firing else time_at(data, "recovery_clock") or incoming.received_at,
                summary=text(data, "message", 500),
                severity=text(data, "severity", 50),
                service=named.get("service", "")[:100],
                labels={key: value for key, value in named.items() if value},
                group_key=text(data, "trigger_id", 200),
                url=web_address(data, "url"),
            )
        ]
