"""Elastic: Kibana rules through the webhook connector, and watches of Watcher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common.alert_fields import joined_id, labels, named_links, own_service, tags
from common.alert_names import alert_name
from common.payload_text import line, named_values, paragraphs, prose, required_line
from common.payloads import dig, time_at, web_address
from incidents.webhooks.base import AlertEvent, Event, Incoming, Webhook

RECOVERED = {"recovered", "resolved", "ok", "inactive"}
PROSE = (
    "context.reason", "reason", "context.message", "message", "context.conditions", "conditions",
    "description",
)  # fmt: skip
CONTEXT_LABELS = {
    "service": ("context.serviceName", "context.service.name", "serviceName", "service.name"),
    "environment": ("context.environment", "context.service.environment"),
    "host": ("context.host.name", "context.hostName", "host.name"),
    "pod": ("context.kubernetes.pod.name", "context.pod.name"),
    "namespace": ("context.kubernetes.namespace",),
    "container": ("context.container.name",),
    "group": ("context.group", "group"),
}  # fmt: skip


class Elastic(Webhook):
    kind = "elastic"
    title = "Elastic (Kibana rules, Watcher)"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        watch = dig(data, "ctx", data)
        if line(watch, "watch_id"):
            return [_of_watch(watch, incoming)]
        name = required_line(data, "rule.name", "rule_name", "ruleName", "name")
        group = line(data, "alert.actionGroup", "action_group", "actionGroup", "state", "status")
        group_name = line(
            data, "alert.actionGroupName", "action_group_name", "actionGroupName", "status"
        )
        firing = not RECOVERED & {group.lower(), group_name.lower()} and not _all_recovered(data)
        named = _labels(data)
        reason = line(data, "context.reason", "reason", "context.title", "summary", "message")
        rule = line(data, "rule.id", "rule_id", "ruleId", limit=100) or name
        return [
            AlertEvent(
                fingerprint=joined_id(
                    rule, line(data, "alert.id", "alert_id", "alertId", "id", limit=150)
                ),
                name=alert_name(name),
                firing=firing,
                # Its own time is that of each run of the rule, not of when the alert began.
                ends_at=None if firing else time_at(data, "date") or incoming.received_at,
                summary=reason or name,
                description=prose(data, *PROSE),
                links=named_links(
                    data,
                    Alert="context.alertDetailsUrl alert_details_url",
                    View="context.viewInAppUrl view_in_app_url",
                    Runbook="context.runbook runbook_url",
                    Results="context.link",
                    Rule="rule.url rule_url",
                ),
                severity=_severity(data, named, group, group_name) if firing else "",
                service=own_service(named),
                labels=named,
                url=web_address(
                    data, "context.alertDetailsUrl", "alert_details_url", "url", "rule.url"
                ),
            )
        ]


def _all_recovered(data: Any) -> bool:
    """Whether a summary of several alerts counts recovered ones only."""
    counts = {state: line(data, f"alerts.{state}.count") for state in ("new", "ongoing")}
    return set(counts.values()) == {"0"}


def _severity(data: Any, named: Mapping[str, str], group: str, group_name: str) -> str:
    """The rule's or its tag's word; else the last word of the action group, if it rates."""
    word = line(data, "severity", "context.rule.severity", "context.severity", "priority", limit=50)
    word = word or named.get("severity", "") or named.get("priority", "")
    last = group.replace("_", ".").rpartition(".")[2].lower()
    rating = ("critical", "high", "warning", "medium", "low")
    return (word or next((each for each in rating if each in (last, group_name.lower())), ""))[:50]


def _labels(data: Any) -> dict[str, str]:
    found = tags(data, "rule.tags") or tags(data, "tags") or tags(data, "rule_tags")
    # A tag without a value is a word for people.
    named = {key: value for key, value in found.items() if value != "true"}
    named |= tags(data, "labels")
    for label, paths in CONTEXT_LABELS.items():
        if value := line(data, *paths):
            named.setdefault(label, value)
    if own := line(data, "service", limit=100):
        named["service"] = own
    return named


def _of_watch(watch: Any, incoming: Incoming) -> AlertEvent:
    """A watch says when its condition is met, and never that it is met no more."""
    metadata = labels(dig(watch, "metadata"))
    name = metadata.get("name") or metadata.get("title") or line(watch, "watch_id")
    named = {key: value for key, value in metadata.items() if "://" not in value}
    return AlertEvent(
        fingerprint=required_line(watch, "watch_id", limit=200),
        name=alert_name(name),
        firing=True,
        starts_at=time_at(watch, "execution_time") or incoming.received_at,
        summary=metadata.get("summary") or metadata.get("description") or name,
        description=paragraphs(
            metadata.get("description", ""), named_values(watch, hits="payload.hits.total")
        ),
        links=named_links(
            metadata, Runbook="runbook runbook_url", Dashboard="dashboard dashboard_url"
        ),
        severity=(metadata.get("severity") or metadata.get("priority", ""))[:50],
        service=own_service(named),
        labels=named,
    )
