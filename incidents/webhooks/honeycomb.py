"""Honeycomb: triggers and SLO burn alerts, with the default payload of webhooks."""

from __future__ import annotations

from typing import Any

from common.alert_fields import joined_id, named_links, own_service, tags
from common.alert_names import alert_name
from common.payload_text import line, paragraphs, prose, required_line
from common.payloads import dig, listed, web_address
from common.signing import Token
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

FIRING = {"triggered": True, "ok": False, "resolved": False, "not triggered": False}
MAX_GROUPS = 10


class Honeycomb(Webhook):
    kind = "honeycomb"
    title = "Honeycomb"
    scheme = Token(header="x-honeycomb-webhook-token")
    id_header = "x-honeycomb-webhook-delivery-id"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        if dig(data, "is_test") is True:
            return [Ignored("A test of the webhook.")]
        status = required_line(data, "status").lower()
        if status not in FIRING:
            return [Ignored(f"The status “{status}” changes nothing.")]
        firing = FIRING[status]
        name = required_line(data, "name", "slo.name", "slo_name")
        named = _labels(data)
        burning = f"{line(data, 'exhaustion_minutes')} minutes" if dig(
            data, "exhaustion_minutes"
        ) else ""  # fmt: skip
        return [
            AlertEvent(
                fingerprint=joined_id(line(data, "id", limit=150) or name),
                name=alert_name(name),
                firing=firing,
                ends_at=None if firing else incoming.received_at,
                summary=line(data, "description", "summary") or name,
                description=paragraphs(
                    prose(data, "trigger_description", "slo.description", "description"),
                    *_groups(data),
                    f"The error budget is exhausted in {burning}." if burning else "",
                ),
                links=named_links(
                    data, Results="result_url", Trigger="trigger_url", SLO="slo_url", SLI="sli_url"
                ),
                severity=line(data, "severity", "alert_severity", limit=50),
                service=own_service(named),
                labels=named,
                url=web_address(data, "trigger_url", "slo_url"),
            )
        ]


def _labels(data: Any) -> dict[str, str]:
    """The groups by which the trigger fired; with several, what they have in common."""
    triggered = [tags(row, "Group") for row in listed(data, "result_groups_triggered")]
    named = triggered[0] if triggered else {}
    for other in triggered[1:]:
        named = {key: value for key, value in named.items() if other.get(key) == value}
    for label, path in (("environment", "environment"), ("dataset", "dataset_name")):
        if value := line(data, path):
            named.setdefault(label, value)
    return named


def _groups(data: Any) -> list[str]:
    """One line for each group that fired, with its value."""
    found = []
    for row in listed(data, "result_groups_triggered")[:MAX_GROUPS]:
        group = tags(row, "Group")
        words = ", ".join(f"{key}={value}" for key, value in group.items())
        found.append(f"{words}: {line(row, 'Result')}" if words else line(row, "Result"))
    return found
