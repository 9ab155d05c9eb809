"""Azure Monitor: the common alert schema, and the older schema of metric alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from common.alert_fields import azure_severity, joined_id, named_links, own_service, tags, web_links
from common.alert_names import alert_name
from common.monitor_links import MAX_QUERY
from common.payload_text import line, lines_at, named_values, paragraphs, prose, required_line
from common.payloads import BadPayload, dig, text, time_at, web_address
from common.signing import Token
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

FIRING = {"fired": True, "activated": True, "resolved": False, "deactivated": False}
PROSE = (
    "properties.communication", "annotations.description", "annotations.summary",
    "DetectionSummary",
)  # fmt: skip
RESULTS = "condition.allOf.0.linkToSearchResultsUI LinkToSearchResults"
TEST_SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111/"
LABEL_BY_TYPE = {
    "virtualmachines": "host", "sites": "app", "containerapps": "app", "components": "app",
    "databases": "db", "flexibleservers": "db", "servers": "db", "managedclusters": "cluster",
}  # fmt: skip
"""The label that a resource's name becomes, by its type; others are a component."""


class AzureMonitor(Webhook):
    """Action groups can send no header, so the secret is in the URL."""

    kind = "azure_monitor"
    title = "Azure Monitor"
    scheme = Token(in_url=True)

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        if dig(data, "data.essentials") is not None:
            return [_common(data, incoming.received_at)]
        if dig(data, "data.context") is not None:
            return [_older(data, incoming.received_at)]
        raise BadPayload(
            "“data.essentials” is missing. Switch the common alert schema on in the action group."
        )


def _common(data: Any, received_at: datetime) -> Event:
    essentials, context = dig(data, "data.essentials"), dig(data, "data.alertContext", {})
    alert_id = required_line(essentials, "alertId", "originAlertId")
    targets = lines_at(essentials, "alertTargetIDs")
    if any(TEST_SUBSCRIPTION in f"{each}/".lower() for each in (alert_id, *targets)):
        return Ignored("A test of the action group.")
    state = line(essentials, "monitorCondition").lower() or "fired"
    if state not in FIRING:
        return Ignored(f"The condition “{state}” changes nothing.")
    # Alerts on the activity log never resolve; an event that ends says so itself.
    ended = line(context, "properties.stage", "status").lower() in ("resolved", "complete")
    firing = FIRING[state] and not ended
    named = _labels(data, targets)
    rule = required_line(essentials, "alertRule")
    return AlertEvent(
        fingerprint=joined_id(line(context, "properties.trackingId") or alert_id.lower()),
        name=alert_name(rule.rpartition("/")[2] or rule),
        firing=firing,
        starts_at=time_at(essentials, "firedDateTime"),
        ends_at=None if firing else time_at(essentials, "resolvedDateTime") or received_at,
        summary=line(essentials, "description") or line(context, "properties.title") or rule,
        description=paragraphs(
            prose(essentials, "description"),
            *_conditions(context),
            prose(context, *PROSE),
            named_values(
                context, query="SearchQuery", results="ResultCount", threshold="Threshold"
            ),
        ),
        links=(
            *named_links(essentials, Investigation="investigationLink"),
            *named_links(context, Runbook="annotations.runbook_url", Results=RESULTS),
            *web_links(*named.items()),
        ),
        severity=azure_severity(line(essentials, "severity")),
        service=own_service(named),
        labels=named,
        url=web_address(essentials, "investigationLink"),
        query=text(context, "expression", MAX_QUERY),
    )


def _labels(data: Any, targets: list[str]) -> dict[str, str]:
    """Custom properties first, then labels and dimensions, then the resource."""
    context = dig(data, "data.alertContext", {})
    named = tags(data, "data.customProperties")
    for found in (
        tags(context, "labels"),
        tags(context, "condition.allOf.0.dimensions"),
        _plain(dig(context, "properties")),
    ):
        named = {**found, **named}
    return {**_resource(targets[0] if targets else ""), **named}


def _plain(values: Any) -> dict[str, str]:
    """Properties that are set on rules; those of service health are prose."""
    is_health = isinstance(values, Mapping) and "trackingId" in values
    return {} if is_health or not isinstance(values, Mapping) else tags(values)


def _resource(address: str) -> dict[str, str]:
    """Labels from an address such as /subscriptions/…/resourcegroups/…/providers/type/kind/name."""
    parts = address.strip("/").split("/")
    if len(parts) < 2:
        return {}
    label = LABEL_BY_TYPE.get(parts[-2].lower(), "component")
    found = {label: parts[-1][:500], "resource": address[:500]}
    lower = [part.lower() for part in parts]
    if "resourcegroups" in lower[:-1]:
        found["resource_group"] = parts[lower.index("resourcegroups") + 1][:500]
    return found


def _conditions(context: Any) -> list[str]:
    """What was measured, a sentence each."""
    found = []
    for number in range(5):
        row = dig(context, f"condition.allOf.{number}", {})
        what = line(row, "metricName", "metricMeasureColumn", "searchQuery")
        words = (what, *(line(row, key) for key in ("timeAggregation", "operator", "threshold")))
        value = line(row, "metricValue")
        sentence = " ".join(word for word in words if word)
        found.append(f"{sentence}: {value}" if value and sentence else sentence)
    return found


def _older(data: Any, received_at: datetime) -> Event:
    """Metric alerts before the common schema was switched on."""
    context = dig(data, "data.context")
    state = required_line(data, "data.status").lower()
    if state not in FIRING:
        return Ignored(f"The status “{state}” changes nothing.")
    named = {
        **_resource(line(context, "resourceId", limit=1000)),
        **tags(context, "condition.allOf.0.dimensions"),
        **tags(data, "data.properties"),
    }
    rule = required_line(context, "name", "id")
    at = time_at(context, "timestamp")
    return AlertEvent(
        fingerprint=joined_id(line(context, "id") or rule, line(context, "resourceId", limit=1000)),
        name=alert_name(rule),
        firing=FIRING[state],
        ends_at=None if FIRING[state] else at or received_at,
        summary=line(context, "description") or rule,
        description=paragraphs(prose(context, "description"), *_conditions(context)),
        severity=azure_severity(line(context, "severity")),
        service=own_service(named),
        labels=named,
        url=web_address(context, "portalLink"),
    )
