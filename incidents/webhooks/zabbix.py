"""Zabbix, media type “Webhook” with the script that our guide gives."""

from __future__ import annotations

from common.payloads import labels, moment, needed, text, web_address
from incidents.webhooks.base import AlertEvent, Event, Incoming, Webhook


class Zabbix(Webhook):
    kind = "zabbix"
    title = "Zabbix"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        firing = needed(data, "value") == "1"
        named = labels(data, "tags")
        named.setdefault("host", text(data, "host", 200))
        return [
            AlertEvent(
                fingerprint=needed(data, "event_id", 200),
                name=needed(data, "name", 200),
                firing=firing,
                starts_at=moment(data, "clock"),
                ends_at=None if firing else moment(data, "recovery_clock") or incoming.received_at,
                summary=text(data, "message", 500),
                severity=text(data, "severity", 50),
                service=named.get("service", "")[:100],
                labels={key: value for key, value in named.items() if value},
                group_key=text(data, "trigger_id", 200),
                url=web_address(data, "url"),
            )
        ]
