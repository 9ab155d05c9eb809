"""Graylog: HTTP notifications of event definitions (3.1 and later)."""

from __future__ import annotations

from typing import Any

from common.alert_fields import joined_id, own_service, tags
from common.alert_names import alert_name
from common.payload_text import line, paragraphs, prose, required_line, words_at
from common.payloads import listed, time_at, web_address
from common.signing import Token
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

PRIORITIES = {"0": "info", "1": "low", "2": "normal", "3": "high", "4": "critical"}
MAX_MESSAGES = 5


class Graylog(Webhook):
    """It sends no recoveries: each event is a finding of its own, at its own time."""

    kind = "graylog"
    title = "Graylog"
    scheme = Token(in_url=True)

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        definition = required_line(
            data, "event_definition_id", "event.event_definition_id", "event_definition_title",
            limit=100,
        )  # fmt: skip
        kind = line(data, "event_definition_type")
        if kind.startswith("test-") or definition.endswith("test-notification"):
            return [Ignored("A test of the notification.")]
        named = _labels(data)
        message = line(data, "event.message")
        name = line(data, "event_definition_title") or message or "Graylog event"
        priority = line(data, "event.priority", "event.fields.severity", limit=50)
        return [
            AlertEvent(
                fingerprint=joined_id(definition, *_keys(data)),
                name=alert_name(name),
                firing=True,
                starts_at=time_at(data, "event.timestamp") or incoming.received_at,
                summary=message or name,
                description=paragraphs(
                    prose(data, "event_definition_description", "event.message"),
                    *_messages(data),
                ),
                severity=named.get("severity", "")[:50] or PRIORITIES.get(priority, priority),
                service=own_service(named),
                labels=named,
                url=web_address(data, "event.replay_info.url"),
            )
        ]


def _keys(data: Any) -> list[str]:
    """What tells events of one definition apart: its keys, or else what it groups by."""
    keys = words_at(data, "event.key_tuple") or words_at(data, "event.key")
    grouped = tags(data, "event.group_by_fields")
    return keys or [grouped[name] for name in sorted(grouped)]


def _labels(data: Any) -> dict[str, str]:
    named = tags(data, "event.group_by_fields")
    named = {**tags(data, "event.fields"), **named}
    for path in ("backlog.0.fields", "backlog.0"):
        for key in ("service", "service_name", "application", "source", "namespace", "pod"):
            if value := line(data, f"{path}.{key}"):
                named.setdefault("host" if key == "source" else key, value)
    return named


def _messages(data: Any) -> list[str]:
    """The first log messages that the event came from."""
    rows = listed(data, "backlog")[:MAX_MESSAGES]
    return [line(row, "message", "full_message", "message.message", limit=1000) for row in rows]
