"""OpenSearch Alerting: monitors that notify a custom webhook, with the message of our guide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from common.alert_fields import joined_id, named_links, own_service, tags
from common.alert_names import alert_name
from common.payload_text import line, named_values, paragraphs, prose, required_line
from common.payloads import dig, listed, time_at
from incidents.webhooks.base import AlertEvent, Event, Ignored, Incoming, Webhook

LISTS = {"newAlerts": True, "dedupedAlerts": True, "completedAlerts": False}
ENDED = {"completed", "resolved", "ok", "deleted"}
MAX_ALERTS = 100


class OpenSearch(Webhook):
    kind = "opensearch"
    title = "OpenSearch Alerting"

    def read(self, incoming: Incoming) -> list[Event]:
        sent = incoming.json()
        data = dig(sent, "ctx", sent)
        if any(line(data, path) == "Test monitor" for path in ("monitor.name", "monitor_name")):
            return [Ignored("A test message.")]
        buckets = [
            (row, firing)
            for name, firing in LISTS.items()
            for row in listed(data, name)
            if isinstance(row, Mapping)
        ]
        if buckets:
            return [
                _alert(data, row, firing, incoming.received_at)
                for row, firing in buckets[:MAX_ALERTS]
            ]
        if any(isinstance(dig(data, name), list) for name in LISTS):
            return [Ignored("No bucket began or ended.")]
        state = line(data, "state", "alert.state", "status").lower()
        return [_alert(data, {}, state not in ENDED, incoming.received_at)]


def _alert(data: Any, row: Mapping[str, Any], firing: bool, received_at: datetime) -> AlertEvent:
    """One alert: a bucket of a bucket-level monitor, or the monitor itself."""
    monitor = required_line(data, "monitor.name", "monitor_name", "monitorV2.name")
    trigger = line(data, "trigger.name", "trigger_name")
    bucket = line(row, "bucket_keys", limit=150)
    named = tags(data, "labels")
    for name, value in (("bucket", bucket), ("service", line(data, "service", limit=100))):
        if value:
            named[name] = value
    about = line(data, "summary", "message") or trigger or monitor
    return AlertEvent(
        fingerprint=joined_id(
            line(data, "monitor._id", "monitor.id", "monitor_id") or monitor, trigger, bucket
        ),
        name=alert_name(monitor),
        firing=firing,
        # A query-level monitor never says that it is over: each message is a finding of its own.
        starts_at=time_at(row, "start_time")
        or (None if row or not firing else _period_end(data) or received_at),
        ends_at=None if firing else time_at(row, "end_time") or received_at,
        summary=f"{about}: {bucket}" if bucket else about,
        description=paragraphs(
            prose(data, "description", "message", "error"),
            named_values(
                data,
                trigger="trigger.name trigger_name",
                period="periodStart period_start",
                to="periodEnd period_end",
                hits="results.0.hits.total.value",
            ),
        ),
        links=named_links(data, Monitor="url", Runbook="runbook runbook_url"),
        severity=line(data, "trigger.severity", "severity", limit=50),
        service=own_service(named),
        labels=named,
    )


def _period_end(data: Any) -> datetime | None:
    return time_at(data, "periodEnd") or time_at(data, "period_end")
