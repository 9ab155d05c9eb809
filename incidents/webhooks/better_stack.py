"""Better Stack Uptime: outgoing webhooks of incidents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common.alert_fields import labels, named_links, own_service
from common.alert_names import alert_name
from common.payload_text import line, paragraphs, prose, required_line, words_at
from common.payloads import dig, listed, text, time_at, web_address
from common.signing import Token
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

QUIET = {"unconfirmed", "validating"}


class BetterStack(Webhook):
    """A webhook without a template of its own sends no header, so the secret may be in the URL."""

    kind = "better_stack"
    title = "Better Stack"
    scheme = Token(in_url=True)

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        what = required_line(data, "data.type")
        if what != "incident":
            return [Ignored(f"It is about a {what}, not about an incident.")]
        incident = dig(data, "data.attributes")
        status = line(incident, "status").lower()
        if status in QUIET:
            return [Ignored(f"The incident is {status}; it is no incident yet.")]
        ended = time_at(incident, "resolved_at")
        firing = status not in ("resolved", "closed") and not (ended and not status)
        acknowledged = status == "acknowledged" or (
            not status and time_at(incident, "acknowledged_at") is not None
        )
        named = _labels(data)
        name = line(incident, "name") or line(incident, "url") or "Better Stack incident"
        cause = line(incident, "cause")
        return [
            AlertEvent(
                fingerprint=required_line(data, "data.id", limit=200),
                name=alert_name(name),
                firing=firing,
                starts_at=time_at(incident, "started_at"),
                ends_at=None if firing else ended or incoming.received_at,
                summary=cause or name,
                description=paragraphs(
                    prose(incident, "cause", "response_content"),
                    f"Team: {line(incident, 'team_name')}" if line(incident, "team_name") else "",
                ),
                links=named_links(
                    incident,
                    Screenshot="screenshot_url",
                    Response="response_url",
                    Incident="origin_url",
                    Monitored="url",
                ),
                severity=named.get("severity", "")[:50]
                or ("critical" if dig(incident, "critical_alert") is True else ""),
                service=own_service(named),
                labels=named,
                url=web_address(incident, "origin_url", "url"),
                acknowledged=firing and acknowledged,
            )
        ]


def _labels(data: Any) -> dict[str, str]:
    """The incident's metadata, and what is said of the monitor, if that came too."""
    named: dict[str, str] = {}
    metadata = dig(data, "data.attributes.metadata") or {}
    for key, value in list(metadata.items())[:60] if isinstance(metadata, Mapping) else []:
        # Values are lists of objects with a type and a value.
        found = ", ".join(
            text(each, "value", 200) if isinstance(each, Mapping) else text(each, limit=200)
            for each in listed([value] if isinstance(value, Mapping) else value)
        )
        named.update(labels({key: found}))
    if regions := ", ".join(words_at(data, "data.attributes.regions")):
        named.setdefault("regions", regions[:500])
    for kind in ("monitor", "heartbeat"):
        if number := line(data, f"data.relationships.{kind}.data.id"):
            named.setdefault(kind, number)
    return named
