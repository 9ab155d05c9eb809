"""Graylog: HTTP notifications of event definitions, and callbacks of streams (before 3.1)."""

from __future__ import annotations

from typing import Any

from common.alert_fields import joined_id, own_service, tags
from common.alert_names import alert_name
from common.payload_text import line, paragraphs, prose, required_line, words_at
from common.payloads import dig, listed, time_at, web_address
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
        if dig(data, "check_result") is not None:
            return [_of_stream(data, incoming)]
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


def _of_stream(data: Any, incoming: Incoming) -> Event:
    """What the alarm callback of a stream says: its condition and the messages that met it."""
    if dig(data, "check_result.triggered") is False:
        return Ignored("The condition of the stream is not met.")
    condition = dig(data, "check_result.triggered_condition")
    stream = required_line(data, "stream.id", "stream.title", limit=100)
    said = line(data, "check_result.result_description", limit=500)
    own = line(condition, "title")
    title = line(data, "stream.title")
    rows = listed(data, "check_result.matching_messages")[:MAX_MESSAGES]
    named = {"stream": title} if title else {}
    if host := line(rows[0] if rows else None, "source", limit=200):
        named["host"] = host
    return AlertEvent(
        fingerprint=joined_id(stream, line(condition, "id", limit=100)),
        name=alert_name(own or title or said or "Graylog stream"),
        firing=True,
        starts_at=time_at(data, "check_result.triggered_at") or incoming.received_at,
        summary=said or title,
        description=paragraphs(
            prose(data, "stream.description"),
            line(condition, "description", limit=1000),
            *(line(row, "message", limit=1000) for row in rows),
        ),
        labels=named,
    )


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
