"""Grafana alerting, contact point “Webhook”; also the alerting before Grafana 9."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common.alert_fields import fingerprint_of, severity_in, tags, web_links
from common.alert_names import alert_name
from common.payload_text import paragraphs, prose
from common.payloads import dig, listed, required_text, rows, text, web_address
from common.signing import Hmac
from incidents.webhooks.alertmanager import alert_of, left_out
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

WITHOUT_RULE = {
    "datasourcenodata": "The rule has no data.",
    "datasourceerror": "The rule could not be evaluated.",
}
"""Names that Grafana gives an alert for lack of values, in place of the rule's own."""
REASONS = {
    "nodata": WITHOUT_RULE["datasourcenodata"],
    "error": WITHOUT_RULE["datasourceerror"],
    "missingseries": "Its series is no longer there.",
}
"""The annotation `grafana_state_reason`."""
LINKS = {
    "dashboardURL": "dashboard",
    "panelURL": "panel",
    "silenceURL": "silence",
    "imageURL": "image",
}
LEGACY = {"alerting": True, "ok": False, "no_data": True}


class Grafana(Webhook):
    kind = "grafana"
    title = "Grafana alerting"
    scheme = Hmac(
        "x-grafana-alerting-signature",
        time_header="x-grafana-alerting-timestamp",
        time_optional=True,
    )

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        if dig(data, "alerts") is None and text(data, "ruleName"):
            return [_legacy(data, incoming)]
        return [
            _alert(row, data, 0 if number else left_out(data))
            for number, row in enumerate(rows(data, "alerts"))
        ]


def _alert(row: Mapping[str, Any], data: Any, missing: int) -> AlertEvent:
    fields = alert_of(row, data)
    named: dict[str, str] = fields["labels"]
    special = WITHOUT_RULE.get(named.get("alertname", "").lower(), "")
    reason = text(row, "annotations.grafana_state_reason").lower()
    said = special or REASONS.get(reason, "")
    if special and named.get("rulename"):
        fields["name"] = alert_name(named["rulename"])
        # Grafana groups such alerts by a name that says nothing of the rule.
        fields["group_key"] = f"{fields['group_key'][:250]} {fields['name']}"
    if said:
        fields["summary"], before = said, fields["summary"]
        fields["description"] = paragraphs(before, fields["description"])
    values = prose(row, "values").replace("\n", ", ")
    fields["description"] = paragraphs(
        fields["description"],
        f"Values: {values}" if values else "",
        f"Values: {text(row, 'valueString', 2000)}" if text(row, "valueString") else "",
    )
    own = ((label, text(row, name, 2001)) for name, label in LINKS.items())
    fields["links"] = web_links(*fields["links"], *own)
    return AlertEvent(**fields, left_out=missing)


def _legacy(data: Any, incoming: Incoming) -> Event:
    """A notification of Grafana 8 and older: one rule, with the values that matched."""
    state = required_text(data, "state").lower()
    if state not in LEGACY:
        return Ignored(f"The rule went to {state}.")
    firing, named = LEGACY[state], tags(data, "tags")
    values = [
        f"{text(each, 'metric') or 'value'} = {text(each, 'value')}"
        for each in listed(data, "evalMatches")[:50]
    ]
    message = text(data, "message", 5000)
    name = required_text(data, "ruleName", 500)
    return AlertEvent(
        fingerprint=f"rule {text(data, 'ruleId', 100) or fingerprint_of(name)}",
        name=alert_name(name),
        firing=firing,
        ends_at=None if firing else incoming.received_at,
        summary=REASONS["nodata"] if state == "no_data" else message,
        description=paragraphs(message, *values),
        links=web_links(("image", text(data, "imageUrl", 2001))),
        severity=severity_in(named),
        labels=named,
        url=web_address(data, "ruleUrl"),
    )
