"""Netdata: custom notifications of agents by our guide, and webhooks of Netdata Cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common.alert_fields import joined_id, own_service
from common.alert_names import alert_name
from common.payload_text import line, paragraphs, prose, required_line
from common.payloads import dig, json_or_form, time_at, web_address
from common.signing import Token
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

FIRING = {"critical": True, "warning": True, "clear": False}
LABELS = ("chart", "context", "family", "class", "space")


class Netdata(Webhook):
    kind = "netdata"
    title = "Netdata"
    scheme = Token(in_url=True)
    content = "any"

    def read(self, incoming: Incoming) -> list[Event]:
        data = json_or_form(incoming.body)
        named = _labels(data)
        host = named.get("host", "")
        if isinstance(dig(data, "status"), Mapping):
            return [_reachability(data, named, incoming)]
        token = line(data, "token", limit=100)
        if token and not line(data, "alert", "alarm", "name"):
            return [Ignored(f"Netdata Cloud verifies the address: enter {token} there.")]
        name = required_line(data, "alert", "alarm", "name", limit=150)
        if name == "test_alarm":
            return [Ignored("A test of the notification.")]
        status = required_line(data, "severity", "status").lower()
        if status not in FIRING:
            return [Ignored(f"The alert is {status}: its chart came or went.")]
        firing = FIRING[status]
        value = line(data, "value_string", "value")
        return [
            AlertEvent(
                fingerprint=joined_id(host, named.get("chart", ""), name),
                name=alert_name(f"{name} on {host}" if host else name),
                firing=firing,
                # Warnings that become critical carry a new time; the episode is the same.
                ends_at=None
                if firing
                else time_at(data, "date") or time_at(data, "when") or incoming.received_at,
                summary=line(data, "summary", "message", "info") or name,
                description=paragraphs(
                    prose(data, "message", "info"),
                    f"Value: {value}" if value else "",
                ),
                severity=status if firing else "",
                service=own_service(named),
                labels=named,
                url=web_address(data, "alert_url", "alarm_url", "goto_url"),
            )
        ]


def _labels(data: Any) -> dict[str, str]:
    found = {key: line(data, key) for key in LABELS}
    found["host"] = line(data, "host", "hostname", "node", "node.hostname")
    found["service"] = line(data, "service", limit=100)
    if isinstance(rooms := dig(data, "Rooms", dig(data, "rooms")), Mapping):
        found["rooms"] = ", ".join(str(name)[:100] for name in list(rooms)[:10])
    return {key: value for key, value in found.items() if value}


def _reachability(data: Any, named: dict[str, str], incoming: Incoming) -> AlertEvent:
    """Netdata Cloud says whether a node can be reached."""
    host = required_line(data, "host", limit=150)
    firing = dig(data, "status.reachable") is not True
    return AlertEvent(
        fingerprint=joined_id("reachability", host),
        name=f"Node {host}",
        firing=firing,
        ends_at=None if firing else incoming.received_at,
        summary=line(data, "message", "status.text") or f"Node {host} cannot be reached",
        description=prose(data, "message", "status.text"),
        severity=line(data, "severity", limit=50) if firing else "",
        labels=named,
        url=web_address(data, "url"),
    )
