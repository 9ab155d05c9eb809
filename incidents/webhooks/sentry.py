"""Sentry's internal integrations: issue alerts, metric alerts and resolved issues."""

from __future__ import annotations

from typing import Any

from common.payloads import dig, required_text, text, time_at, web_address
from common.signing import Hmac
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook


class Sentry(Webhook):
    kind = "sentry"
    title = "Sentry"
    id_header = "request-id"
    scheme = Hmac("sentry-hook-signature", time_header="sentry-hook-timestamp", signs_time=False)

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        action = text(data, "action")
        if dig(data, "data.event") is not None:
            return [_of_event(data)]
        if dig(data, "data.metric_alert") is not None:
            return [_of_metric(data, action)]
        if dig(data, "data.issue") is not None:
            return [_of_issue(data, action)]
        return [Ignored(f"“{action}” needs nothing from us.")]


def _of_event(data: Any) -> AlertEvent:
    tags = {}
    if isinstance(dig(data, "data.event.tags"), list):
        for pair in dig(data, "data.event.tags"):
            if isinstance(pair, list) and len(pair) == 2:
                tags[text(pair[0])] = text(pair[1])
    return AlertEvent(
        fingerprint=f"issue {required_text(data, 'data.event.issue_id', 100)}",
        name=required_text(data, "data.event.title", 200),
        firing=True,
        summary=text(data, "data.event.culprit", 500),
        severity=text(data, "data.event.level", 50),
        service=tags.get("service", "")[:100],
        labels={key: value for key, value in tags.items() if key and value},
        url=web_address(data, "data.event.web_url"),
    )


def _of_metric(data: Any, action: str) -> AlertEvent:
    firing = action in ("critical", "warning")
    rule = dig(data, "data.metric_alert.alert_rule", {})
    projects = dig(data, "data.metric_alert.projects", [])
    return AlertEvent(
        fingerprint=f"metric {required_text(data, 'data.metric_alert.id', 100)}",
        name=text(rule, "name", 200) or text(data, "data.description_title", 200) or "metric alert",
        firing=firing,
        starts_at=time_at(data, "data.metric_alert.date_started"),
        ends_at=None if firing else time_at(data, "data.metric_alert.date_closed"),
        summary=text(data, "data.description_text", 500),
        severity=action,
        service=text(projects, "0", 100),
        url=web_address(data, "data.web_url"),
    )


def _of_issue(data: Any, action: str) -> Event:
    if action not in ("created", "resolved", "unresolved"):
        return Ignored(f"“{action}” needs nothing from us.")
    return AlertEvent(
        fingerprint=f"issue {required_text(data, 'data.issue.id', 100)}",
        name=required_text(data, "data.issue.title", 200),
        firing=action != "resolved",
        summary=text(data, "data.issue.culprit", 500),
        severity=text(data, "data.issue.level", 50),
        service=text(data, "data.issue.project.slug", 100),
        url=web_address(data, "data.issue.web_url"),
    )
