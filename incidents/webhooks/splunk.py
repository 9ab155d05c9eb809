"""Splunk Enterprise and Cloud Platform: the webhook action of alerts."""

from __future__ import annotations

import hashlib
from typing import Any

from common.alert_fields import joined_id, own_service, tags
from common.alert_names import alert_name
from common.payload_text import line, paragraphs, prose, required_line
from common.payloads import web_address
from common.signing import Token
from incidents.webhooks.base import AlertEvent, Event, Incoming, Webhook

ENDED = {"ok", "resolved", "cleared", "clear", "normal", "closed", "recovered"}
SEVERITIES = ("result.severity", "result.urgency", "result.priority", "result.log_level")
INTERNAL = ("_", "date_", "timestartpos", "timeendpos", "linecount", "punct", "splunk_server")
"""How fields begin that Splunk adds to every event."""


class Splunk(Webhook):
    """The action can send no header, so the secret is in the URL; it sends no recoveries."""

    kind = "splunk"
    title = "Splunk"
    scheme = Token(in_url=True)

    def sender_id(self, incoming: Incoming) -> str:
        # The search's id is the same for each of its results, which may be sent one by one.
        return hashlib.sha256(incoming.body).hexdigest()

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        name = required_line(data, "search_name", "sid", limit=200)
        named = _labels(data)
        # A search may say that something is over, in a field of its own.
        state = line(data, "result.alert_state").lower()
        firing = state not in ENDED
        about = line(
            data, "result.message", "result.summary", "result.description", "result._raw", limit=300
        )
        app, service = line(data, "app", limit=60), own_service(named)
        return [
            AlertEvent(
                fingerprint=joined_id(app, name, service or named.get("host", "")),
                name=alert_name(name),
                firing=firing,
                starts_at=incoming.received_at if firing else None,
                ends_at=None if firing else incoming.received_at,
                summary=about or name,
                description=paragraphs(
                    prose(data, "result.description", "result._raw"),
                    "\n".join(f"{key}: {value}" for key, value in list(named.items())[:20]),
                ),
                severity=line(data, *SEVERITIES, limit=50) if firing else "",
                service=service,
                labels=named,
                url=web_address(data, "results_link"),
            )
        ]


def _labels(data: Any) -> dict[str, str]:
    """The fields of the first result that are its own."""
    found = tags(data, "result")
    own = {key: value for key, value in found.items() if not key.startswith(INTERNAL)}
    if app := line(data, "app"):
        # “app” would be read as the name of a service; here it is one of Splunk's own.
        own.setdefault("splunk_app", app)
    return own
