"""Healthchecks (healthchecks.io or self-hosted): a webhook with the body of our guide."""

from __future__ import annotations

from common.alert_fields import named_links, own_service, severity_in, tags
from common.alert_names import alert_name
from common.payload_text import line, named_values, paragraphs, prose, required_line
from common.payloads import dig, time_at, web_address
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

FIRING = {"down": True, "up": False}
TEST_ID = "00000000-0000-0000-0000-000000000000"


class Healthchecks(Webhook):
    """A job that should report in did not, or reported that it failed."""

    kind = "healthchecks"
    title = "Healthchecks"

    def read(self, incoming: Incoming) -> list[Event]:
        sent = incoming.json()
        data = dig(sent, "check", sent)
        name = line(sent, "name", limit=200) or required_line(data, "name", "slug", limit=200)
        code = line(sent, "code", limit=200) or line(
            data, "code", "uuid", "unique_key", "slug", limit=200
        )
        if name == "TEST" or code == TEST_ID:
            return [Ignored("A test of the integration.")]
        status = (line(sent, "status") or required_line(data, "status")).lower()
        if status not in FIRING:
            return [Ignored(f"{name} is {status}.")]
        firing = FIRING[status]
        # Tags are separated by spaces.
        written = (line(sent, "tags") or line(data, "tags")).split()
        named = {key: value for key, value in tags(written).items() if value != "true"}
        if plain := " ".join(tag for tag in written if ":" not in tag and "=" not in tag):
            named["tags"] = plain[:500]
        return [
            AlertEvent(
                fingerprint=code or name,
                name=alert_name(name),
                firing=firing,
                starts_at=time_at(sent, "now") if firing else None,
                ends_at=None if firing else time_at(sent, "now") or incoming.received_at,
                summary=f"{name} did not report in time or failed" if firing else name,
                description=paragraphs(
                    prose(data, "desc"),
                    prose(sent, "desc", "body"),
                    named_values(sent, exit_status="exitstatus"),
                    named_values(data, schedule="schedule", grace="grace", last_ping="last_ping"),
                ),
                links=named_links(sent, Check="url"),
                severity=severity_in(named),
                service=own_service(named),
                labels=named,
                url=web_address(sent, "url"),
            )
        ]
