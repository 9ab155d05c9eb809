"""New Relic: issues, as workflows send them, and incidents of the older channels."""

from __future__ import annotations

from typing import Any

from common.alert_fields import named_links, own_service, tags
from common.alert_names import alert_name
from common.payload_text import line, lines_at, paragraphs, prose, required_line
from common.payloads import time_at, web_address
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

FIRING = {
    "created": True, "activated": True, "open": True, "acknowledged": True,
    "closed": False, "deactivated": False, "resolved": False,
}  # fmt: skip
TIMES = ("closedAt", "updatedAt", "timestamp")
HOSTS = {"host", "infrastructure", "infra"}


class NewRelic(Webhook):
    kind = "newrelic"
    title = "New Relic"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        state = required_line(data, "state", "current_state").lower()
        if state not in FIRING:
            return [Ignored(f"The state “{state}” changes nothing.")]
        if line(data, "targets.0.product").upper() == "TESTING":
            return [Ignored("A test of the notification channel.")]
        firing = FIRING[state]
        trigger = line(data, "trigger", "event_type").lower()
        summary = line(data, "title", "title.0", "details")
        conditions = lines_at(data, "alertConditionNames", "condition_name")
        policy = line(data, "alertPolicyNames.0", "alertPolicyNames", "policy_name")
        ended = (
            time_at(data, "closedAt") or time_at(data, "updatedAt") or time_at(data, "timestamp")
        )
        named = _labels(data)
        query = line(data, "nrqlQuery", "nrqlQuery.0")
        return [
            AlertEvent(
                fingerprint=required_line(data, "id", "issueId", "incident_id", limit=200),
                name=alert_name(
                    conditions[0] if conditions else summary or policy or "New Relic issue"
                ),
                firing=firing,
                starts_at=time_at(data, "createdAt"),
                ends_at=None if firing else ended or incoming.received_at,
                summary=summary or ", ".join(conditions) or policy,
                description=paragraphs(
                    prose(data, "description", "description.0", "condition_description", "details"),
                    *([f"Conditions: {', '.join(conditions)}"] if len(conditions) > 1 else []),
                    f"Policy: {policy}" if policy else "",
                    f"NRQL: {query}" if query else "",
                ),
                links=named_links(
                    data,
                    Runbook="runbookUrl runbookUrl.0 runbook_url",
                    Chart="violationChartUrl violationChartUrl.0 violation_chart_url",
                ),
                severity=line(data, "priority", "severity", limit=50),
                service=own_service(named) or _entity(data),
                labels=named,
                url=web_address(data, "issueUrl", "incident_url"),
                acknowledged=firing and ("acknowledg" in trigger or state == "acknowledged"),
            )
        ]


def _is_host(data: Any) -> bool:
    types = lines_at(data, "entityTypes", "targets.0.type")
    return bool(HOSTS & {each.lower() for each in types})


def _labels(data: Any) -> dict[str, str]:
    """Tags of the entities, as our template and the targets of older channels give them."""
    named = tags(data, "tags") or tags(data, "targets.0.labels")
    entities = lines_at(data, "impactedEntities", "targets.0.name")
    if entities:
        named.setdefault("host" if _is_host(data) else "entity", ", ".join(entities)[:500])
    return named


def _entity(data: Any) -> str:
    """The one entity that is affected, if it is no host; several name no service."""
    entities = lines_at(data, "impactedEntities", "targets.0.name")
    return entities[0][:100] if len(entities) == 1 and not _is_host(data) else ""
