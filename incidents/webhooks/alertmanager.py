"""Prometheus Alertmanager, webhook version 4 (also Mimir, Thanos and VictoriaMetrics rulers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from common.alert_fields import SEVERITIES, fingerprint_of, labels, links_in, severity_in, web_links
from common.alert_names import alert_name
from common.monitor_links import MAX_URL, query_in_link
from common.payload_text import paragraphs
from common.payloads import USE_GUIDE, BadPayload, dig, rows, text, time_at, web_address
from common.placeholders import first_text
from incidents.webhooks.base import AlertEvent, Event, Incoming, Webhook

NAMES = ("alertname", "alert_name", "rulename")
SUMMARIES = ("summary", "message", "description", "title")
MAX_NOTE = 5_000


class Alertmanager(Webhook):
    kind = "alertmanager"
    title = "Prometheus Alertmanager"

    def read(self, incoming: Incoming) -> list[Event]:
        return alerts_of(incoming.json())


def alerts_of(data: Any) -> list[Event]:
    return [
        AlertEvent(**alert_of(row, data), left_out=0 if number else left_out(data))
        for number, row in enumerate(rows(data, "alerts"))
    ]


def left_out(data: Any) -> int:
    """How many alerts the sender did not send."""
    count = dig(data, "truncatedAlerts", 0)
    whole = isinstance(count, int) and not isinstance(count, bool)
    return min(max(count, 0), 10**9) if whole else 0


def alert_of(row: Mapping[str, Any], data: Any) -> dict[str, Any]:
    """The fields of an alert in the shape that Alertmanager and Grafana share."""
    named, notes = labels(row, "labels"), labels(row, "annotations", MAX_NOTE)
    state = (text(row, "status") or text(data, "status")).lower()
    if not state:
        raise BadPayload(f"“status” of an alert is missing or empty: {USE_GUIDE}")
    firing = state in ("firing", "active", "alerting")
    written = {name.lower(): value for name, value in notes.items() if not name.startswith("__")}
    summary = next((written[name] for name in SUMMARIES if written.get(name)), "")
    # Senders leave out of an alert what its whole group shares.
    rule = next(filter(None, (first_text(each, *NAMES) for each in _groups(named, data))), "")
    return {
        "fingerprint": text(row, "fingerprint", 200) or fingerprint_of(dig(row, "labels")),
        "name": alert_name(rule or written.get("title", "") or summary) or "alert without a name",
        "firing": firing,
        "starts_at": time_at(row, "startsAt"),
        "ends_at": None if firing else time_at(row, "endsAt"),
        "summary": summary,
        "description": paragraphs(*_others(written, summary)),
        "links": links_in(written),
        "severity": severity_in(named) or severity_in(notes),
        "labels": named,
        "group_key": text(data, "groupKey", 500),
        "url": web_address(row, "generatorURL"),
        "query": query_in_link(text(row, "generatorURL", MAX_URL)),
    }


def _groups(named: Mapping[str, str], data: Any) -> tuple[Any, ...]:
    """Labels of an alert, then those that its group has in common."""
    return named, dig(data, "groupLabels"), dig(data, "commonLabels")


def _others(notes: Mapping[str, str], summary: str) -> list[str]:
    """Annotations beyond the summary: prose as it is, everything else with its name."""
    return [
        note if name in SUMMARIES else f"{name}: {note}"
        for name, note in notes.items()
        if note != summary and name not in SEVERITIES and not web_links((name, note))
    ]
