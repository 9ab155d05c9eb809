"""PagerDuty webhooks V3: its incidents become alerts here."""

from __future__ import annotations

from typing import Any

from common.alert_fields import (
    APPLICATIONS,
    SERVICES,
    labels,
    links_in,
    severity_in,
    tags,
    value_of,
)
from common.alert_names import alert_name, priority_in
from common.payload_text import paragraphs, prose
from common.payloads import dig, required_text, text, time_at, web_address
from common.placeholders import first_text
from common.signing import Hmac
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

MEANT = {
    "incident.triggered": True,
    "incident.reopened": True,
    "incident.acknowledged": True,
    "incident.priority_updated": True,
    "incident.resolved": False,
}
DETAILS = (
    "body.details",
    "details",
    "custom_details",
    "first_trigger_log_entry.channel.details",
    "alerts.0.body.details",
    "alerts.0.body.cef_details.details",
)
"""Where custom details are, by the sender's version and what it includes."""


class PagerDuty(Webhook):
    kind = "pagerduty"
    title = "PagerDuty webhooks V3"
    scheme = Hmac("x-pagerduty-signature", prefix="v1=")

    def sender_id(self, incoming: Incoming) -> str:
        return text(incoming.json(), "event.id", 200)

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        what = required_text(data, "event.event_type")
        if what not in MEANT:
            return [Ignored(f"“{what}” needs nothing from us.")]
        firing = MEANT[what]
        incident = dig(data, "event.data", {})
        at = time_at(data, "event.occurred_at")
        started = time_at(incident, "created_at")
        title = first_text(incident, "title", "summary", "description", limit=1000)
        named = _labels(incident)
        explicit = value_of(named, *SERVICES, *APPLICATIONS)
        summary = text(incident, "description", 2000)
        return [
            AlertEvent(
                fingerprint=required_text(data, "event.data.id", 200),
                name=alert_name(title) or "PagerDuty incident",
                firing=firing,
                starts_at=at if what == "incident.reopened" else started if firing else None,
                ends_at=None if firing else at,
                summary=summary if summary != title else "",
                description=paragraphs(*_details(incident)),
                links=links_in(named),
                severity=first_text(incident, "priority.summary", "priority.name", limit=50)
                or severity_in(named)
                or priority_in(title),
                service=explicit[:100] or text(incident, "service.summary", 100),
                labels=named,
                group_key=text(incident, "incident_key", 500),
                url=web_address(incident, "html_url"),
                acknowledged=what == "incident.acknowledged",
            )
        ]


def _labels(incident: Any) -> dict[str, str]:
    named = labels(tags(incident, "custom_fields"))
    for path in DETAILS:
        named |= labels(incident, path)
    return named


def _details(incident: Any) -> list[str]:
    lines = [prose(incident, path) for path in DETAILS]
    fields = tags(incident, "custom_fields")
    lines += [f"{name}: {value}" for name, value in fields.items() if value != "true"]
    about = {
        "Urgency": text(incident, "urgency", 50),
        "Escalation policy": text(incident, "escalation_policy.summary", 200),
        "Team": text(incident, "teams.0.summary", 200),
    }
    return [*lines, *(f"{name}: {value}" for name, value in about.items() if value)]
