"""PagerDuty webhooks V3: its incidents become alerts here."""

from __future__ import annotations

from common.payloads import required_text, text, time_at, web_address
from common.signing import Hmac
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

MEANT = {
    "incident.triggered": True,
    "incident.reopened": True,
    "incident.resolved": False,
}


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
        at = time_at(data, "event.occurred_at")
        started = time_at(data, "event.data.created_at")
        return [
            AlertEvent(
                fingerprint=required_text(data, "event.data.id", 200),
                name=text(data, "event.data.title", 200) or "PagerDuty incident",
                firing=firing,
                starts_at=at if what == "incident.reopened" else started if firing else None,
                ends_at=None if firing else at,
                summary=text(data, "event.data.title", 500),
                severity=text(data, "event.data.urgency", 50),
                service=text(data, "event.data.service.summary", 100),
                group_key=text(data, "event.data.incident_key", 500),
                url=web_address(data, "event.data.html_url"),
            )
        ]
