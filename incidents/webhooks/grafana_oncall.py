"""Grafana OnCall and IRM: outgoing webhooks about alert groups, with “Forward all”.

Event types and fields are those of “Outgoing webhooks” in Grafana's documentation and of the
engine's own source (`apps/webhooks`), as of November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from common.alert_fields import (
    APPLICATIONS,
    SERVICES,
    labels,
    links_in,
    severity_in,
    value_of,
)
from common.alert_names import alert_name
from common.payload_text import paragraphs, prose
from common.payloads import required_text, text, time_at, web_address
from common.placeholders import first_text
from incidents.webhooks.base import (
    AlertEvent,
    Event,
    Ignored,
    Incoming,
    PagerEvent,
    PagerPerson,
    Webhook,
    change_id,
)

FIRES = {
    "alert group created": True, "escalation": True, "personal notification": True,
    "acknowledge": True, "unresolve": True, "resolve": False,
}  # fmt: skip
LABELS = (
    "alert_payload.labels",
    "alert_payload.commonLabels",
    "alert_payload.alerts.0.labels",
    "integration.labels",
    "alert_group.labels",
)
NOTES = (
    "alert_payload.annotations",
    "alert_payload.commonAnnotations",
    "alert_payload.alerts.0.annotations",
)
"""Where labels and annotations are, by what sent the alert to OnCall."""


class GrafanaOnCall(Webhook):
    kind = "grafana_oncall"
    title = "Grafana OnCall and IRM"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        what = required_text(data, "event.type", 50).lower()
        if what in FIRES:
            return list(_events(data, what, incoming.received_at))
        if what == "unacknowledge":
            return [_taken_back(data, incoming.received_at)]
        return [Ignored(f"“{what}” needs nothing from us.")]


def _record(data: Any) -> str:
    return first_text(data, "alert_group.id", limit=200) or required_text(data, "alert_group_id")


def _events(data: Any, what: str, received_at: datetime) -> Iterator[Event]:
    """The event; when it is resolved, that it was acknowledged before, once more."""
    at = time_at(data, "alert_group.acknowledged_at")
    by = _person(data, "alert_group_acknowledged_by")
    if what == "acknowledge":
        at, by = at or time_at(data, "event.time"), by or _person(data, "user")
    if what == "acknowledge" or (what == "resolve" and at):
        given = {"acknowledged_at": at, "acknowledged_by": by, "starts_at": None}
        yield _alert(data, True, acknowledged=True, **given)
    if what == "resolve":
        ended = time_at(data, "event.time") or time_at(data, "alert_group.resolved_at")
        # One that was unresolved began again since; a resolution may also overtake the beginning.
        yield _alert(data, False, ends_at=ended, starts_at=None)
        yield _alert(data, False, ends_at=ended)
    elif what == "unresolve":
        # It says not when.
        yield _alert(data, True, starts_at=received_at)
    elif what != "acknowledge":
        yield _alert(data, True)


def _person(data: Any, path: str) -> PagerPerson:
    return PagerPerson(
        text(data, f"{path}.id", 100),
        text(data, f"{path}.username", 100),
        text(data, f"{path}.email", 200),
    )


def _taken_back(data: Any, received_at: datetime) -> PagerEvent:
    """It has neither id nor time: one a minute counts."""
    record = _record(data)
    key = change_id("unacknowledge", record, received_at.strftime("%Y-%m-%dT%H:%M"))
    return PagerEvent("unacknowledge", record, key, received_at, by=_person(data, "user"))


def _alert(data: Any, firing: bool, **more: Any) -> AlertEvent:
    named: dict[str, str] = {}
    for path in LABELS:
        named |= labels(data, path)
    notes: dict[str, str] = {}
    for path in NOTES:
        notes |= labels(data, path, 2000)
    title = first_text(data, "alert_group.title", "alert_payload.title", limit=1000)
    summary = notes.get("summary") or first_text(data, "alert_payload.message", limit=2000)
    times = {"starts_at": time_at(data, "alert_group.created_at"), **more}
    return AlertEvent(
        fingerprint=_record(data),
        name=alert_name(title) or named.get("alertname") or "Grafana OnCall alert group",
        firing=firing,
        summary=summary if summary != title else "",
        description=paragraphs(*_details(data)),
        links=links_in(notes),
        severity=severity_in(named) or severity_in(notes),
        service=value_of(named, *SERVICES, *APPLICATIONS)[:100],
        labels=named,
        url=web_address(data, "alert_group.permalinks.web", "alert_payload.generatorURL"),
        **times,
    )


def _details(data: Any) -> list[str]:
    about = {
        "Integration": text(data, "integration.name", 200),
        "Team": text(data, "integration.team", 200),
    }
    lines = [prose(data, path) for path in NOTES]
    return [*lines, *(f"{name}: {value}" for name, value in about.items() if value)]
