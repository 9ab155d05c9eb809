"""Uptime Kuma: notification type “Webhook”, either preset as request body."""

from __future__ import annotations

import re
from typing import Any

from common.alert_fields import joined_id, labels, own_service, severity_in, tags
from common.alert_names import alert_name
from common.payload_text import line, paragraphs, prose, required_line
from common.payloads import dig, text, time_at, web_address
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

DOWN, UP = "0", "1"
OTHER_STATES = {"2": "pending: it is checked again first", "3": "in maintenance"}
EXPIRES = re.compile(r"\[([^\[\]]{1,150})\](?:\[([^\[\]]{0,500})\])? (.{1,300}) will expire in ")
BARE_MESSAGE = re.compile(
    r"\[([^\[\]]{1,150})\] \[[^\[\]]{0,10}\b(Up|Down)\] ?(.{0,500})", re.DOTALL
)
"""How Uptime Kuma writes all of it as one text, for channels that take nothing else."""


class UptimeKuma(Webhook):
    kind = "uptime_kuma"
    title = "Uptime Kuma"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        message = text(data, "msg", 2000)
        if dig(data, "heartbeat") is None:
            return [_without_heartbeat(message, incoming)]
        status = required_line(data, "heartbeat.status")
        name = required_line(data, "monitor.name", limit=200)
        if status not in (DOWN, UP):
            return [Ignored(f"{name} is {OTHER_STATES.get(status, 'in a state we do not know')}.")]
        firing = status == DOWN
        named = _labels(data)
        monitor = line(data, "monitor.id", "heartbeat.monitorID", limit=100) or name
        return [
            AlertEvent(
                fingerprint=joined_id("monitor", monitor),
                name=alert_name(name),
                firing=firing,
                # Repeated notifications carry the time of the last check, not of the first failure.
                ends_at=None if firing else time_at(data, "heartbeat.time") or incoming.received_at,
                summary=line(data, "heartbeat.msg") or line(data, "msg"),
                description=paragraphs(
                    prose(data, "monitor.description", "heartbeat.msg"),
                    f"Monitor: {line(data, 'monitor.pathName') or name}",
                ),
                severity=severity_in(named),
                service=own_service(named),
                labels=named,
                url=web_address(data, "monitor.url"),
            )
        ]


def _labels(data: Any) -> dict[str, str]:
    named = tags(data, "monitor.tags")
    host = line(data, "monitor.hostname")
    if host:
        named.setdefault("host", host)
    for key in ("type", "port", "docker_container", "dns_resolve_type"):
        if value := line(data, f"monitor.{key}"):
            named.setdefault(key, value)
    return labels(named)


def _without_heartbeat(message: str, incoming: Incoming) -> Event:
    """A certificate or domain that expires, a bare message, or a test."""
    if expiring := EXPIRES.match(message):
        monitor, url, what = (part or "" for part in expiring.groups())
        return AlertEvent(
            fingerprint=joined_id("expiry", monitor, what),
            name=f"{monitor}: {what} expires"[:200],
            firing=True,
            summary=" ".join((message.partition("] ")[2] or message).split())[:500],
            description=message,
            severity="warning",
            url=web_address({"url": url}, "url"),
        )
    if bare := BARE_MESSAGE.match(message):
        firing = bare[2] == "Down"
        return AlertEvent(
            fingerprint=joined_id("monitor", bare[1]),
            name=alert_name(bare[1]),
            firing=firing,
            ends_at=None if firing else incoming.received_at,
            summary=" ".join(bare[3].split()) or bare[1],
            description=message,
        )
    return Ignored("A test or a message without a monitor.")
