"""Prometheus Alertmanager, webhook version 4 (also Mimir, Thanos and VictoriaMetrics rulers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common.monitor_links import MAX_URL, query_in_link
from common.payloads import labels, required_text, rows, text, time_at, web_address
from incidents.webhooks.base import AlertEvent, Event, Incoming, Webhook


class Alertmanager(Webhook):
    kind = "alertmanager"
    title = "Prometheus Alertmanager"

    def read(self, incoming: Incoming) -> list[Event]:
        return alerts_of(incoming.json())


def alerts_of(data: Mapping[str, Any]) -> list[Event]:
    """Alerts in the shape that Alertmanager and Grafana share."""
    group = text(data, "groupKey", 500)
    return [_alert(row, group) for row in rows(data, "alerts")]


def _alert(row: Mapping[str, Any], group: str) -> AlertEvent:
    named = labels(row, "labels")
    notes = labels(row, "annotations")
    firing = required_text(row, "status") == "firing"
    return AlertEvent(
        fingerprint=required_text(row, "fingerprint", 200),
        name=named.get("alertname", "")[:200] or "alert without a name",
        firing=firing,
        starts_at=time_at(row, "startsAt"),
        ends_at=None if firing else time_at(row, "endsAt"),
        summary=notes.get("summary") or notes.get("description") or notes.get("message", ""),
        severity=named.get("severity", "")[:50],
        labels=named,
        group_key=group,
        url=web_address(row, "generatorURL"),
        query=query_in_link(text(row, "generatorURL", MAX_URL)),
    )
