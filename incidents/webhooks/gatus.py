"""Gatus, alerting provider “custom” with the body of our guide."""

from __future__ import annotations

from common.alert_fields import joined_id, named_links, own_service, tags
from common.alert_names import alert_name
from common.payload_text import line, named_values, paragraphs, prose, required_line
from common.payloads import web_address
from incidents.webhooks.base import AlertEvent, Event, Incoming, Webhook

ENDED = {"resolved", "ok", "up", "healthy", "false"}


class Gatus(Webhook):
    kind = "gatus"
    title = "Gatus"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        name = required_line(data, "name", "endpoint", "endpoint_name", limit=150)
        group = line(data, "group", "endpoint_group", limit=100)
        # The placeholder's two words may be replaced in Gatus' settings.
        firing = required_line(data, "state", "status").lower() not in ENDED
        described = line(data, "description")
        errors = line(data, "errors", "result_errors")
        named = tags(data, "labels")
        for key in ("group", "service", "severity", "url"):
            if value := line(data, key, limit=100):
                named.setdefault(key, value)
        return [
            AlertEvent(
                fingerprint=joined_id(group, name),
                name=alert_name(name),
                firing=firing,
                ends_at=None if firing else incoming.received_at,
                summary=described or errors or name,
                description=paragraphs(
                    prose(data, "description", "errors", "result_errors"),
                    named_values(data, group="group", conditions="conditions"),
                ),
                links=named_links(data, Monitored="url", Runbook="runbook"),
                severity=line(data, "severity", limit=50),
                service=own_service(named),
                labels=named,
                url=web_address(data, "url"),
            )
        ]
