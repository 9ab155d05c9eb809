"""Datadog's webhooks integration, with the body that our guide gives or the one it starts with."""

from __future__ import annotations

import re

from common.alert_fields import fingerprint_of, severity_in, tags, web_links
from common.alert_names import alert_name, priority_in
from common.payload_text import paragraphs
from common.payloads import USE_GUIDE, BadPayload, text, time_at, web_address
from common.placeholders import first_text, is_placeholder
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

ENDED = {
    "recovered", "success", "ok", "no data recovered", "warn recovered", "recovery", "resolved",
    "renotify recovered",
}  # fmt: skip
TEST = re.compile(r"\s*\[test\]", re.IGNORECASE)
OF_EVENTS = {"normal", "low"}
"""What $PRIORITY is of any event; monitors have $ALERT_PRIORITY, from P1 to P5."""
EVENT_TYPES = {"error": "error", "warning": "warning"}
"""$ALERT_TYPE, where the monitor has no priority."""
STATE_OF_TYPE = {"error": "triggered", "warning": "warn", "success": "recovered"}
"""$ALERT_TYPE, where neither the payload nor the title says the state."""


class Datadog(Webhook):
    kind = "datadog"
    title = "Datadog"

    def read(self, incoming: Incoming) -> list[Event]:
        given = incoming.json()
        if not isinstance(given, dict):
            raise BadPayload(f"The body is not an object: {USE_GUIDE}")
        data = {name: value for name, value in given.items() if not _is_unset(value)}
        title = first_text(data, "title", "alert_title", "event_title", limit=1000)
        kind = first_text(data, "type", "alert_type", limit=50).lower()
        state = (
            first_text(data, "transition", "alert_transition").lower()
            or _state_in(title)
            or STATE_OF_TYPE.get(kind, "")
        )
        if not state:
            raise BadPayload(
                "“transition” is missing or empty. Let the webhook send $ALERT_TRANSITION in it."
            )
        if TEST.match(title):
            return [Ignored("A test of the monitor.")]
        named = _labels(data)
        firing = state not in ENDED
        at = time_at(data, "date") or time_at(data, "last_updated")
        summary, _, rest = first_text(
            data, "message", "text_only_msg", "event_msg", "body", limit=10_000
        ).partition("\n")
        return [
            AlertEvent(
                fingerprint=_fingerprint(data, title),
                name=alert_name(title) or "Datadog monitor",
                firing=firing,
                starts_at=None,
                ends_at=None if firing else at or incoming.received_at,
                summary=summary.strip("% "),
                description=paragraphs(
                    rest.replace("%%%", ""),
                    text(data, "status", 2000),
                    _line("Metric", text(data, "metric", 500)),
                    _line("Query", text(data, "query", 2000)),
                ),
                links=web_links(
                    ("snapshot", text(data, "snapshot", 2001)),
                    ("logs", text(data, "logs", 2001)),
                    ("runbook", text(data, "runbook", 2001)),
                ),
                severity=_priority(data)
                or priority_in(title)
                or severity_in(named)
                or EVENT_TYPES.get(kind, ""),
                labels=named,
                url=web_address(data, "url", "link"),
            )
        ]


def _is_unset(value: object) -> bool:
    """Whether a variable was left as it is written, as those without a value are."""
    return isinstance(value, str) and is_placeholder(value)


def _priority(data: object) -> str:
    """The priority of the monitor; empty where only that of the event is given."""
    given = (text(data, name, 50) for name in ("alert_priority", "priority"))
    return next((word for word in given if word and word.lower() not in OF_EVENTS), "")


def _line(name: str, value: str) -> str:
    return f"{name}: {value}" if value else ""


def _labels(data: object) -> dict[str, str]:
    """Tags of the event, then of its scope: `service:checkout,env:prod`."""
    named = {**tags(data, "scope"), **tags(data, "alert_scope"), **tags(data, "tags")}
    host = first_text(data, "host", "hostname", limit=200)
    named = {name: value for name, value in named.items() if name != "*"}
    return {"host": host, **named} if host else named


def _fingerprint(data: object, title: str) -> str:
    monitor = first_text(data, "monitor", "alert_id", "cycle", "alert_cycle_key", limit=100)
    scope = first_text(data, "scope", "alert_scope", limit=2000)
    if not monitor:
        return fingerprint_of(alert_name(title).lower(), scope)
    whole = f"{monitor}/{scope}"
    return whole if len(whole) <= 200 else f"{monitor}/{fingerprint_of(scope)}"


def _state_in(title: str) -> str:
    """The state at the front of a title: "[Recovered] CPU is high"."""
    inside = title.strip().lower().removeprefix("[p").lstrip("12345] [")
    return inside.partition("]")[0].partition(" on {")[0] if title.startswith("[") else ""
